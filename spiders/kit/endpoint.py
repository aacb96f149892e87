"""One address of a source, declared: what is asked for, and how the answer is read. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import urljoin, urlsplit

import attrs
from parsel import Selector

from monitor.domain import (
    Author,
    Deletion,
    EngagementSnapshot,
    MediaKind,
    Observation,
    Post,
    PostKey,
)
from spiders.addresses import host_of, safe_link
from spiders.kit.allowance import Allowance
from spiders.kit.documents import Document, Form, found_in, open_document
from spiders.kit.fields import (
    Field,
    Fields,
    Person,
    Piece,
    as_language,
    as_media,
    as_moment,
    as_rating,
)
from spiders.kit.templates import Ask, filled, path_pattern
from spiders.page import Page
from spiders.parse.answers import unreadable
from spiders.parse.fields import count, not_after, short_id
from spiders.parse.text import plain
from spiders.web import Fetched

__all__ = ["Answer", "Endpoint", "Items", "Next", "numbered"]

_MALFORMED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, OSError)


@attrs.frozen(kw_only=True)
class Answer:
    """An answer that was read: its data as JSON gives them (or a selector), and its posts.

    ``html`` is the page, where it is one. ``asked`` is what stood in ``{page}`` when it was asked.
    """

    url: str
    headers: Mapping[str, str]
    data: Any = attrs.field(repr=False)
    html: Selector | None = attrs.field(default=None, repr=False)
    page: Page = attrs.field(factory=Page)
    asked: str = ""


Items: TypeAlias = str | Callable[[Answer], Any]
"""Where the items are: an expression, or a function of the answer (joins, trees)."""

Next: TypeAlias = str | Callable[[Answer], str | None]
"""What stands in ``{page}`` for the next page: an expression, or a function; nothing ends it."""


def numbered(more: str = "") -> Callable[[Answer], str | None]:
    """Pages have numbers from 1; ``more`` is the JMESPath that says whether there is another.

    Without it there is another as long as a page brings posts.
    """

    def following(answer: Answer) -> str | None:
        goes_on = found_in(answer.data, more) if more else answer.page.observations
        return str(int(answer.asked or 1) + 1) if goes_on else None

    return following


@attrs.frozen(kw_only=True)
class Endpoint:
    """An address with gaps (``spiders.kit.templates``), and what its answer means.

    ``items`` finds the list of posts, ``@`` being the whole answer; one object stands for a list
    of one. ``page_size`` is what the source gives at most on a page, and fills ``{limit}``;
    ``first_page`` fills ``{page}`` at first; at most ``pages`` are turned in one crawl.
    ``newest_first`` ends the turning at what is known or too old. ``cost`` is charged to
    ``allowance``. For looking again, up to ``batch`` ids fill ``{ids}``, joined by ``joint``; those
    of ids that match ``takes`` (its first group, if it has one); ``missing_are_gone`` where an id
    that is asked for and not answered is deleted. ``path`` is a pattern of its own for the paths
    of the saved answers that belong here, where the one that the address makes will not do.
    """

    url: str | Callable[[Ask], str]
    fields: Fields
    items: Items = "@"
    form: Form = "json"
    headers: Mapping[str, str] = attrs.field(factory=dict)
    next: Next | None = None
    next_link: str | None = None
    first_page: str = ""
    page_size: int = 100
    pages: int = 10
    newest_first: bool = True
    cost: int = 1
    allowance: Allowance | None = None
    batch: int = 1
    joint: str = ","
    takes: str = ""
    missing_are_gone: bool = False
    path: str = ""

    def address(self, ask: Ask) -> str:
        """The address to ask."""
        return filled(self.url, ask) if isinstance(self.url, str) else self.url(ask)

    def fits(self, url: str) -> bool:
        """Whether an answer from this address is one of this endpoint."""
        pattern = self.path or (path_pattern(self.url) if isinstance(self.url, str) else "")
        return bool(pattern) and re.fullmatch(pattern, urlsplit(url).path) is not None

    def read(self, fetched: Fetched, *, source: str, expected: str, asked: str = "") -> Answer:
        """The posts of an answer; raises ``SourceError`` where it is not what was expected."""
        document = open_document(
            self.form,
            fetched.body,
            url=fetched.url,
            content_type=fetched.headers.get("content-type", ""),
            expected=expected,
        )
        answer = Answer(
            url=fetched.url,
            headers=fetched.headers,
            data=document.data,
            html=document.html,
            asked=asked,
        )
        try:
            items = (
                document.items(self.items) if isinstance(self.items, str) else self.items(answer)
            )
        except _MALFORMED:
            items = None
        if isinstance(items, Mapping):
            items = [items]
        if not isinstance(items, list):
            raise unreadable(fetched.body, url=fetched.url, found="no list", expected=expected)
        page = _Reader(document, self.fields, source, fetched.observed_at).page(items)
        if page.skipped and not page.observations and not page.deletions:
            found = f"{page.skipped} entries in an unknown form"
            raise unreadable(fetched.body, url=fetched.url, found=found, expected=expected)
        return attrs.evolve(answer, page=page)

    def following(self, answer: Answer) -> str | None:
        """What fills ``{page}`` next; ``None`` at the end."""
        if self.next is None:
            return None
        try:
            if callable(self.next):
                return self.next(answer)
            found = found_in(answer.data, self.next)
        except _MALFORMED:
            return None
        if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
            return None
        return plain(str(found))[:2_000]

    def following_address(self, answer: Answer) -> str | None:
        """The link to the next page of an HTML page, if it stays on the same host."""
        if self.next_link is None or answer.html is None:
            return None
        try:
            found = answer.html.css(self.next_link).get()
            url = safe_link(urljoin(answer.url, found or ""))
        except _MALFORMED:
            return None
        if not found or url is None or host_of(url) != host_of(answer.url):
            return None
        return url


@attrs.frozen
class _Reader:
    """Reads items as posts; what cannot be read is counted, and costs the others nothing."""

    document: Document
    fields: Fields
    source: str
    observed_at: datetime

    def page(self, items: list[Any]) -> Page:
        seen: dict[PostKey, Observation] = {}
        gone: dict[PostKey, Deletion] = {}
        skipped = 0
        for item in items:
            try:
                found = self._read(item)
            except _MALFORMED:
                skipped += 1
                continue
            if isinstance(found, Observation):
                seen.setdefault(found.post.key, found)
            elif found is not None:
                gone.setdefault(found.key, found)
        return Page(
            observations=tuple(seen.values()), deletions=tuple(gone.values()), skipped=skipped
        )

    def _read(self, item: Any) -> Observation | Deletion | None:
        """One post, or that it is gone, or ``None`` where it is nobody's business."""
        fields = self.fields
        if self._found(fields.left_out, item):
            return None
        key = self._key(fields.id, item)
        if key is None:
            raise ValueError("no id")
        if self._found(fields.deleted, item):
            return Deletion(key=key, observed_at=self.observed_at)
        published_at = self._published(item)
        text, media = self._text(item), as_media(self._found(fields.media, item))
        if not text and media is MediaKind.NONE:
            return None
        parent, thread = self._key(fields.parent, item), self._key(fields.thread, item)
        post = Post(
            key=key,
            text=text,
            published_at=published_at,
            url=safe_link(self._found(fields.url, item)),
            author=self._author(fields.author, item),
            parent=None if parent == key else parent,
            thread=None if thread == key else thread,
            language_hint=as_language(self._found(fields.language, item)),
            media=media,
            rating=as_rating(self._found(fields.rating, item)),
        )
        return Observation(
            post=post, observed_at=self.observed_at, snapshot=self._snapshot(key, item)
        )

    def _found(self, field: Field | None, item: Any) -> Any:
        if field is None:
            return None
        expression = field.expression if isinstance(field, Piece) else field
        try:
            value = (
                self.document.find(expression, item)
                if isinstance(expression, str)
                else expression(item)
            )
            return field.convert(value) if isinstance(field, Piece) else value
        except _MALFORMED:
            return None

    def _key(self, field: Field | None, item: Any) -> PostKey | None:
        native_id = self._id(field, item)
        return PostKey(source=self.source, native_id=native_id) if native_id else None

    def _id(self, field: Field | None, item: Any) -> str:
        value = self._found(field, item)
        if isinstance(value, bool) or not isinstance(value, str | int):
            return ""
        return short_id(str(value))

    def _words(self, field: Field | None, item: Any) -> str | None:
        value = self._found(field, item)
        return plain(value) if isinstance(value, str) else None

    def _line(self, field: Field | None, item: Any) -> str | None:
        return (self._words(field, item) or "").replace("\n", " ") or None

    def _text(self, item: Any) -> str:
        title, body = self._words(self.fields.title, item), self._words(self.fields.text, item)
        if title is None and body is None:
            raise ValueError("no text")
        title = (title or "").replace("\n", " ")
        if title and body and body.startswith(title.rstrip("….").rstrip()):
            return body
        return "\n".join(part for part in (title, body) if part)

    def _published(self, item: Any) -> datetime:
        field = self.fields.published_at
        moment = as_moment(self._found(field, item))
        if moment is not None:
            return not_after(moment, self.observed_at)
        if field is not None and not self.fields.undated:
            raise ValueError("no time")
        return self.observed_at

    def _author(self, person: Person | None, item: Any) -> Author | None:
        if person is None:
            return None
        handle, name = self._line(person.handle, item), self._line(person.name, item)
        native_id = self._id(person.id, item) or short_id(handle or name or "")
        if not native_id:
            return None
        return Author(
            native_id=native_id,
            handle=handle,
            name=name,
            followers=count(self._found(person.followers, item)),
        )

    def _snapshot(self, key: PostKey, item: Any) -> EngagementSnapshot | None:
        if not self.fields.counters:
            return None
        counts = {
            name: count(self._found(getattr(self.fields, name), item))
            for name in self.fields.counters
        }
        if all(value is None for value in counts.values()):
            return None
        return EngagementSnapshot(key=key, taken_at=self.observed_at, **counts)
