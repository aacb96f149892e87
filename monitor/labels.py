"""True incidents as a person wrote them down: the file that alerts are judged against.

A CSV file with a header, one true incident a line. ``brand`` is a brand's name or id; then come
``start`` and ``end``, or ``posts``, or both; ``title`` is for whoever reads the report.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import attrs

from monitor.archive import ArchiveError
from monitor.domain import Brand, PostKey

__all__ = ["Label", "read_labels"]

_COLUMNS = ("start", "end", "brand", "title", "posts")
_DATE_ALONE = 10


@attrs.frozen(kw_only=True)
class Label:
    """One true incident. It has a span of time, posts by their ids, or both.

    An id is that of the source, alone or as ``source:id``.
    """

    line: int
    brand: str
    title: str = ""
    start: datetime | None = None
    end: datetime | None = None
    posts: frozenset[str] = frozenset()

    def names(self, key: PostKey) -> bool:
        """Whether this post is one of those that were written down."""
        return str(key) in self.posts or key.native_id in self.posts

    def covers(self, moment: datetime) -> bool:
        """Whether its span holds this moment."""
        return self.start is not None and self.end is not None and self.start <= moment <= self.end


def read_labels(path: Path, brands: Collection[Brand], timezone: tzinfo) -> list[Label]:
    """The labels of a file; times without a zone are in ``timezone``.

    Raises ``ArchiveError`` naming every line that cannot be read: a label that is left out
    would make right alerts wrong.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArchiveError(f"{path.name}: is not UTF-8; save it as 'CSV UTF-8'") from error
    known = {name.casefold(): brand.id for brand in brands for name in (brand.name, brand.id)}
    found, wrong = [], []
    for line, row in _rows(path.name, text):
        try:
            found.append(_label(line, row, known, timezone))
        except ValueError as error:
            wrong.append(f"line {line}: {error}")
    if wrong:
        raise ArchiveError("\n".join(f"{path.name}: {told}" for told in wrong))
    if not found:
        raise ArchiveError(f"{path.name}: holds no label; write one true incident a line")
    return found


def _rows(name: str, text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [cell.strip().lower() for cell in next(reader, [])]
    unknown = [cell for cell in header if cell not in _COLUMNS]
    if unknown or "brand" not in header:
        raise ArchiveError(
            f"{name}: the first line must name the columns, which are {', '.join(_COLUMNS)} "
            f"(brand always); it says {', '.join(map(repr, header)) or 'nothing'}"
        )
    for cells in reader:
        if any(cell.strip() for cell in cells):
            given = zip(header, cells, strict=False)
            yield reader.line_num, {column: cell.strip() for column, cell in given}


def _label(line: int, row: Mapping[str, str], brands: Mapping[str, str], timezone: tzinfo) -> Label:
    name = row.get("brand", "")
    if name.casefold() not in brands:
        raise ValueError(f"the brand {name!r} is none that is watched")
    start = _moment(row, "start", timezone)
    end = _moment(row, "end", timezone)
    posts = frozenset(row.get("posts", "").replace(";", " ").split())
    if (start is None) != (end is None):
        raise ValueError("start and end go together; one of them is missing")
    if start is None and not posts:
        raise ValueError("there are neither start and end nor posts")
    if start is not None and end is not None and end < start:
        raise ValueError("it ends before it starts")
    return Label(
        line=line,
        brand=brands[name.casefold()],
        title=row.get("title", ""),
        start=start,
        end=end,
        posts=posts,
    )


def _moment(row: Mapping[str, str], column: str, timezone: tzinfo) -> datetime | None:
    """A time, or a date; the day at which something ends belongs to it."""
    written = row.get(column, "")
    if not written:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(
            f"{column} {written[:40]!r} is no time; write 2015-02-22T09:00, with an offset or "
            "without, or a date"
        ) from None
    if column == "end" and len(written) <= _DATE_ALONE:
        moment += timedelta(days=1) - timedelta(microseconds=1)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone)
