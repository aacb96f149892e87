"""What is to be crawled: one source, what to listen for, and where the last crawl stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import attrs
from pydantic import TypeAdapter

from monitor.domain import Cursor, PostKey
from spiders.kinds import SourceOptions

__all__ = ["CrawlJob", "SourceSpec", "decode_job", "encode_job"]

_OPTIONS: TypeAdapter[SourceOptions] = TypeAdapter(SourceOptions)


@attrs.frozen(kw_only=True)
class SourceSpec:
    """A configured source; ``name`` is the operator's and becomes the source of its posts' keys."""

    name: str
    options: SourceOptions

    def __attrs_post_init__(self) -> None:
        if not self.name.strip() or ":" in self.name or not self.name.isprintable():
            raise ValueError(
                f"a source cannot be called {self.name!r}: use letters, digits and hyphens"
            )

    @property
    def kind(self) -> str:
        """The key of the source's kind in ``spiders.kinds.KINDS``."""
        return self.options.kind


@attrs.frozen(kw_only=True)
class CrawlJob:
    """One crawl of one source.

    ``terms`` are brand names, aliases and handles, for kinds that can search. ``cursors`` are
    the saved ones by their query. The posts of ``refresh`` are looked at again for their
    counters. ``item_limit`` bounds each query of the source; nothing older than ``since`` is
    fetched where there is no cursor yet.
    """

    source: SourceSpec
    terms: tuple[str, ...] = ()
    cursors: Mapping[str, Cursor] = attrs.field(factory=dict)
    refresh: tuple[PostKey, ...] = ()
    item_limit: int = attrs.field(default=1_000, validator=attrs.validators.ge(1))
    since: datetime

    def __attrs_post_init__(self) -> None:
        if self.since.tzinfo is None:
            raise ValueError("since must carry a time zone")


def encode_job(job: CrawlJob) -> str:
    """The job as JSON, secrets included: for the crawl process's standard input only."""
    return json.dumps(
        {
            "name": job.source.name,
            "options": json.loads(
                job.source.options.model_dump_json(context={"reveal_secrets": True})
            ),
            "terms": job.terms,
            "cursors": {query: cursor.value for query, cursor in job.cursors.items()},
            "refresh": [key.native_id for key in job.refresh],
            "item_limit": job.item_limit,
            "since": job.since.isoformat(),
        }
    )


def decode_job(text: str) -> CrawlJob:
    """The job that ``encode_job`` wrote; only the values of its cursors travel."""
    fields = json.loads(text)
    name, since = fields["name"], datetime.fromisoformat(fields["since"])
    return CrawlJob(
        source=SourceSpec(name=name, options=_OPTIONS.validate_python(fields["options"])),
        terms=tuple(fields["terms"]),
        cursors={
            query: Cursor(source=name, query=query, value=value, saved_at=since)
            for query, value in fields["cursors"].items()
        },
        refresh=tuple(PostKey(source=name, native_id=i) for i in fields["refresh"]),
        item_limit=fields["item_limit"],
        since=since,
    )
