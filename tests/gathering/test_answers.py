"""Answers that could not be read are kept, bounded in number, where no name leads elsewhere."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.domain import FaultyAnswer
from monitor.gathering.answers import MOST_OF_A_SOURCE, FaultyAnswers

NOW = datetime(2026, 11, 22, 7, 15, tzinfo=UTC)


def answer(source: str = "forum", minutes: int = 0, body: bytes = b"<html>") -> FaultyAnswer:
    return FaultyAnswer(
        source=source,
        place="https://forum.example/api",
        status=200,
        content_type="text/html",
        reason="no JSON",
        body=body,
        observed_at=NOW + timedelta(minutes=minutes),
    )


def test_an_answer_is_kept_as_it_came_beside_where_it_came_from(tmp_path: Path) -> None:
    folder = FaultyAnswers(tmp_path / "answers")
    [body] = folder.keep([answer(body=b"\x00\xff")])
    assert body.read_bytes() == b"\x00\xff"
    assert body.name == "forum-20261122T071500-0.body"
    assert (
        "https://forum.example/api\nstatus 200, text/html\n" in body.with_suffix(".txt").read_text()
    )
    assert stat.S_IMODE(body.stat().st_mode) == 0o600


def test_the_oldest_go_when_there_are_too_many_and_those_of_other_sources_stay(
    tmp_path: Path,
) -> None:
    folder = FaultyAnswers(tmp_path)
    folder.keep([answer("forum-2")])
    for minutes in range(MOST_OF_A_SOURCE + 5):
        folder.keep([answer(minutes=minutes)])
    assert len(folder.of("forum")) == MOST_OF_A_SOURCE
    assert folder.of("forum")[-1].name == "forum-20261122T072000-0.body"
    assert len(folder.of("forum-2")) == 1
    assert len(list(tmp_path.iterdir())) == 2 * (MOST_OF_A_SOURCE + 1)


def test_no_name_of_a_source_leads_out_of_the_folder(tmp_path: Path) -> None:
    [body] = FaultyAnswers(tmp_path / "in").keep([answer("../../etc/x*")])
    assert body.parent == tmp_path / "in"
    assert list(tmp_path.iterdir()) == [tmp_path / "in"]
