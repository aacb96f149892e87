"""What people say on a page that describes itself: reviews, comments, answers, articles.

The things are schema.org's, as ``spiders.parse.pages`` finds them. Each that somebody has said
becomes one flat mapping, whatever vocabulary and shape the site has chosen for it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, TypeAlias
from urllib.parse import urldefrag, urljoin

import attrs

from spiders.addresses import host_of, safe_link
from spiders.parse.fields import count
from spiders.parse.text import html_to_text

__all__ = ["said_on"]

Thing: TypeAlias = Mapping[str, Any]

_REVIEWS = frozenset({"Review", "UserReview", "CriticReview", "EmployerReview", "hReview"})
_REPLIES = frozenset({"Comment", "UserComments", "Answer", "CorrectionComment"})
_POSTINGS = frozenset({"DiscussionForumPosting", "SocialMediaPosting", "Question"})
_ARTICLES = frozenset({"Article", "NewsArticle", "BlogPosting", "LiveBlogPosting", "Report"})
_ARTICLES |= {"AnalysisNewsArticle", "OpinionNewsArticle", "ReportageNewsArticle"}
_ARTICLES |= {"ReviewNewsArticle", "BackgroundNewsArticle", "AdvertiserContentArticle"}

_BODIES = ("reviewBody", "articleBody", "commentText", "text", "description", "content", "body")
_TITLES = ("headline", "name", "summary", "title")
_DATES = ("datePublished", "dateCreated", "dtreviewed", "commentTime", "dateline", "uploadDate")
_AUTHORS = ("author", "creator", "reviewer", "accountablePerson")
_COUNTED = {"Like": "likes", "UserLikes": "likes", "Agree": "likes", "Share": "shares"}
_COUNTED |= {"UserTweets": "shares", "Comment": "replies", "UserComments": "replies"}
_COUNTED |= {"Reply": "replies", "View": "views", "Watch": "views", "UserPageVisits": "views"}
_COUNTED |= {"Read": "views", "UserPlays": "views", "Follow": "followers"}

_OWN_NUMBER = re.compile(r"\d{4,}|[0-9a-f]{8}", re.IGNORECASE)
_CHINESE_DATE = re.compile(
    r"(\d{4})\s*[年/.-]\s*(\d{1,2})\s*[月/.-]\s*(\d{1,2})\s*日?"
    r"(?:\s*T?(\d{1,2})\s*[:：时點点](\d{1,2})(?:\s*[:：分](\d{1,2}))?)?"
)
_CHINA = timezone(timedelta(hours=8))
_MOST = 5_000
_DEEPEST = 60


@attrs.frozen(kw_only=True)
class _Said:
    """A thing that somebody said, and the things around it, outermost first."""

    thing: Thing
    kind: str
    around: tuple[Thing, ...]


def said_on(things: Sequence[Any], *, url: str, language: str = "") -> list[dict[str, Any]]:
    """What people say in the things of a page at ``url``, each once, in their order.

    ``language`` is the page's own; times without a zone are China's on a Chinese page. An article
    or a discussion is known by its address, a review or a comment by its own address or number if
    it has one, else by what it is about, who wrote it and when, so that an edit does not make a
    new post of it.
    """
    known: dict[str, Thing] = {}
    said = list(_said(things, known))
    names = _names(said, url)
    found: dict[str, dict[str, Any]] = {}
    spoken: dict[tuple[str, str], str] = {}
    for one, name in zip(said, names, strict=True):
        item = _item(one, name, url=url, language=language, known=known)
        words = _digest(one.kind, (item["title"] or "") + (item["text"] or "")[:400])
        twin = spoken.get((words, item["author"].get("name") or "")) or spoken.get((words, ""))
        if twin in found:  # the same in JSON-LD and in microdata
            found[twin] = _filled(found[twin], item)
            continue
        if name in found:  # two by the same hand on the same day
            name = item["id"] = f"{name}:{words[:8]}"
        if name not in found:
            found[name] = item
            spoken[words, item["author"].get("name") or ""] = name
    return list(found.values())


def _said(things: Sequence[Any], known: dict[str, Thing]) -> Iterator[_Said]:
    """What somebody said, outer before inner; ``known`` is filled with what has an id."""
    waiting: list[tuple[Any, tuple[Thing, ...]]] = [(thing, ()) for thing in reversed(things)]
    most = _MOST
    while waiting and most:
        value, around = waiting.pop()
        if isinstance(value, list):
            waiting.extend((one, around) for one in reversed(value))
        elif isinstance(value, Mapping) and len(around) < _DEEPEST:
            most -= 1
            if _id(value) and _name(value):
                known.setdefault(_id(value) or "", value)
            kind = _kind(value)
            if kind:
                yield _Said(thing=value, kind=kind, around=around)
            inner = (*around, value) if _types(value) else around
            waiting.extend((v, inner) for v in reversed(list(value.values())))


def _types(thing: Thing) -> frozenset[str]:
    found = thing.get("@type")
    names = found if isinstance(found, list) else [found]
    return frozenset(
        re.split(r"[/#:]", name.rstrip("/"))[-1] for name in names if isinstance(name, str)
    )


def _kind(thing: Thing) -> str:
    types = _types(thing)
    for kind, names in (
        ("review", _REVIEWS),
        ("comment", _REPLIES),
        ("posting", _POSTINGS),
        ("article", _ARTICLES),
    ):
        if types & names:
            return kind
    return ""


# --- which is which ------------------------------------------------------------------------------


def _names(said: Sequence[_Said], url: str) -> list[str]:
    """An id for each."""
    page = urldefrag(url)[0]
    addresses = [_addresses(one, page) for one in said]
    uses: dict[str, int] = {}
    for given in addresses:
        for address in dict.fromkeys(given):
            uses[address] = uses.get(address, 0) + 1
    names = []
    for one, candidates in zip(said, addresses, strict=True):
        own = [a for a in candidates if uses[a] == 1 or one.kind in ("posting", "article")]
        if own:
            names.append(own[0])
        elif one.kind in ("posting", "article"):
            names.append(page)
        else:
            names.append(_made(one))
    return names


def _addresses(one: _Said, page: str) -> list[str]:
    """The addresses and numbers that may be a thing's own, the best first."""
    thing = one.thing
    main = _first(thing.get("mainEntityOfPage"))
    given = [thing.get("identifier"), thing.get("url"), _id(thing), main if _long(one) else None]
    outer = {urldefrag(a)[0] for t in one.around for a in (t.get("url"), _id(t)) if _text(a)}
    found = []
    for value in map(_first, given):
        value = _text(value)
        if not value or value.startswith("_:"):
            continue
        if not value.startswith(("http://", "https://", "/", "#", "?")):
            if _OWN_NUMBER.search(value) and len(value) < 200:
                found.append(f"{host_of(page)}:{one.kind}:{value}")
            continue
        address, fragment = urldefrag(urljoin(page, value))
        if _long(one):
            found.append(address)
        elif fragment.startswith("/") or (address != page and address not in outer):
            found.append(f"{address}#{fragment}" if fragment else address)
        elif _OWN_NUMBER.search(fragment):  # the same on whatever page of the list it stands
            found.append(f"{address.partition('?')[0]}#{fragment}")
    return found


