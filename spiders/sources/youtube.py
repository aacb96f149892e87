"""YouTube: videos that a search finds, with their statistics, and the comments below them.

A search is dear (100 a day) and shows no counters, so what it finds is looked up at once. Comments
come when a video is looked at again: its newest hundred, with the replies that are shown.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import attrs
from pydantic import Field

from monitor.domain import Health, MediaKind, Observation
from spiders.kit.allowance import Allowance
from spiders.kit.endpoint import Answer, Endpoint
from spiders.kit.fields import Fields, Person
from spiders.kit.memory import Memory
from spiders.kit.refusals import Refusal
from spiders.kit.source import declare
from spiders.kit.spider import KitSpider, Plan
from spiders.kit.templates import Ask
from spiders.options import KeyedInterface, Secret, WebAddress
from spiders.page import Page, SourceError
from spiders.parse.answers import json_answer
from spiders.parse.fields import count
from spiders.parse.text import html_to_text
from spiders.web import Fetched, Web

__all__ = ["SOURCE", "YoutubeOptions", "YoutubeSpider"]

_ZONE = "America/Los_Angeles"
_IDS_A_CALL = 50
_REFRESH = "refresh"
_USED_UP = "quotaExceeded", "dailyLimitExceeded", "rateLimitExceeded", "userRateLimitExceeded"


class YoutubeOptions(KeyedInterface):
    """What to search on YouTube, and how much of the project's quota to use."""

    keyed_by = "key"
    had_from = "make one at console.cloud.google.com, with the YouTube Data API v3 switched on"
    kind: Literal["youtube"] = "youtube"
    key: Secret | None = Field(
        default=None, description="An API key with access to the YouTube Data API v3."
    )
    key_file: Path | None = Field(
        default=None, description="A file that holds the key, instead of the key itself."
    )
    comments: bool = Field(
        default=True, description="Whether to read the comments of the videos that are known."
    )
    searches: int = Field(
        default=100, ge=1, description="How many searches may be made a day; YouTube allows 100."
    )
    units: int = Field(default=10_000, ge=1, description="How many units all else may cost a day.")
    api: WebAddress = Field(
        default="https://www.googleapis.com/youtube/v3",
        description="The address of the interface.",
    )


# --- what an answer holds -------------------------------------------------------------------------


def _listed(answer: Answer) -> Any:
    """The resources of a list, or the one resource that an answer is; what is neither, raises."""
    data = answer.data
    if not {"kind", "items"} & set(data):
        raise TypeError("neither a list nor a resource")
    is_list = str(data.get("kind", "")).endswith("ListResponse")
    return data.get("items", [] if is_list else data)


def _comments(answer: Answer) -> list[Any]:
    """The comments of an answer: of threads the first one, with their count, and the replies."""
    resources = _listed(answer)
    found: list[Any] = []
    for resource in resources if isinstance(resources, list) else [resources]:
        thread = resource.get("snippet") if isinstance(resource, Mapping) else None
        top = thread.get("topLevelComment") if isinstance(thread, Mapping) else None
        if not isinstance(thread, Mapping) or not isinstance(top, Mapping):
            found.append(resource)
            continue
        about = {"videoId": thread.get("videoId")}
        found.append({**top, "thread": {**about, "replies": thread.get("totalReplyCount")}})
        below = resource.get("replies")
        replies = below.get("comments") if isinstance(below, Mapping) else None
        for reply in replies if isinstance(replies, list) else ():
            found.append({**reply, "thread": about} if isinstance(reply, Mapping) else reply)
    return found


def _words(name: str, item: Mapping[str, Any]) -> Any:
    """A search writes its titles as HTML, a list of videos does not."""
    text = item["snippet"].get(name)
    if item.get("kind") == "youtube#searchResult" and isinstance(text, str):
        return html_to_text(text)
    return text


def _comment_text(item: Mapping[str, Any]) -> Any:
    """What was typed; where that is withheld, what is displayed, which is HTML."""
    snippet = item["snippet"]
    typed = snippet.get("textOriginal")
    return typed if isinstance(typed, str) else html_to_text(snippet["textDisplay"])


def _comment_link(item: Mapping[str, Any]) -> str | None:
    video = _video_of(item)
    return f"https://www.youtube.com/watch?v={video}&lc={item['id']}" if video else None


def _video_of(item: Mapping[str, Any]) -> Any:
    return item["snippet"].get("videoId") or item.get("thread", {}).get("videoId")


def _is_handle(item: Mapping[str, Any]) -> bool:
    return str(item["snippet"]["authorDisplayName"]).startswith("@")


