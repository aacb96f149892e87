"""How a spider asks for a page: a port that the crawl process fills with Scrapy."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import datetime
from typing import Protocol

import attrs

__all__ = ["Fetched", "Web"]


@attrs.frozen(kw_only=True)
class Fetched:
    """An answer: where it came from in the end, and when. Header names are in lower case."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)
    observed_at: datetime


class Web(Protocol):
    """Fetches one address, politely; raises ``SourceError`` where there is no usable answer."""

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Container[int] = (),
    ) -> Fetched:
        """The answer, if its status is 200 or one of ``accept``."""
        ...
