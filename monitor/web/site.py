"""What every page needs to know: the store, the links, who people are and how they read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import attrs

from alerts.i18n import Reader, Words
from alerts.links import ActionLinks, Link
from alerts.people import People
from config.model import Settings
from monitor.store.store import Store

__all__ = ["Site"]


@attrs.frozen(kw_only=True)
class Site:
    """Everything that pages are made from."""

    store: Store
    links: ActionLinks
    clock: Callable[[], datetime]
    people: People
    brands: Mapping[str, str]
    """What brands are called, by their id."""
    readers: Mapping[str, Reader]
    """For whom each channel writes, by its name."""
    stranger: Reader
    """For whom a page is written whose reader is not known."""

    @classmethod
    def of(
        cls, settings: Settings, store: Store, links: ActionLinks, clock: Callable[[], datetime]
    ) -> Site:
        """The site that the settings describe."""
        return cls(
            store=store,
            links=links,
            clock=clock,
            people=People(settings.people),
            brands={brand.id: brand.name for brand in settings.watched()},
            readers={channel.name: channel.reader for channel in settings.alerts.channels},
            stranger=Reader(language=settings.language, timezone=settings.timezone),
        )

    def words(self, link: Link | None = None) -> Words:
        """The words of whoever a link was sent to."""
        known = self.readers.get(link.channel) if link is not None else None
        return Words(known or self.stranger)

    def person(self, link: Link) -> str:
        """In whose name a link acts."""
        return self.people.by_mail(link.address)
