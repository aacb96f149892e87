"""The file of true incidents: what is read from it, and what is told of a line that cannot be."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.archive import ArchiveError
from monitor.domain import Brand, PostKey
from monitor.labels import Label, read_labels

TAIPEI = ZoneInfo("Asia/Taipei")
BRANDS = (Brand(id="acme", name="Acme Air"), Brand(id="yun", name="云上航空"))


def labels(tmp_path: Path, text: str, encoding: str = "utf-8") -> list[Label]:
    path = tmp_path / "true.csv"
    path.write_bytes(text.encode(encoding))
    return read_labels(path, BRANDS, TAIPEI)


def test_a_brand_is_meant_by_its_name_or_id_in_any_case(tmp_path: Path) -> None:
    read = labels(tmp_path, "brand,posts\nACME AIR,1\nacme,2\n云上航空,3\n")
    assert [label.brand for label in read] == ["acme", "acme", "yun"]
    assert [label.line for label in read] == [2, 3, 4]


def test_a_time_without_a_zone_is_in_the_readers(tmp_path: Path) -> None:
    [label] = labels(tmp_path, "start,end,brand\n2015-02-22T09:00,2015-02-22T05:00:00+00:00,acme\n")
    assert label.start == datetime(2015, 2, 22, 9, tzinfo=TAIPEI)
    assert label.end == datetime(2015, 2, 22, 13, tzinfo=TAIPEI)


def test_the_day_on_which_something_ends_belongs_to_it(tmp_path: Path) -> None:
    [label] = labels(tmp_path, "start,end,brand\n2015-02-22,2015-02-23,acme\n")
    late = datetime(2015, 2, 23, 23, 59, tzinfo=TAIPEI)
    assert label.covers(late)
    assert not label.covers(late + timedelta(minutes=1))


def test_posts_are_named_with_their_source_or_without(tmp_path: Path) -> None:
    [label] = labels(tmp_path, "\ufeffbrand,title,posts\nacme,The bags,forum:1; 2 x:y:3\n")
    assert label.title == "The bags"
    named = [PostKey("forum", "1"), PostKey("web", "2"), PostKey("x", "y:3")]
    assert all(label.names(key) for key in named)
    assert not label.names(PostKey("web", "1"))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("acme,,,", "neither start and end nor posts"),
        ("acme,2015-02-22,,", "go together"),
        ("acme,2015-02-23,2015-02-22,", "ends before it starts"),
        ("acme,soon,2015-02-22,", "'soon' is no time"),
        ("Other,,,1", "the brand 'Other' is none that is watched"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_with_its_number(
    tmp_path: Path, line: str, told: str
) -> None:
    with pytest.raises(ArchiveError, match=told) as raised:
        labels(tmp_path, f"brand,start,end,posts\nacme,,,7\n{line}\n")
    assert "true.csv: line 3" in str(raised.value)


@pytest.mark.parametrize("text", ["", "brand\n", "start,end\n2015-02-22,2015-02-23\n", "a,b\n"])
def test_a_file_without_labels_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(ArchiveError, match=r"true\.csv"):
        labels(tmp_path, text)


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="UTF-8"):
        labels(tmp_path, "brand,posts\n云上航空,1\n", "gb18030")
