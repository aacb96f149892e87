"""What a timeline does not show: posts that go, and messages that are written once."""

from __future__ import annotations

import pytest

from monitor.casework import NoticeState
from monitor.domain import Deletion, PostKey
from monitor.store.notices import Notices
from monitor.store.store import Store
from tests.timelines.harness import Timeline


def test_what_has_no_post_left_is_not_told(lite: Store) -> None:
    line = Timeline(lite)
    line.alert("0:00", "bags")

    def delete() -> None:
        with lite.begin() as work:
            gone = Deletion(key=PostKey("forum", "bags"), observed_at=line.at("0:10"))
            work.posts.gather([gone])

    line.event("0:10", "deleted", delete)
    line.run("1:00")
    assert line.told() == []
    assert line.withheld("bags") == ["everyone: gone_before_told"]


def test_a_disk_that_is_full_while_it_is_noted_doubles_no_message(
    lite: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    line = Timeline(lite)
    line.alert("0:00", "bags")
    with monkeypatch.context() as patch:
        patch.setattr(Notices, "decide", full)
        with pytest.raises(OSError, match="no space"):
            line.run("0:30")
    assert [one.state for one in line.notices("bags")] == [NoticeState.WAITING]
    line.run("1:00")
    assert line.told() == ["0:30 alert bags"]
