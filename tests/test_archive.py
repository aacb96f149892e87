from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.archive import LONGEST_LINE, Archive, ArchiveError, Rejected, observation, read
from monitor.archive_row import RowError
from monitor.domain import Author, EngagementSnapshot, MediaKind, Observation, PostKey

SHARED = Path(os.environ.get("SPARKWATCH_SHARED", Path(__file__).parents[2] / "shared"))
WHEN = "2026-11-18T09:42:00+00:00"


def write(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def row(**fields: object) -> dict[str, object]:
    return {"source": "s", "id": "1", "text": "Lost my bag", "published_at": WHEN} | fields


def only(archive: Archive) -> Observation:
    [seen] = archive
    assert archive.rejected == []
    return seen


def reason(**fields: object) -> str:
    with pytest.raises(RowError) as caught:
        observation(row(**fields))
    return str(caught.value)


def test_a_full_row_becomes_an_observation(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        row(
            author="u1", author_name="Ann", followers=84_000, url="https://example.org/1",
            observed_at="2026-11-18T10:00:00+00:00", parent="p", thread="t", media="video",
            language="en", rating=1, views=200_000, likes=3, shares=0,
        ),
    )  # fmt: skip  # one argument a line says no more
    seen = only(read(path))
    key = PostKey("s", "1")
    at = datetime(2026, 11, 18, 10, tzinfo=UTC)
    assert seen.observed_at == at
    assert seen.snapshot == EngagementSnapshot(
        key=key, taken_at=at, views=200_000, likes=3, shares=0, replies=None
    )
    post = seen.post
    assert (post.key, post.parent, post.thread) == (key, PostKey("s", "p"), PostKey("s", "t"))
    assert post.author == Author(native_id="u1", handle="u1", name="Ann", followers=84_000)
    assert (post.media, post.rating, post.language_hint) == (MediaKind.VIDEO, 1.0, "en")


def test_what_is_absent_stays_unknown() -> None:
    seen = observation(row())
    assert seen.snapshot is None
    assert seen.observed_at == seen.post.published_at
    assert seen.post.author is None
    assert seen.post.media is MediaKind.NONE


def test_a_row_without_an_id_gets_the_same_one_at_every_import(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl",
        row(id=None, text="Lost my bag"),
        row(id=None, text="Lost my mind"),
        row(id=None, text="Lost my bag", published_at="2026-11-18T17:42:00+08:00"),
    )
    first, second, same = [seen.post.key.native_id for seen in read(path)]
    assert first != second
    assert first == same
    assert [seen.post.key.native_id for seen in read(path)] == [first, second, same]


def test_foreign_columns_are_mapped_and_the_rest_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text(
        'Comment,Date,Stars,text,Shop\n"Never, ever\nagain",2026/11/18 09:42,1 star,x,7\n'
        "Fine,2026/11/18 10:00,5/5,,8\n",
        encoding="utf-8",
    )
    archive = read(
        path,
        columns={"text": "Comment", "published_at": "Date", "rating": "Stars"},
        source="reviews",
        timezone=ZoneInfo("Asia/Shanghai"),
    )
    bad, good = archive
    assert bad.post.text == "Never, ever\nagain"
    assert bad.post.published_at == datetime(2026, 11, 18, 1, 42, tzinfo=UTC)
    assert (bad.post.rating, good.post.rating) == (1.0, 5.0)
    assert archive.unknown == {"Shop": 2, "text": 1}


def test_a_column_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Comment,Date\nx,y\n", encoding="utf-8")
    with pytest.raises(ArchiveError, match="no column 'Comments'; the columns are 'Comment', "):
        list(read(path, columns={"text": "Comments", "published_at": "Date"}))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Comment,Date", r"no column 'text', and none is mapped to it \(as in text=COLUMN\)"),
        ("text,Date", "no column 'published_at'"),
        ("", "the columns are none"),
        ("x" * 200_000, "its header cannot be read"),
    ],
)
def test_a_table_without_the_columns_that_must_be_there_is_refused_at_once(
    tmp_path: Path, header: str, message: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(header, encoding="utf-8")
    with pytest.raises(ArchiveError, match=message):
        list(read(path))


def test_a_map_to_a_field_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="'stars' is not a field of a post"):
        read(tmp_path / "a.csv", columns={"stars": "Stars"})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_tables_are_read_in_the_encodings_that_spreadsheets_write(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"text,published_at\n行李丢了,{WHEN}\n", encoding=encoding)
    archive = read(path, source="s")
    assert only(archive).post.text == "行李丢了"
    assert archive.encoding.removesuffix("-sig") == encoding.removesuffix("-sig")


