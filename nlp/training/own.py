"""Posts that the project itself wrote and labelled for training.

They show what the collections lack: complaints that are dry, polite or ironic, what makes a
complaint worse, and posts that look like complaints and are none. Another hand than that which
wrote ``benchmarks/judged`` wrote them.
"""

from __future__ import annotations

from pathlib import Path

import attrs

from monitor.domain import Aggravator
from nlp.training.corpus import SENTIMENTS, Example, Part, part_of

__all__ = ["OWN_POSTS", "OwnPost", "own_examples", "own_posts"]

OWN_POSTS = "own_posts"
"""The name of this source in the recipe."""

_PLACES = tuple(Path(__file__).with_name(f"own_posts_{language}.tsv") for language in ("en", "zh"))
_NOT_ASKED = "?"
_NONE = "-"


@attrs.frozen(kw_only=True)
class OwnPost:
    """A post with its labels; ``aggravators`` is ``None`` where they were not asked for."""

    text: str
    language: str
    sentiment: str
    complaint: bool
    aggravators: frozenset[Aggravator] | None


def own_posts() -> list[OwnPost]:
    """All of them, one language after the other."""
    return [
        _read(line) for place in _PLACES for line in place.read_text(encoding="utf-8").splitlines()
    ]


def own_examples(part: Part) -> list[Example]:
    """One part of them, as the network is taught them."""
    return [
        Example(
            text=post.text,
            language=post.language,
            source=OWN_POSTS,
            sentiment=SENTIMENTS.index(post.sentiment),
            complaint=int(post.complaint),
        )
        for post in own_posts()
        if part_of(post.text) is part
    ]


def _read(line: str) -> OwnPost:
    language, sentiment, complaint, kinds, text = line.split("\t")
    named = [] if kinds == _NONE else kinds.split("|")
    return OwnPost(
        text=text,
        language=language,
        sentiment=sentiment,
        complaint=complaint == "1",
        aggravators=None if kinds == _NOT_ASKED else frozenset(map(Aggravator, named)),
    )
