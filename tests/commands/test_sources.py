"""`sparkwatch sources --health` and `--plan` tell of the configured sources, all at a glance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli import app
from monitor.domain import (
    EngagementSnapshot,
    Health,
    Mention,
    Observation,
    Post,
    PostKey,
    SourceHealth,
    SourceTrouble,
    TroubleKind,
)
from monitor.store.store import Store

CONFIG = """
brands: [{name: Acme Air}]
sources:
  - {name: forum, kind: rss, urls: ["http://127.0.0.1:1/feed"]}
  - {name: topics, kind: v2ex}
  - {name: unread, kind: hackernews}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "sparkwatch.yaml"
    path.write_text(CONFIG)
    return path


def shown(config: Path, option: str) -> str:
    result = CliRunner().invoke(app, ["sources", option, "--config", str(config)])
    assert result.exit_code == 0, result.output
    return result.output


def filled(config: Path) -> None:
    now = datetime.now(UTC)
    store = Store.open(f"sqlite:///{config.parent / 'sparkwatch.db'}")
    with store.begin() as work:
        work.sources.report(
            SourceHealth(
                source="forum",
                finished_at=now - timedelta(hours=3),
                health=Health.FORBIDDEN,
                items=4,
                refused=1,
                answers=(("2xx", 3),),
                missing=(("author", 1),),
                lag=600.0,
                detail="robots.txt forbids it \x1b[2J",
            )
        )
        key = PostKey("topics", "1")
        said = Post(key=key, text="Acme Air", published_at=now - timedelta(hours=2))
        for minutes, likes in ((60, 10), (30, 90)):
            at = now - timedelta(minutes=minutes)
            look = EngagementSnapshot(key=key, taken_at=at, replies=likes)
            work.posts.gather([Observation(post=said, observed_at=at, snapshot=look)])
        work.mentions.match("f", {key: [Mention(post=key, brand="acme-air")]})
    store.close()


def in_trouble(config: Path) -> None:
    began = datetime.now(UTC) - timedelta(hours=3)
    store = Store.open(f"sqlite:///{config.parent / 'sparkwatch.db'}")
    with store.begin() as work:
        work.sources.put_trouble(
            SourceTrouble(source="forum", kind=TroubleKind.FORBIDDEN, since=began, noticed_at=began)
        )
    store.close()


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", "forum does not permit collection"),
        ("zh-Hans", "forum 不允许采集"),
        ("zh-Hant", "forum 不允許"),
    ],
)
def test_a_trouble_and_what_to_do_are_told_in_the_readers_language(
    config: Path, language: str, says: str
) -> None:
    filled(config)
    in_trouble(config)
    config.write_text(f"language: {language}\n{CONFIG}")
    said = shown(config, "--health")
    assert "forbidden, forbidden" not in said
    assert says in said


def test_health_shows_every_source_and_what_to_do(config: Path) -> None:
    filled(config)
    said = shown(config, "--health")
    assert "forbidden" in said
    assert "2xx 3, robots.txt 1" in said
    assert "author 25%" in said
    assert "look whether `sparkwatch run` is running" in said
    assert "never crawled" in said
    assert "\x1b" not in said


def test_a_plan_says_how_often_and_why(config: Path) -> None:
    filled(config)
    said = shown(config, "--plan")
    assert "growing" in said
    assert "topics: the next crawl asks for 1 of 1 due posts" in said
    assert "half of its budget allows" in said
    assert "forum: no post about a brand" in said
