"""Which brands a post is about, and where in its text.

>>> from datetime import UTC, datetime
>>> from monitor.domain import PostKey
>>> delta = Brand(
...     id="delta",
...     name="Delta Air Lines",
...     aliases=("Delta", "达美航空"),
...     required=("flight*", "bag*", "airport", "航班"),
...     excluded=("river delta",),
... )
>>> def spans(text: str) -> list[tuple[int, int]]:
...     key, now = PostKey("example", "1"), datetime(2026, 1, 1, tzinfo=UTC)
...     post = Post(key=key, text=text, published_at=now)
...     return [span for mention in Matcher([delta]).match(post) for span in mention.spans]
>>> spans("Delta lost my bags"), spans("坐Delta航班"), spans("達美航空的航班")
([(0, 5)], [(1, 6)], [(0, 4)])
>>> spans("Delta of an option"), spans("The river delta from my flight")
([], [])
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

import attrs

from monitor.domain import Brand, Mention, Post, Span
from monitor.incidents.query import PreparedText, Query, Term, merged, parse

__all__ = ["Matcher"]

_APART = ("languages", "sources", "taxonomy")
_RULES = 1
"""Grows when the rules change, so that posts are matched again."""


class Matcher:
    """Finds brands in posts by the rules of ``Brand``.

    A language that the platform claims must be one of the brand's, where it names any; a post
    without a claim passes, its language is known later.
    """

    def __init__(self, brands: Sequence[Brand]) -> None:
        ids = [brand.id for brand in brands]
        if len(set(ids)) < len(ids):
            doubled = sorted({one for one in ids if ids.count(one) > 1})
            raise ValueError(f"two brands have the same id: {', '.join(doubled)}; rename one")
        self._watched = [_Watched.of(brand) for brand in brands]
        self.fingerprint = _fingerprint(brands)
        """Stands for the brands as they are defined: matched under another, a post is due again."""

    def match(self, post: Post) -> list[Mention]:
        """A mention for each brand that the post is about."""
        text = PreparedText(post.text)
        language = _primary(post.language_hint)
        found = []
        for watched in self._watched:
            spans = watched.spans(text, language)
            if spans or watched.is_told_by(post.key.source, language):
                mention = Mention(post=post.key, brand=watched.id, spans=merged(text.places(spans)))
                found.append(mention)
        return found


@attrs.frozen(kw_only=True)
class _Watched:
    """A brand with its words compiled."""

    id: str
    handles: tuple[Term, ...]
    names: tuple[Term, ...]
    aliases: tuple[Term, ...]
    required: tuple[Term, ...]
    excluded: tuple[Term, ...]
    query: Query | None
    languages: frozenset[str]
    sources: frozenset[str]
    anchors: tuple[str, ...]
    """One of these is in every text that mentions it: most posts are done with after a look."""

    @classmethod
    def of(cls, brand: Brand) -> _Watched:
        handles = _terms(brand, "handle", [f"@{handle.lstrip('@')}" for handle in brand.handles])
        names = _terms(brand, "name", [brand.name])
        aliases = _terms(brand, "alias", brand.aliases)
        return cls(
            id=brand.id,
            handles=handles,
            names=names,
            aliases=aliases,
            required=_terms(brand, "required word", brand.required),
            excluded=_terms(brand, "excluded word", brand.excluded),
            query=None if brand.query is None else parse(brand.query),
            languages=frozenset(_primary(language) or "" for language in brand.languages),
            sources=brand.sources,
            anchors=tuple({term.anchor for term in (*handles, *names, *aliases)}),
        )

    def is_told_by(self, source: str, language: str | None) -> bool:
        """Whether everything that a source brings in this language is about the brand."""
        return source in self.sources and not self._is_foreign(language)

    def _is_foreign(self, language: str | None) -> bool:
        return bool(self.languages) and language is not None and language not in self.languages

    def spans(self, text: PreparedText, language: str | None) -> list[Span]:
        """Where the folded text names the brand; nothing where it is not about it."""
        folded = text.folded
        if not any(anchor in folded for anchor in self.anchors):
            return []
        if self._is_foreign(language):
            return []
        spans = _found(self.handles, text)
        if not _any(self.excluded, text):
            spans += _found(self.names, text)
            if not self.required or _any(self.required, text):
                spans += _found(self.aliases, text)
        if spans and self.query is not None and not self.query.matches(text):
            return []
        return spans


def _found(terms: Iterable[Term], text: PreparedText) -> list[Span]:
    return [span for term in terms for span in term.spans(text)]


def _any(terms: Iterable[Term], text: PreparedText) -> bool:
    return any(term.within(text) for term in terms)


def _terms(brand: Brand, what: str, words: Iterable[str]) -> tuple[Term, ...]:
    try:
        return tuple(Term(word.removesuffix("*"), prefix=word.endswith("*")) for word in words)
    except ValueError as error:
        raise ValueError(f"brand {brand.id}, {what}: {error}") from error


def _primary(tag: str | None) -> str | None:
    """The language of a BCP 47 tag without script and region; ``None`` where it claims nothing."""
    if not tag:
        return None
    language = tag.replace("_", "-").partition("-")[0].casefold()
    return None if language == "und" else language


def _fingerprint(brands: Sequence[Brand]) -> str:
    definitions = [
        attrs.asdict(brand, filter=lambda field, _: field.name not in _APART)
        | {name: sorted(getattr(brand, name)) for name in ("languages", "sources")}
        for brand in sorted(brands, key=lambda one: one.id)
    ]
    said = json.dumps([_RULES, definitions], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()[:16]
