"""GDELT: news articles of the whole world whose text names the brand, by their headlines.

GDELT tells the headline, the site and when it saw the article; neither text nor counters.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Container, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal
from urllib.parse import urlencode

import attrs
from babel import Locale
from pydantic import Field

from monitor.domain import Health
from spiders.addresses import place_of
from spiders.job import CrawlJob
from spiders.kind import Spider
from spiders.kit.endpoint import Answer, Endpoint
from spiders.kit.fields import Fields, Person, html
from spiders.kit.source import declare
from spiders.kit.templates import Ask
from spiders.options import OpenInterface, WebAddress
from spiders.page import Page, SourceError
from spiders.parse.text import shown
from spiders.web import Around, Fetched, Web

__all__ = ["SOURCE", "GdeltOptions", "GdeltSpider"]

_MINUTE = "%Y%m%d%H%M%S"
_SEEN = "%Y%m%dT%H%M%SZ"
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_ESCAPE = re.compile(rb'\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|)')


class GdeltOptions(OpenInterface):
    """Where to search the world's news."""

    kind: Literal["gdelt"] = "gdelt"
    api: WebAddress = Field(
        default="https://api.gdeltproject.org/api/v2/doc/doc",
        description="The address of the search interface (DOC 2.0).",
    )
    delay_seconds: float = Field(
        default=6.0,
        ge=0,
        le=300,
        description="The pause between two requests, in seconds; GDELT asks for more than 5.",
    )


def _articles(answer: Answer) -> Any:
    """The articles; where nothing was found there is no list of them at all."""
    return answer.data.get("articles", [])


def _search(ask: Ask) -> str:
    """A name as a phrase, newest first, in slices: GDELT shows no more than 250 of a query."""
    parameters = {
        "query": f'"{ask.query.replace(chr(34), " ")}"',
        "mode": "ArtList",
        "format": "json",
        "sort": "DateDesc",
        "maxrecords": str(ask.limit),
        "startdatetime": f"{ask.since.astimezone(UTC):{_MINUTE}}",
        **({"enddatetime": ask.page} if ask.page else {}),
    }
    return f"{ask.value('api')}?{urlencode(parameters)}"


def _older(answer: Answer) -> str | None:
    """The moment of the oldest article that was shown."""
    seen = [o.post.published_at for o in answer.page.observations]
    return f"{min(seen):{_MINUTE}}" if seen else None


def _moment(seen: str) -> datetime:
    return datetime.strptime(seen, _SEEN).replace(tzinfo=UTC)


@cache
def _languages() -> Mapping[str, str]:
    """Tags by the English names of the languages, as Unicode's locale data have them."""
    return {name: tag for tag, name in Locale("en").languages.items() if "_" not in tag}


def _language(article: Mapping[str, Any]) -> str | None:
    return _languages().get(article["language"])


_ARTICLE = Fields(
    id="url",
    title=html("title"),
    published_at=lambda article: _moment(article["seendate"]),
    url="url",
    author=Person(id="domain", name="domain"),
    language=_language,
    media="'link'",
)

_KIND = declare(
    options=GdeltOptions,
    terms="Open to everybody with a mention of the GDELT Project (gdeltproject.org).",
    limits="One request in 5 seconds; 250 articles an answer; the last 3 months.",
    discover=Endpoint(
        url=_search,
        path=r".*/doc/doc",
        items=_articles,
        fields=_ARTICLE,
        next=_older,
        page_size=250,
        pages=20,
    ),
    overlap=timedelta(hours=1),
    can_search=True,
)


class _Interface(Around):
    """The web with GDELT's refusals, which come as text and with status 200, and its own JSON."""

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Container[int] = (),
    ) -> Fetched:
        answer = await super().get(url, headers=headers, accept=accept)
        said = answer.body.strip()
        if said.startswith((b"{", b"<")) or not said:
            return _repaired(answer)
        words = shown(said[:400].decode("utf-8", "replace"), 160)
        too_many = "limit requests" in words.lower()
        raise SourceError(
            Health.RATE_LIMITED if too_many else Health.UNREADABLE,
            f"{place_of(url)} says {words!r}: "
            + ("read it less often or raise delay_seconds" if too_many else "change what is asked"),
        )


class GdeltSpider:
    """The declared source, with GDELT's own way to refuse and to write JSON."""

    def __init__(self, job: CrawlJob, options: GdeltOptions) -> None:
        self._spider: Spider = _KIND.spider(job, options)

    def queries(self) -> tuple[str, ...]:
        """Each of the brands' names."""
        return self._spider.queries()

    def discover(self, query: str, web: Web) -> AsyncIterator[Page]:
        """New articles that name the brand."""
        return self._spider.discover(query, _Interface(web))

    def refresh(self, web: Web) -> AsyncIterator[Page]:
        """Nothing: GDELT does not tell what becomes of an article."""
        return self._spider.refresh(web)


def _repaired(answer: Fetched) -> Fetched:
    """GDELT copies headlines into its JSON with their control characters and backslashes."""
    body = _CONTROL.sub(b" ", answer.body)
    body = _ESCAPE.sub(lambda found: found[0] if found[1] else b"\\\\", body)
    return attrs.evolve(answer, body=body)


def _read(answer: Fetched, *, source: str) -> Page:
    return _KIND.read(_repaired(answer), source=source)


SOURCE = attrs.evolve(_KIND, spider=GdeltSpider, read=_read)