def test_a_table_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"text\n\xff\xff\xff\n")
    with pytest.raises(ArchiveError, match="neither UTF-8 nor GB18030"):
        list(read(path))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_from_the_header(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    lines = [["Text", "Published_at", "Likes"], ["Lost; my, bag | now", WHEN, "1.2K"]]
    path.write_text(
        "\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines),
        encoding="utf-8",
    )
    seen = only(read(path, source="s"))
    assert seen.post.text == "Lost; my, bag | now"
    assert seen.snapshot is not None
    assert seen.snapshot.likes == 1200


def test_files_may_be_compressed_whatever_they_are_called(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.jsonl", row())
    named, unnamed = tmp_path / "b.jsonl.gz", tmp_path / "c.jsonl"
    for path in (named, unnamed):
        path.write_bytes(gzip.compress(plain.read_bytes()))
        assert only(read(path)).post.text == "Lost my bag"


def test_bad_lines_are_put_aside_with_number_and_reason_and_the_rest_is_kept(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.jsonl"
    good = json.dumps(row()).encode()
    path.write_bytes(
        b"\n".join(
            [
                good, b"{not json", b'"text"', b"", b'{"text": "\xff"}',
                json.dumps(row(text="  ")).encode(), b'{"text": "' + b"x" * LONGEST_LINE + b'"}',
                b"[" * 100_000, good,
            ]
        )
    )  # fmt: skip  # as above
    archive = read(path)
    assert len(list(archive)) == 2
    assert archive.rejected == [
        Rejected(line=2, reason="the line is not JSON"),
        Rejected(line=3, reason="the line is not a JSON object"),
        Rejected(line=5, reason="the line is not UTF-8"),
        Rejected(line=6, reason="there is no text"),
        Rejected(line=7, reason="the line is longer than 1,000,000 bytes"),
        Rejected(line=8, reason="the line is not JSON"),
    ]


def test_a_table_row_is_known_by_the_line_that_it_begins_in(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        f'text,published_at\n"two\nlines",{WHEN}\n"bad\none",never\nx,{WHEN},more\nok,{WHEN}\n',
        encoding="utf-8",
    )
    archive = read(path, source="s")
    assert [seen.post.text for seen in archive] == ["two\nlines", "ok"]
    assert [rejected.line for rejected in archive.rejected] == [4, 6]


def test_reading_ends_after_too_many_bad_lines_and_keeps_what_came_before(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", row(), *[row(text=None) for _ in range(5)], row(id="2"))
    archive = read(path, max_errors=3)
    kept: list[Observation] = []
    with pytest.raises(ArchiveError, match="more than 3 lines cannot be read, the last is line 5"):
        kept.extend(archive)
    assert [seen.post.key.native_id for seen in kept] == ["1"]
    assert len(archive.rejected) == 4


def test_a_file_that_was_cut_short_keeps_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    lines = "".join(
        json.dumps(row(id=str(n), text=os.urandom(20).hex())) + "\n" for n in range(999)
    )
    path.write_bytes(gzip.compress(lines.encode())[:-2_000])
    kept: list[Observation] = []
    with pytest.raises(ArchiveError, match="damaged or cut short"):
        kept.extend(read(path))
    assert len(kept) > 100


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.xlsx", "save it as 'CSV UTF-8'"),
        ("a.txt", "must end in one of .csv, .json, .jsonl, .ndjson, .tsv"),
        ("a", "must end in one of"),
    ],
)
def test_other_kinds_of_file_are_refused_with_a_way_out(name: str, message: str) -> None:
    with pytest.raises(ArchiveError, match=message):
        read(Path(name))


def test_a_json_list_is_refused_with_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([row()]), encoding="utf-8")
    with pytest.raises(ArchiveError, match="write one object a line"):
        list(read(path))


def test_a_missing_file_is_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="cannot be read: No such file"):
        list(read(tmp_path / "nothing.jsonl"))


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-18T01:42:00Z",
        "2026-11-18 09:42:00 +0800",
        "2026-11-18T09:42+08:00",
        "2026-11-18 09:42",
        "2026/11/18 09:42",
        "2026年11月18日 09:42",
        "Wed, 18 Nov 2026 09:42:00 +0800",
        "Wed Nov 18 09:42:00 +0800 2026",
        "1794966120",
        1794966120,
        1794966120.0,
        1794966120000,
    ],
)
def test_times_are_read_as_platforms_write_them(written: object) -> None:
    seen = observation(row(published_at=written), timezone=ZoneInfo("Asia/Shanghai"))
    assert seen.post.published_at == datetime(2026, 11, 18, 1, 42, tzinfo=UTC)


