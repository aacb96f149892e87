"""Many incidents at once as one letter: the gravest by name, the rest by number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import attrs

from alerts.i18n import Reader, Words
from alerts.letter import Letter
from alerts.pages import html_page, plain_text
from alerts.reasons import sentence
from alerts.untrusted import isolated, one_line, safe_link
from monitor.domain import Level, Reason

__all__ = ["NAMED", "Member", "group_letter"]

NAMED = 8
"""So many incidents of a group are told by name."""


@attrs.frozen(kw_only=True)
class Member:
    """One incident of a group, ``url`` being the address of its first post."""

    incident: str
    title: str
    level: Level
    posts: int
    authors: int
    url: str | None = None


@attrs.frozen(kw_only=True)
class _Line:
    title: str
    told: str
    link: str | None


def group_letter(
    brand_name: str,
    members: Sequence[Member],
    reader: Reader,
    now: datetime,
    again: Reason | None = None,
) -> Letter:
    """The incidents of one brand that a team is told of together, the gravest first.

    ``again`` is why it is told of them once more.
    """
    words = Words(reader)
    gravest = members[0].level
    brand = one_line(brand_name, 60)
    n = words.number(len(members))
    subject = words.say(
        "[{level}] {brand}: {n} incidents at once", level=words.level(gravest), brand=brand, n=n
    )
    counted = Counter(one.level for one in members)
    levels = " · ".join(
        f"{words.level(level)} {words.number(counted[level])}"
        for level in reversed(Level)
        if counted[level]
    )
    more = len(members) - NAMED
    values = {
        "subject": subject,
        "colour": gravest.value,
        "again": sentence(again, words) if again else "",
        "levels": words.say("Too many to tell one by one: {levels}", levels=levels),
        "lines": [_line(one, words) for one in members[:NAMED]],
        "more": words.say("And {n} more.", n=words.number(more)) if more > 0 else "",
        "to_do": words.say(
            "Look whether they have one cause. `sparkwatch incidents` lists them all, and "
            "`sparkwatch why` with an id tells the story of one."
        ),
        "open_post": words.say("open the post"),
        "footer": words.say(
            "Sent {time}. Times are in {zone}.", time=words.when(now), zone=words.zone_note(now)
        ),
    }
    return Letter(
        subject=subject,
        text=plain_text("group.txt.j2", words, values),
        html=html_page("group.html.j2", words, values),
    )


def _line(one: Member, words: Words) -> _Line:
    parts = (
        words.level(one.level),
        words.count("{n} post", "{n} posts", one.posts),
        words.count("{n} person", "{n} people", one.authors),
        one_line(one.incident, 40),
    )
    return _Line(
        title=isolated(one_line(one.title, 100)),
        told=" · ".join(parts),
        link=safe_link(one.url),
    )
