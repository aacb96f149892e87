"""Recorded cassettes of real clients are read, as far as a source would ask for them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from spiders.kinds import KINDS
from spiders.kit.saved import saved_answers
from spiders.page import SourceError

NOW = datetime(2026, 11, 22, tzinfo=UTC)
MASTODON = KINDS["mastodon"]


def test_a_recorded_hashtag_of_mastodon_is_read(fixtures: Path) -> None:
    folder = fixtures / "mastodon" / "mastodon.py" / "tests" / "cassettes"
    answers = saved_answers(folder / "test_hashtag_tl.yaml", url="", observed_at=NOW)
    useful = [a for a in answers if a.status == 200 and MASTODON.asks(a.url)]
    posts = [o.post for a in useful for o in MASTODON.parse(a, source="m").observations]
    assert posts
    assert all(post.published_at < NOW and post.author for post in posts)


def test_every_recorded_answer_is_read_or_refused_by_its_name(fixtures: Path) -> None:
    read = 0
    for file in sorted((fixtures / "mastodon" / "mastodon.py").rglob("*.yaml"))[::5]:
        for answer in saved_answers(file, url="", observed_at=NOW):
            try:
                read += len(MASTODON.parse(answer, source="m").observations)
            except SourceError:
                continue
    assert read > 0


def test_a_file_that_is_no_cassette_is_the_answer_itself(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_bytes(b"<p>interactions")
    [answer] = saved_answers(file, url="https://x.example/", observed_at=NOW)
    assert (answer.url, answer.body) == ("https://x.example/", b"<p>interactions")
    assert answer.headers == {"content-type": "text/html"}