def _long(one: _Said) -> bool:
    return one.kind in ("posting", "article")


def _made(one: _Said) -> str:
    thing = one.thing
    about = [t for t in (_first(thing.get("itemReviewed")), *reversed(one.around)) if t]
    subject = next((name for name in map(_name, about) if name), "")
    author, moment = _name(_author(thing)) or "", _text(_of(thing, _DATES)) or ""
    words = "" if author and moment else _text(_of(thing, _BODIES)) or ""
    return _digest(one.kind, subject, author, moment, words)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(" ".join(p.split()) for p in parts).encode()).hexdigest()[:32]


# --- what it says --------------------------------------------------------------------------------


def _item(
    one: _Said, name: str, *, url: str, language: str, known: Mapping[str, Thing]
) -> dict[str, Any]:
    thing = one.thing
    author = _author(thing)
    if isinstance(author, Mapping) and not _name(author):
        author = known.get(_id(author) or "", author)
    outer = [t for t in one.around if _kind(t) in ("comment", "posting", "article", "review")]
    title, text = _text(_of(thing, _TITLES)), _text(_of(thing, _BODIES))
    if one.kind == "comment" and text:
        title = None  # "Re: ..." is nobody's words
    own = _text(_first(thing.get("inLanguage")))
    item: dict[str, Any] = {
        "id": name,
        "title": title and html_to_text(title),
        "text": text and html_to_text(text),
        "published": _moment(_text(_of(thing, _DATES)), chinese=language.startswith("zh")),
        "url": _link(thing, url),
        "author": _person(author),
        "parent": _parent(thing, outer, url),
        "thread": _address_of(outer[0], url) if outer else None,
        "language": own or language or None,
        "media": _media(thing),
        "rating": _stars(thing),
    }
    return item | _counters(thing)


