from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest
from pydantic import SecretStr

from monitor.domain import Cursor, PostKey
from spiders.handover import decode_job, encode_job
from spiders.job import CrawlJob, SourceSpec
from spiders.kinds import KINDS, spider_for
from spiders.mastodon import MastodonOptions
from spiders.options import secret_of
from spiders.rss import RssOptions

SINCE = datetime(2026, 11, 20, tzinfo=UTC)


def test_a_job_travels_whole_with_its_secret() -> None:
    options = MastodonOptions(
        server="https://s.example/", hashtags=("#delta",), token=SecretStr("s3cret")
    )
    cursor = Cursor(source="m", query="tag:delta", value="7", saved_at=SINCE)
    job = CrawlJob(
        source=SourceSpec(name="m", options=options),
        terms=("达美航空",),
        cursors={"tag:delta": cursor},
        refresh=(PostKey(source="m", native_id="a:b"),),
        item_limit=5,
        since=SINCE,
    )
    travelled = decode_job(encode_job(job))
    assert travelled == job
    assert travelled.source.kind == "mastodon"
    assert isinstance(travelled.source.options, MastodonOptions)
    assert secret_of(travelled.source.options, "token") == "s3cret"


@pytest.mark.parametrize("name", ["", " ", "a:b", "a\nb"])
def test_a_source_needs_a_name_that_can_stand_in_a_key(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be called"):
        SourceSpec(name=name, options=RssOptions(urls=("https://x.example/",)))


def test_a_time_without_a_zone_is_refused() -> None:
    spec = SourceSpec(name="m", options=RssOptions(urls=("https://x.example/",)))
    with pytest.raises(ValueError, match="time zone"):
        CrawlJob(source=spec, since=datetime(2026, 11, 20))  # noqa: DTZ001  that is the point


def test_every_kind_states_its_terms_limits_robots_and_counters() -> None:
    for name, kind in KINDS.items():
        assert kind.name == name
        assert kind.options.model_fields["kind"].default == name
        assert kind.terms
        assert kind.limits
        assert kind.robots in ("obey", "ignore")
        assert set(kind.counters) <= {"views", "likes", "shares", "replies"}


def test_every_option_is_described() -> None:
    for kind in KINDS.values():
        for name, field in kind.options.model_fields.items():
            assert name == "kind" or field.description, f"{kind.name}.{name}"


def test_a_spider_is_found_by_its_kind() -> None:
    spec = SourceSpec(name="m", options=RssOptions(urls=("https://x.example/",)))
    job = attrs.evolve(CrawlJob(source=spec, since=SINCE))
    assert spider_for(job).queries() == ("https://x.example/",)
