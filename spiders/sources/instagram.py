"""Instagram by the Graph API: what professional accounts post, and what stands under a hashtag."""

from __future__ import annotations

from collections.abc import AsyncIterator, Container, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlencode

import attrs
from pydantic import Field, model_validator

from spiders.graph import GRAPH_REFUSALS, graph_items
from spiders.job import CrawlJob
from spiders.kind import SourceKind, Spider
from spiders.kit.allowance import Allowance
from spiders.kit.documents import found_in
from spiders.kit.endpoint import Answer, Endpoint
from spiders.kit.fields import Fields, Person
from spiders.kit.source import declare
from spiders.kit.templates import Ask
from spiders.options import KeyedInterface, Secret, WebAddress
from spiders.page import Page
from spiders.parse.answers import json_answer, unreadable
from spiders.web import Around, Fetched, Web

__all__ = ["SOURCE", "InstagramOptions"]

_MEDIA = "id,caption,media_type,media_product_type,permalink,timestamp,like_count,comments_count"
_NAMED = "/hashtag/"


class InstagramOptions(KeyedInterface):
    """Which accounts and hashtags to read."""

    keyed_by = "token"
    had_from = "make an app at developers.facebook.com and have it reviewed for what it reads"
    kind: Literal["instagram"] = "instagram"
    user: str = Field(
        pattern=r"^\d+$",
        description="The number of your own professional account, in quotes: it asks.",
    )
    accounts: tuple[str, ...] = Field(
        default=(), description="Professional accounts to read, by their names without @."
    )
    hashtags: tuple[str, ...] = Field(
        default=(),
        max_length=30,
        description="Hashtags to read, without #; Instagram allows 30 in a week.",
    )
    api: WebAddress = Field(
        default="https://graph.facebook.com/v25.0",
        description="The address of the interface, with its version.",
    )
    token: Secret | None = Field(default=None, description="An access token; see the docs.")
    token_file: Path | None = Field(default=None, description="The file that holds the token.")
    calls_per_hour: int = Field(
        default=200, ge=1, description="How many requests may be made in an hour."
    )

    @model_validator(mode="after")
    def _has_something_to_read(self) -> InstagramOptions:
        if not self.accounts and not self.hashtags:
            raise ValueError("there is nothing to read: give accounts or hashtags")
        return self


def _address(ask: Ask) -> str:
    base, user = ask.value("api").rstrip("/"), ask.value("user")
    sort, name = ask.query[:1], ask.query[1:]
    if sort == "#":
        given = {"user_id": user, "fields": _MEDIA, "limit": "50", "after": ask.page}
        given = {key: value for key, value in given.items() if value}
        return f"{base}{_NAMED}{quote(name, safe='')}/recent_media?{urlencode(given, safe=',')}"
    page = f".after({ask.page})" if ask.page else ""
    fields = (
        f"business_discovery.username({name})"
        f"{{id,username,name,followers_count,media.limit(50){page}{{{_MEDIA}}}}}"
    )
    return f"{base}/{user}?{urlencode({'fields': fields})}"


def _items(answer: Answer) -> list[Any]:
    """The media, each with the account that posted it; or the objects of any other answer."""
    account = found_in(answer.data, "business_discovery")
    if not isinstance(account, Mapping):
        for name in ("mentioned_media", "mentioned_comment"):
            if isinstance(found_in(answer.data, name), Mapping):
                return [answer.data[name]]
        return graph_items(answer.data)
    owner = {k: account.get(k) for k in ("id", "username", "name", "followers_count")}
    found = found_in(account, "media.data")
    media = found if isinstance(found, list) else []
    return [{**one, "account": owner} if isinstance(one, Mapping) else one for one in media]


def _next(answer: Answer) -> str | None:
    way = "(business_discovery.media.paging || paging).cursors.after"
    after = found_in(answer.data, way)
    return after if isinstance(after, str) and answer.page.observations else None


def _media(item: Mapping[str, Any]) -> str:
    kind = str(item.get("media_type") or "").lower()
    return "image" if kind == "carousel_album" else kind


_OBJECT = Fields(
    id="id",
    text="caption || text || (media_type && '')",
    published_at="timestamp",
    undated=True,
    url="permalink",
    author=Person(
        id="account.id || username || owner.id",
        handle="account.username || username",
        name="account.name",
        followers="account.followers_count",
    ),
    parent="parent_id || within",
    thread="within",
    media=_media,
    likes="like_count",
    replies="comments_count",
)
_DISCOVER = Endpoint(
    url=_address,
    path=r".*/(\d+|\d+/recent_media|hashtag/[^/]+/recent_media)",
    headers={"Authorization": "Bearer {token}"},
    items=_items,
    fields=_OBJECT,
    next=_next,
    page_size=50,
)


class _Spider:
    """Turns the names of hashtags into the numbers that the interface wants."""

    def __init__(self, listed: Spider, options: InstagramOptions) -> None:
        self._listed = listed
        self._options = options

    def queries(self) -> tuple[str, ...]:
        """The accounts with @, the hashtags with #."""
        return self._listed.queries()

    def discover(self, query: str, web: Web) -> AsyncIterator[Page]:
        """New media of an account or a hashtag."""
        return self._listed.discover(query, _Numbering(web, self._options))

    def refresh(self, web: Web) -> AsyncIterator[Page]:
        """Known media that are still listed."""
        return self._listed.refresh(_Numbering(web, self._options))


class _Numbering(Around):
    def __init__(self, web: Web, options: InstagramOptions) -> None:
        super().__init__(web)
        self._options = options

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Container[int] = (),
    ) -> Fetched:
        """The answer; the hashtag in the address is looked up first."""
        if _NAMED in url:
            base, _, rest = url.partition(_NAMED)
            name, _, rest = rest.partition("/")
            asked = f"{base}/ig_hashtag_search?user_id={self._options.user}&q={name}"
            found = await super().get(asked, headers=headers)
            url = f"{base}/{_number(found)}/{rest}"
        return await super().get(url, headers=headers, accept=accept)


def _number(found: Fetched) -> str:
    number = found_in(json_answer(found.body, url=found.url, expected="a hashtag"), "data[0].id")
    if not isinstance(number, str) or not number.isdecimal():
        raise unreadable(found.body, url=found.url, found="no hashtag", expected="a hashtag")
    return number


def _declared() -> SourceKind:
    kind = declare(
        options=InstagramOptions,
        terms="Meta's Platform Terms. The app needs instagram_basic, and for hashtags Instagram "
        "Public Content Access (app review).",
        limits="200 calls an hour for each user of the app; 30 hashtags in 7 days; a hashtag shows "
        "the last 24 hours, without authors.",
        discover=_DISCOVER,
        queries=lambda _job, options: (
            *(f"@{name}" for name in options.accounts),
            *(f"#{name}" for name in options.hashtags),
        ),
        also_reads=(Endpoint(url="{api}/{query}/{kind}", items=_items, fields=_OBJECT),),
        # A hashtag takes two calls: its number is looked up each time.
        allowance=Allowance(
            units=lambda options: max(1, options.calls_per_hour // 2), per=timedelta(hours=1)
        ),
        overlap=timedelta(hours=1),
        relists=True,
        refusals=GRAPH_REFUSALS,
        needs="an access token (app review by Meta) and a professional account",
    )

    def spider(job: CrawlJob, options: Any) -> _Spider:
        return _Spider(kind.spider(job, options), options)

    return attrs.evolve(kind, spider=spider)


SOURCE = _declared()
