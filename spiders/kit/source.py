"""A kind of source from a declaration: its plan, its options, its terms. Twenty lines a source."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import quote_plus

from spiders.job import CrawlJob
from spiders.kind import Budget, SourceKind
from spiders.kit.allowance import Allowance
from spiders.kit.endpoint import Endpoint
from spiders.kit.refusals import Refusal
from spiders.kit.spider import KitSpider, Plan
from spiders.options import Politeness
from spiders.page import Page, SourceError
from spiders.parse.rss import parse_feed
from spiders.rss import WHOLE_FEED, RssOptions, RssSpider
from spiders.web import Fetched

__all__ = ["budget_of", "declare", "declare_feed"]


def declare(
    *,
    options: type[Politeness],
    terms: str,
    limits: str,
    discover: Endpoint,
    refresh: Endpoint | tuple[Endpoint, ...] = (),
    also_reads: tuple[Endpoint, ...] = (),
    allowance: Allowance | None = None,
    overlap: timedelta = timedelta(minutes=10),
    queries: Callable[[CrawlJob, Any], tuple[str, ...]] | None = None,
    can_search: bool | None = None,
    relists: bool = False,
    refusals: tuple[Refusal, ...] = (),
    needs: str = "",
) -> SourceKind:
    """The kind whose name is the default of the options' ``kind``.

    ``overlap`` is how long the source may take to show a post. ``also_reads`` are answers of the
    platform that can be read when saved ones are given, and are not asked for. ``relists``: a post
    has no address of its own, and is looked for again in the list that showed it. ``refusals`` are
    the platform's own words for what is wrong.
    """
    again = refresh if isinstance(refresh, tuple) else (refresh,)
    name = str(options.model_fields["kind"].default)
    if can_search is None:
        can_search = queries is None and isinstance(discover.url, str) and "{query}" in discover.url
    plan = Plan(
        expected=f"the interface of {name}",
        discover=discover,
        refresh=again,
        overlap=overlap,
        allowance=allowance,
        queries=queries,
        searches=can_search,
        relists=relists,
        refusals=refusals,
    )
    readable = (*plan.endpoints, *also_reads)
    counters = {counter for endpoint in readable for counter in endpoint.fields.counters}
    return SourceKind(
        name=name,
        options=options,
        spider=partial(KitSpider, plan),
        read=partial(_read, readable, plan.expected),
        asks=lambda url: any(endpoint.fits(url) for endpoint in readable),
        terms=terms,
        limits=limits,
        counters=tuple(c for c in ("views", "likes", "shares", "replies") if c in counters),
        can_search=can_search,
        can_refresh=bool(again) or relists,
        tells_deletions=any(
            endpoint.missing_are_gone or endpoint.fields.deleted or endpoint.batch == 1
            for endpoint in again
        ),
        needs=needs,
        batch=discover.page_size if relists else min((one.batch for one in again), default=1),
        budget=partial(budget_of, (discover,) if relists else again, allowance),
    )


def budget_of(
    again: tuple[Endpoint, ...], shared: Allowance | None, options: Politeness
) -> Budget | None:
    """What looking again draws on; of several allowances the one that gives least."""
    budgets = [
        Budget(units=own.units_for(options), per=own.per, cost=endpoint.cost)
        for endpoint in again
        if (own := endpoint.allowance or shared) is not None
    ]
    return min(budgets, key=Budget.a_second, default=None)


def declare_feed(
    *, options: type[Politeness], urls: tuple[str, ...], terms: str, limits: str
) -> SourceKind:
    """A kind that reads feeds at addresses of its own.

    ``{query}`` in an address stands for each of the brands' names, and every option of the source
    fills the gap of its name.
    """
    name = str(options.model_fields["kind"].default)

    def spider(job: CrawlJob, given: Politeness) -> RssSpider:
        values = {name: quote_plus(str(value)) for name, value in given.model_dump().items()}
        addresses = tuple(url.format_map({**values, "query": "{query}"}) for url in urls)
        return RssSpider(job, RssOptions(urls=addresses))

    return SourceKind(
        name=name,
        options=options,
        spider=spider,
        read=_read_feed,
        terms=terms,
        limits=limits,
        counters=("replies",),
        can_search=any("{query}" in url for url in urls),
        can_refresh=True,
        batch=WHOLE_FEED,
    )


def _read_feed(answer: Fetched, *, source: str) -> Page:
    return parse_feed(
        answer.body,
        source=source,
        url=answer.url,
        content_type=answer.headers.get("content-type", ""),
        observed_at=answer.observed_at,
    )


def _read(endpoints: tuple[Endpoint, ...], expected: str, answer: Fetched, *, source: str) -> Page:
    """A saved answer as the endpoint of its address reads it, or as the one that reads most."""
    fitting = tuple(endpoint for endpoint in endpoints if endpoint.fits(answer.url))
    best: Page | None = None
    trouble: SourceError | None = None
    for endpoint in fitting or endpoints:
        try:
            page = endpoint.read(answer, source=source, expected=expected).page
        except SourceError as error:
            trouble = trouble or error
            continue
        if best is None or len(page.observations) > len(best.observations):
            best = page
    if best is None:
        raise trouble or AssertionError("a source has at least one endpoint")
    return best
