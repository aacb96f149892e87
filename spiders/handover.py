"""A crawl's job on its way to the process that does it, as JSON."""

from __future__ import annotations

import json
from datetime import datetime

from pydantic import TypeAdapter

from monitor.domain import Cursor, PostKey
from spiders.job import CrawlJob, SourceSpec
from spiders.kinds import SourceOptions

__all__ = ["decode_job", "encode_job"]

_OPTIONS: TypeAdapter[SourceOptions] = TypeAdapter(SourceOptions)


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