_VIDEOS = '`["youtube#video", "youtube#searchResult", "youtube#playlistItem"]`'
_VIDEO = Fields(
    id="id.videoId || snippet.resourceId.videoId || id",
    title=partial(_words, "title"),
    text=partial(_words, "description"),
    published_at="contentDetails.videoPublishedAt || snippet.publishedAt",
    url="join('', ['https://www.youtube.com/watch?v=',"
    " id.videoId || snippet.resourceId.videoId || id])",
    author=Person(
        id="snippet.videoOwnerChannelId || snippet.channelId",
        name="snippet.videoOwnerChannelTitle || snippet.channelTitle",
    ),
    language="snippet.defaultAudioLanguage || snippet.defaultLanguage",
    media="'video'",
    views="statistics.viewCount",
    likes="statistics.likeCount",
    replies="statistics.commentCount",
    left_out=f"(kind && !contains({_VIDEOS}, kind)) || (id.kind && id.kind != 'youtube#video')",
)
_COMMENT = Fields(
    id="id",
    text=_comment_text,
    published_at="snippet.publishedAt",
    url=_comment_link,
    author=Person(
        id="snippet.authorChannelId.value",
        handle=lambda item: item["snippet"]["authorDisplayName"] if _is_handle(item) else None,
        name=lambda item: None if _is_handle(item) else item["snippet"]["authorDisplayName"],
    ),
    parent=lambda item: item["snippet"].get("parentId") or _video_of(item),
    thread=_video_of,
    likes="snippet.likeCount",
    replies="thread.replies",
    left_out="kind != 'youtube#comment'",
)

# --- what is asked --------------------------------------------------------------------------------

_KEY = {"X-Goog-Api-Key": "{key}"}
_SEARCHES = Allowance(name="searches", units=lambda given: given.searches, zone=_ZONE)
_UNITS = Allowance(name="units", units=lambda given: given.units, zone=_ZONE)

_FOUND = Endpoint(
    url="{api}/search?part=snippet&type=video&order=date&q=%22{query}%22"
    "&publishedAfter={since_iso}&maxResults={limit}&pageToken={page}",
    headers=_KEY,
    items=_listed,
    fields=_VIDEO,
    next="nextPageToken",
    page_size=50,
    pages=2,
    allowance=_SEARCHES,
)
_LOOKED_UP = Endpoint(
    url="{api}/videos?part=snippet,statistics&id={ids}&maxResults=50",
    headers=_KEY,
    items=_listed,
    fields=_VIDEO,
    batch=_IDS_A_CALL,
    takes=r"[\w-]{11}",
    missing_are_gone=True,
    allowance=_UNITS,
)
_THREADS = Endpoint(
    url="{api}/commentThreads?part=snippet,replies&id={ids}&maxResults=50",
    headers=_KEY,
    items=_comments,
    fields=_COMMENT,
    batch=_IDS_A_CALL,
    takes=r"[\w-]{12,}",
    missing_are_gone=True,
    allowance=_UNITS,
)
_REPLIES = attrs.evolve(
    _THREADS,
    url="{api}/comments?part=snippet&id={ids}&maxResults=50",
    takes=r"[\w-]{12,}\.[\w-]+",
)
_BELOW = attrs.evolve(
    _THREADS,
    url="{api}/commentThreads?part=snippet,replies&videoId={ids}&order=time&maxResults=100",
    takes="",
)
_CHANNELS = attrs.evolve(
    _LOOKED_UP, url="{api}/channels?part=statistics&id={ids}&maxResults=50", takes=""
)
_UPLOADS = Endpoint(
    url="{api}/playlistItems?part=snippet,contentDetails", items=_listed, fields=_VIDEO
)


def _reason(*reasons: str) -> str:
    """The JMESPath that finds one of the interface's reasons for an error."""
    return f"error.errors[?contains(`{json.dumps(reasons)}`, reason)]"


