"""What a kind of source is: how it is configured and read, and what its operator agrees to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any, Protocol

import attrs

from spiders.job import CrawlJob
from spiders.options import Politeness
from spiders.page import Page
from spiders.web import Fetched, Web

__all__ = ["Budget", "SourceKind", "Spider"]


class Spider(Protocol):
    """Where to look on one kind of source; what it finds there is read by pure functions."""

    def queries(self) -> tuple[str, ...]:
        """What is followed, each with a cursor of its own."""
        ...

    def discover(self, query: str, web: Web) -> AsyncIterator[Page]:
        """New posts of one query; stops at the job's item limit or at what is known."""
        ...

    def refresh(self, web: Web) -> AsyncIterator[Page]:
        """The posts that the job wants to see again, or word that they are gone."""
        ...


@attrs.frozen(kw_only=True)
class Budget:
    """What a source gives in a period, and what one request for known posts costs of it.

    ``by_post`` tells that it charges for each post of an answer: ``cost`` is that of a full one.
    """

    units: int
    per: timedelta
    cost: int = 1
    by_post: bool = False

    def a_second(self) -> float:
        """How many such requests a second it comes to."""
        return self.units / max(self.cost, 1) / self.per.total_seconds()


def _without_budget(_options: Any) -> Budget | None:
    return None


def _every_address(_url: str) -> bool:
    return True


@attrs.frozen(kw_only=True)
class SourceKind:
    """One kind of source. A source file names it ``SOURCE``; ``spiders.kinds`` finds it there.

    ``read`` reads one saved answer without options and without a network: ``read(answer,
    source=NAME)`` gives a page or raises ``SourceError``. ``asks`` tells whether the source would
    ask for an address at all. ``terms`` and ``limits`` are sentences for the operator; ``media``
    and ``needs`` are what it tells beside text, and what it wants before it works ("a key").
    ``batch`` is how many known posts one request looks at again, ``budget`` what the source gives
    under some options.
    """

    name: str
    options: type[Politeness]
    spider: Callable[[CrawlJob, Any], Spider]
    read: Callable[..., Page]
    asks: Callable[[str], bool] = _every_address
    terms: str
    limits: str
    counters: tuple[str, ...]
    can_search: bool
    can_refresh: bool = True
    tells_deletions: bool = False
    needs: str = ""
    batch: int = 1
    budget: Callable[[Any], Budget | None] = _without_budget

    @property
    def robots(self) -> str:
        """What is done about robots.txt unless the source says otherwise."""
        return str(self.options.model_fields["robots"].default)

    def parse(self, answer: Fetched, *, source: str) -> Page:
        """What one saved answer holds; raises ``SourceError`` and nothing else."""
        return self.read(answer, source=source)