def test_a_time_without_a_zone_is_refused_unless_one_is_given() -> None:
    assert "has no time zone, and no default was given" in reason(published_at="2026-11-18 09:42")


def test_a_time_that_could_mean_two_days_needs_its_form() -> None:
    assert "is not a time" in reason(published_at="11/12/2026 09:42")
    seen = observation(
        row(published_at="11/12/2026 09:42"), timezone=UTC, time_format="%m/%d/%Y %H:%M"
    )
    assert seen.post.published_at == datetime(2026, 11, 12, 9, 42, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "count"),
    [
        (0, 0),
        ("", None),
        (None, None),
        ("1,234", 1234),
        ("1.2k", 1200),
        ("20万", 200_000),
        (7.0, 7),
    ],
)
def test_counters_are_read_as_people_write_them(written: object, count: int | None) -> None:
    if written == "":
        written = None  # an empty cell of a table never arrives here
    seen = observation(row(views=written, likes=1))
    assert seen.snapshot is not None
    assert seen.snapshot.views == count


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"views": -1}, "views -1 is not a count"),
        ({"views": "many"}, "views 'many' is not a count"),
        ({"views": True}, "views 'True' is not a count"),
        ({"views": 10**30}, "is not a count"),
        ({"views": float("nan")}, "is not a count"),
        ({"rating": 9}, "rating '9' is not a number of stars"),
        ({"rating": "good"}, "rating 'good' is not"),
        ({"media": "hologram"}, "media 'hologram' is not one of none, link, image, audio, video"),
        ({"text": {"a": 1}}, "text is not text"),
        ({"source": "a:b"}, "the source 'a:b' holds a colon"),
        ({"source": None}, "there is no source"),
        ({"published_at": None}, "there is no published_at"),
        ({"published_at": "soon"}, "published_at 'soon' is not a time"),
        ({"published_at": True}, "published_at 'True' is not a time"),
        ({"observed_at": "9999999999999999"}, "is not a time"),
        ({"published_at": "0001-01-01T00:00:00+08:00"}, "does not lie from 1970 to 9998"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused(fields: dict[str, object], message: str) -> None:
    assert message in reason(**fields)


def test_text_is_such_that_any_database_takes_it() -> None:
    seen = observation(row(text="a\0b \ud800 行李", url="javascript:alert(1)"))
    assert seen.post.text == "ab ? 行李"
    assert seen.post.url is None


def test_the_airlines_archive_is_read_whole() -> None:
    path = SHARED / "replays" / "us-airlines-2015.jsonl.gz"
    if not path.exists():
        pytest.skip(f"{path} is not here; set SPARKWATCH_SHARED to the folder that holds replays/")
    archive = read(path)
    assert sum(1 for _ in archive) > 14_000
    assert archive.rejected == []
    assert list(archive.unknown) == ["collected_for"]