_PLAN = Plan(
    expected="the interface of youtube",
    discover=_FOUND,
    refresh=(_LOOKED_UP, _THREADS, _REPLIES),
    overlap=timedelta(hours=12),
    searches=True,
    refusals=(
        Refusal(
            says=_reason(*_USED_UP),
            health=Health.RATE_LIMITED,
            advice="the project's quota is used up for today; lower searches and units, or ask "
            "Google for more",
        ),
        Refusal(
            says=_reason("commentsDisabled", "videoNotFound"),
            health=Health.FORBIDDEN,
            advice="no comments are shown",
        ),
        Refusal(
            status=(400, 401, 403),
            health=Health.UNAUTHORIZED,
            advice="check the key, and that the YouTube Data API is switched on for its project",
        ),
    ),
)
_KIND = declare(
    options=YoutubeOptions,
    terms="YouTube Data API v3 under the YouTube API Services Terms, with the operator's own key; "
    "what is kept must be looked at again or deleted within 30 days.",
    limits="100 searches and 10,000 units a day (videos and comments: 1 unit for each call of up "
    "to 50), until midnight in California.",
    discover=_PLAN.discover,
    refresh=_PLAN.refresh,
    also_reads=(_UPLOADS, _CHANNELS),
    needs="an API key",
)
_Seen: TypeAlias = tuple[Observation, ...]


class YoutubeSpider(KitSpider):
    """The declared source; what a search finds is looked up, and comments come with their video."""

    async def discover(self, query: str, web: Web) -> AsyncIterator[Page]:
        """New videos, whole, with their counters and the subscribers of their channels."""
        async for page in super().discover(query, web):
            found, trouble = page.observations, None
            try:
                found = await self._whole(found, query, web)
                found = await self._with_audience(found, query, web)
            except SourceError as error:
                trouble = error
            cursor = page.cursor and Memory.read(page.cursor).written(self._ledger.of(query))
            yield attrs.evolve(page, observations=found, cursor=cursor)
            if trouble:
                raise trouble

    async def refresh(self, web: Web) -> AsyncIterator[Page]:
        """Known videos and comments, and the newest comments of the videos among them."""
        videos: list[str] = []
        async for page in super().refresh(web):
            videos += [o.post.key.native_id for o in page.observations if _has_comments(o)]
            yield page
        for video in videos if self._options.comments else ():
            try:
                fetched = await self._fetch_of(_BELOW, (video,), _REFRESH, web)
            except SourceError as error:
                if error.health is not Health.FORBIDDEN:  # the comments are turned off
                    raise
                continue
            page = self._read(_BELOW, fetched, "").page
            cursor = Memory(newest=0).written(self._ledger.of(_REFRESH))
            yield attrs.evolve(page, cursor=cursor)

    async def _whole(self, found: _Seen, query: str, web: Web) -> _Seen:
        """The same videos as their own page tells them; one that is not found stays as it was."""
        if not found:
            return found
        ids = [o.post.key.native_id for o in found]
        fetched = await self._fetch_of(_LOOKED_UP, ids, query, web)
        whole = {o.post.key: o for o in self._read(_LOOKED_UP, fetched, "").page.observations}
        return tuple(whole.get(o.post.key, o) for o in found)

    async def _with_audience(self, found: _Seen, query: str, web: Web) -> _Seen:
        channels = dict.fromkeys(o.post.author.native_id for o in found if o.post.author)
        if not channels:
            return found
        fetched = await self._fetch_of(_CHANNELS, channels, query, web)
        subscribers = _subscribers(fetched)
        return tuple(_reaching(o, subscribers) for o in found)

    async def _fetch_of(
        self, endpoint: Endpoint, ids: Iterable[str], query: str, web: Web
    ) -> Fetched:
        return await self._fetch(endpoint, Ask(options=self._options, ids=tuple(ids)), query, web)


def _has_comments(observation: Observation) -> bool:
    is_video = observation.post.media is MediaKind.VIDEO
    return is_video and bool(observation.snapshot and observation.snapshot.replies)


def _subscribers(answer: Fetched) -> dict[str, int | None]:
    """How many subscribe to each channel, to three figures; absent where a channel hides it."""
    data = json_answer(answer.body, url=answer.url, expected=_PLAN.expected)
    channels = data.get("items") if isinstance(data, Mapping) else None
    found: dict[str, int | None] = {}
    for channel in channels if isinstance(channels, list) else ():
        statistics = channel.get("statistics") if isinstance(channel, Mapping) else None
        if isinstance(statistics, Mapping) and not statistics.get("hiddenSubscriberCount"):
            found[str(channel.get("id"))] = count(statistics.get("subscriberCount"))
    return found


def _reaching(observation: Observation, subscribers: Mapping[str, int | None]) -> Observation:
    post = observation.post
    if post.author is None:
        return observation
    followers = subscribers.get(post.author.native_id)
    author = attrs.evolve(post.author, followers=followers)
    return attrs.evolve(observation, post=attrs.evolve(post, author=author))


SOURCE = attrs.evolve(_KIND, spider=partial(YoutubeSpider, _PLAN))
