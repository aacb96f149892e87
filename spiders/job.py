"""What is to be crawled: one source, what to listen for, and where the last crawl stopped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from monitor.domain import Cursor, PostKey
from spiders.options import Politeness

__all__ = ["CrawlJob", "SourceSpec"]


@attrs.frozen(kw_only=True)
class SourceSpec:
    """A configured source; ``name`` is the operator's and becomes the source of its posts' keys."""

    name: str
    options: Politeness

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