def _filled(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The first telling of a post, with what only the second knows."""
    missing = {k: v for k, v in second.items() if v and not first.get(k) and k != "id"}
    return first | missing


def _first(value: Any) -> Any:
    while isinstance(value, list):
        value = value[0] if value else None
    return value


def _text(value: Any) -> str | None:
    value = _first(value)
    if isinstance(value, Mapping):
        value = _first(value.get("@value", value.get("name", value.get("value"))))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def _of(thing: Thing, keys: Sequence[str]) -> Any:
    return next((thing[key] for key in keys if _text(thing.get(key))), None)


def _id(thing: Any) -> str | None:
    found = thing.get("@id") if isinstance(thing, Mapping) else None
    return found if isinstance(found, str) else None


def _name(thing: Any) -> str | None:
    thing = _first(thing)
    if isinstance(thing, Mapping):
        parts = (_text(thing.get("givenName")), _text(thing.get("familyName")))
        return (
            _text(thing.get("name"))
            or " ".join(p for p in parts if p)
            or _text(thing.get("alternateName"))
        )
    return _text(thing)


def _author(thing: Thing) -> Any:
    return next((_first(thing[key]) for key in _AUTHORS if _first(thing.get(key))), None)


def _person(author: Any) -> dict[str, Any]:
    name = _name(author)
    if not isinstance(author, Mapping):
        is_link = (name or "").startswith(("http://", "https://"))
        return {"id": name, "name": None if is_link else name}
    link = _text(author.get("url"))
    own = link if link and link.startswith(("http://", "https://")) else None
    followers = _counters(author).get("followers")
    return {"id": own or name, "name": name and html_to_text(name), "followers": followers}


def _link(thing: Thing, url: str) -> str | None:
    given = _text(_first(thing.get("url")))
    return safe_link(urljoin(url, given)) if given else safe_link(url)


def _address_of(outer: Thing, url: str) -> str:
    return _names([_Said(thing=outer, kind=_kind(outer), around=())], url)[0]


def _parent(thing: Thing, outer: Sequence[Thing], url: str) -> str | None:
    named = _first(thing.get("parentItem"))
    if isinstance(named, Mapping):
        named = _id(named) or _text(named.get("url"))
    if isinstance(named, str) and named:
        return urljoin(url, named)
    return _address_of(outer[-1], url) if outer else None


def _media(thing: Thing) -> str | None:
    for key in ("video", "audio", "image", "associatedMedia"):
        value = _first(thing.get(key))
        if value:
            kinds = " ".join(_types(value)).lower() if isinstance(value, Mapping) else ""
            return key if key != "associatedMedia" else kinds.removesuffix("object") or "image"
    return None


def _stars(thing: Thing) -> float | None:
    given = _first(thing.get("reviewRating") or thing.get("rating"))
    if not isinstance(given, Mapping):
        given = {"ratingValue": given}
    value = _number(given.get("ratingValue") or given.get("value"))
    best, worst = (
        _number(given.get("bestRating") or given.get("best")),
        _number(given.get("worstRating") or given.get("worst")),
    )
    if value is None:
        return None
    if best is None:
        best = 5.0 if value <= 5 else 10.0 if value <= 10 else 100.0
    least = worst if worst is not None else 0.0
    if best <= 0 or not min(least, 0.0) <= value <= best:
        return None
    return round(value * 5.0 / best, 2)


def _number(value: Any) -> float | None:
    text = _text(value)
    found = re.fullmatch(r"(\d+(?:[.,]\d+)?)(?:\s*/\s*\d+)?\D{0,10}", text) if text else None
    return float(found[1].replace(",", ".")) if found else None


def _counters(thing: Thing) -> dict[str, int]:
    """The counters that a thing shows; what it hides is absent."""
    found: dict[str, int] = {}
    for key, counter in (
        ("commentCount", "replies"),
        ("answerCount", "replies"),
        ("upvoteCount", "likes"),
    ):
        number = count(_text(thing.get(key)))
        if number is not None:
            found[counter] = number
    given = thing.get("interactionStatistic") or thing.get("interactionCount")
    for one in given if isinstance(given, list) else [given]:
        kind, number = _interaction(one)
        if kind and number is not None:
            found.setdefault(kind, number)
    return found


def _interaction(one: Any) -> tuple[str, int | None]:
    """Which counter it is, and where it stands."""
    if isinstance(one, str):  # "UserComments:1234", before there were counters
        name, _, written = one.partition(":")
        return _COUNTED.get(name.strip(), ""), count(written.replace(",", ""))
    if not isinstance(one, Mapping):
        return "", None
    action = _first(one.get("interactionType"))
    if isinstance(action, Mapping):
        action = next(iter(sorted(_types(action))), "")
    name = re.split(r"[/#:]", str(action or ""))[-1].removesuffix("Action")
    number = count(_text(one.get("userInteractionCount") or one.get("interactionCount")))
    return _COUNTED.get(name, ""), number


def _moment(text: str | None, *, chinese: bool) -> str | datetime | None:
    """A time as the site wrote it; on a Chinese page one without a zone is China's."""
    found = _CHINESE_DATE.match(text.strip()) if text else None
    if not found or not (chinese or "年" in (text or "")):
        return text
    if found.end() < len((text or "").strip()):
        return text  # seconds with a fraction, a zone
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=_CHINA)
    except ValueError:
        return None
