"""Sources that cannot be asked for a single post: known ones are looked for in their lists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import attrs

from spiders.job import CrawlJob
from spiders.kind import SourceKind
from spiders.kit.allowance import Allowance
from spiders.kit.endpoint import Endpoint
from spiders.kit.memory import Memory
from spiders.kit.source import budget_of, declare
from spiders.kit.spider import KitSpider, Plan
from spiders.kit.templates import Ask
from spiders.options import Politeness
from spiders.page import Page
from spiders.web import Web

__all__ = ["ListedSpider", "declare_listed"]

_REFRESH = "refresh"


class ListedSpider(KitSpider):
    """Follows a plan; to see posts again it reads the lists that they were found in."""

    async def refresh(self, web: Web) -> AsyncIterator[Page]:
        """The wanted posts that are still listed. What is not there may have aged."""
        wanted = {key.native_id for key in self._job.refresh}
        endpoint = self._plan.discover
        for query in self.queries():
            asked, address = endpoint.first_page, ""
            for _turned in range(endpoint.pages):
                if not wanted:
                    return
                ask = Ask(options=self._options, query=query, page=asked, limit=endpoint.page_size)
                fetched = await self._fetch(endpoint, ask, _REFRESH, web, address=address)
                answer = self._read(endpoint, fetched, asked)
                found = [o for o in answer.page.observations if o.post.key.native_id in wanted]
                wanted -= {o.post.key.native_id for o in found}
                spent = self._ledger.of(_REFRESH)
                yield Page(
                    observations=tuple(self._dated(o) for o in found),
                    cursor=Memory(newest=0).written(spent) if spent else None,
                    skipped=answer.page.skipped,
                )
                following = endpoint.following(answer)
                address = endpoint.following_address(answer) or ""
                if not address and following in (None, asked):
                    break
                asked = following or asked


def declare_listed(
    *,
    options: type[Politeness],
    terms: str,
    limits: str,
    discover: Endpoint,
    queries: Callable[[CrawlJob, Any], tuple[str, ...]],
    also_reads: tuple[Endpoint, ...] = (),
    allowance: Allowance | None = None,
    overlap: timedelta = timedelta(days=7),
    needs: str = "",
) -> SourceKind:
    """A kind whose posts have no address of their own.

    ``overlap`` is long by default: reviews wait for a moderator, and many carry no more than a day.
    """
    kind = declare(
        options=options,
        terms=terms,
        limits=limits,
        discover=discover,
        also_reads=also_reads,
        allowance=allowance,
        overlap=overlap,
        queries=queries,
        can_search=False,
        needs=needs,
    )
    plan = Plan(
        expected=f"the interface of {kind.name}",
        discover=discover,
        overlap=overlap,
        allowance=allowance,
        queries=queries,
    )
    return attrs.evolve(
        kind,
        spider=partial(ListedSpider, plan),
        can_refresh=True,
        batch=discover.page_size,
        budget=partial(budget_of, (discover,), allowance),
    )
