"""Reads posts from files: archives, exported reviews, tickets, survey answers.

A file holds one post a line, as JSON Lines (``.jsonl``) or CSV (``.csv``, ``.tsv``), compressed
by gzip or not. Its fields are flat: ``text`` and ``published_at`` must be there, the rest may be.
A row that cannot be read is put aside with its line number and reason; the others are kept. Files
of any size are read as a stream.

>>> from datetime import timezone
>>> row = {"text": "Lost my bag", "published_at": "2026-11-18 09:42"}
>>> observation(row, source="tickets", timezone=timezone.utc).post.published_at.isoformat()
'2026-11-18T09:42:00+00:00'
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import tzinfo
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import attrs

from monitor.archive_row import FIELDS, RowError, observation
from monitor.domain import Observation

__all__ = ["FIELDS", "Archive", "ArchiveError", "Rejected", "observation", "read"]

LONGEST_LINE = 1_000_000
MOST_REJECTED = 1_000


class ArchiveError(Exception):
    """The file as a whole cannot be read (any further); the message says why and what to do."""


@attrs.frozen(kw_only=True)
class Rejected:
    """A line that was put aside."""

    line: int
    reason: str


@attrs.define(kw_only=True)
class Archive:
    """The posts of a file, read anew each time it is iterated; the findings are the last reading's.

    ``rejected`` holds the lines that were put aside, ``unknown`` counts the fields that mean
    nothing here, and ``encoding`` says how a CSV file was read.
    """

    path: Path
    columns: Mapping[str, str] = attrs.field(factory=dict)
    source: str | None = None
    timezone: tzinfo | None = None
    time_format: str | None = None
    max_errors: int = MOST_REJECTED
    rejected: list[Rejected] = attrs.field(init=False, factory=list)
    unknown: Counter[str] = attrs.field(init=False, factory=Counter)
    encoding: str = attrs.field(init=False, default="utf-8")

    def __iter__(self) -> Iterator[Observation]:
        self.rejected.clear()
        self.unknown.clear()
        for line, row in self._rows():
            try:
                if isinstance(row, RowError):
                    raise row
                yield observation(
                    self._renamed(row),
                    source=self.source,
                    timezone=self.timezone,
                    time_format=self.time_format,
                )
            except RowError as error:
                self._reject(line, str(error))

    def _reject(self, line: int, reason: str) -> None:
        self.rejected.append(Rejected(line=line, reason=reason))
        if len(self.rejected) > self.max_errors:
            raise ArchiveError(
                f"{self.path.name}: more than {self.max_errors} lines cannot be read, "
                f"the last is line {line}: {reason}. What came before is kept"
            )

    def _rows(self) -> Iterator[tuple[int, dict[str, Any] | RowError]]:
        reader = _READERS[_format(self.path)]
        try:
            yield from reader(self)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ArchiveError(
                f"{self.path.name}: the compressed file is damaged or cut short; "
                "what came before is kept"
            ) from error
        except csv.Error as error:
            raise ArchiveError(f"{self.path.name}: its header cannot be read: {error}") from error
        except OSError as error:
            raise ArchiveError(f"{self.path}: cannot be read: {error.strerror}") from error

    def _renamed(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row under our names; columns that nobody asked for are counted and left out."""
        own = FIELDS - self.columns.keys() - set(self.columns.values())
        known = {key: value for key, value in row.items() if key in own}
        self.unknown.update(row.keys() - own - set(self.columns.values()))
        for field, column in self.columns.items():
            known[field] = row.get(column)
        return known


def read(
    path: Path,
    *,
    columns: Mapping[str, str] | None = None,
    source: str | None = None,
    timezone: tzinfo | None = None,
    time_format: str | None = None,
    max_errors: int = MOST_REJECTED,
) -> Archive:
    """Prepare to read a file; nothing is opened before it is iterated.

    ``columns`` says where our fields stand in a foreign file (``{"text": "Comment"}``), ``source``
    is the source of rows that name none, ``timezone`` that of times that carry none.
    ``time_format``, in the codes of ``strptime``, reads times that could mean two days, such as
    11/12/2026. After ``max_errors`` bad lines reading ends with an ``ArchiveError``.
    """
    wrong = sorted(set(columns or {}) - FIELDS)
    if wrong:
        raise ArchiveError(
            f"{wrong[0]!r} is not a field of a post; a column can be mapped to one of "
            f"{', '.join(sorted(FIELDS))}"
        )
    _format(path)
    return Archive(
        path=path,
        columns=columns or {},
        source=source,
        timezone=timezone,
        time_format=time_format,
        max_errors=max_errors,
    )


def _format(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    suffix = suffixes[-1] if suffixes else ""
    if suffix in (".xlsx", ".xls", ".ods", ".numbers"):
        raise ArchiveError(f"{path.name}: is a spreadsheet; save it as 'CSV UTF-8' and import that")
    if suffix not in _READERS:
        raise ArchiveError(
            f"{path.name}: the name must end in one of {', '.join(sorted(_READERS))}, "
            "each with or without .gz"
        )
    return suffix


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path, "rb")) if compressed else path.open("rb")


def _json_lines(archive: Archive) -> Iterator[tuple[int, dict[str, Any] | RowError]]:
    with closing(_opened(archive.path)) as file:
        number = 0
        while raw := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(raw) > LONGEST_LINE:
                while raw and not raw.endswith(b"\n"):
                    raw = file.readline(LONGEST_LINE)
                yield number, RowError(f"the line is longer than {LONGEST_LINE:,} bytes")
                continue
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
                if raw.lstrip().startswith(b"["):
                    raise ArchiveError(
                        f"{archive.path.name}: is one JSON list; write one object a line "
                        "(`jq -c '.[]' FILE` does)"
                    )
            if raw.strip():
                yield number, _object(raw)


def _object(raw: bytes) -> dict[str, Any] | RowError:
    try:
        row = json.loads(raw)
    except UnicodeDecodeError:
        return RowError("the line is not UTF-8")
    except (ValueError, RecursionError):
        return RowError("the line is not JSON")
    return row if isinstance(row, dict) else RowError("the line is not a JSON object")


def _table(archive: Archive) -> Iterator[tuple[int, dict[str, Any] | RowError]]:
    archive.encoding = _encoding(archive.path)
    with (
        closing(_opened(archive.path)) as file,
        io.TextIOWrapper(file, encoding=archive.encoding, newline="") as text,
    ):
        delimiter = _delimiter(archive.path, archive.encoding)
        rows = csv.reader(_lines(text), delimiter=delimiter)
        header = _header(archive, next(rows, []))
        while True:
            number = rows.line_num + 1
            try:
                cells = next(rows, None)
            except csv.Error:
                yield number, RowError("a quoted cell does not end")
                continue
            if cells is None:
                return
            if len(cells) > len(header):
                yield number, RowError(f"has {len(cells)} cells, the header has {len(header)}")
            elif any(cells):
                yield number, {key: cell for key, cell in zip(header, cells, strict=False) if cell}


def _header(archive: Archive, cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    mapped = set(archive.columns.values())
    header = [
        name.lower() if name not in mapped and name.lower() in FIELDS else name for name in names
    ]
    columns = f"the columns are {', '.join(repr(name) for name in names if name) or 'none'}"
    for field in ("text", "published_at"):
        if field not in header and field not in archive.columns:
            raise ArchiveError(
                f"{archive.path.name}: there is no column {field!r}, and none is mapped to it "
                f"(as in {field}=COLUMN); {columns}"
            )
    for column in archive.columns.values():
        if column not in header:
            raise ArchiveError(f"{archive.path.name}: there is no column {column!r}; {columns}")
    return header


def _encoding(path: Path) -> str:
    """UTF-8 with or without a mark, UTF-16 with one, or GB18030 (which GBK is part of)."""
    with closing(_opened(path)) as file:
        marked = file.read(2) in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        if _decodes(path, encoding):
            return encoding
    raise ArchiveError(f"{path.name}: is neither UTF-8 nor GB18030; save it as 'CSV UTF-8'")


def _decodes(path: Path, encoding: str) -> bool:
    with closing(_opened(path)) as file, io.TextIOWrapper(file, encoding=encoding) as text:
        try:
            while text.read(1 << 20):
                pass
        except UnicodeDecodeError:
            return False
    return True


def _delimiter(path: Path, encoding: str) -> str:
    """The character that splits the header into the most columns."""
    with closing(_opened(path)) as file, io.TextIOWrapper(file, encoding=encoding) as text:
        start = text.readline(LONGEST_LINE)
    return max(
        ",;\t|", key=lambda candidate: len(next(csv.reader([start], delimiter=candidate), []))
    )


def _lines(text: IO[str]) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE):
        yield line.replace("\0", "")


_READERS = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_lines,
    ".csv": _table,
    ".tsv": _table,
}
