"""The letter about promises of a brand that are overdue: what was promised, where, who owns it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from alerts.aftermath import promise_name
from alerts.i18n import Reader, Words
from alerts.letter import Letter
from alerts.pages import html_page, plain_text
from alerts.untrusted import isolated, one_line, safe_link
from monitor.casework import Promise

__all__ = ["Overdue", "promise_letter"]

_MOST = 10
_BEFORE, _AFTER = 40, 160


@attrs.frozen(kw_only=True)
class Overdue:
    """A promise that was not kept, with the post that makes it; ``owner`` is empty for nobody."""

    promise: Promise
    text: str
    url: str | None = None
    owner: str = ""


def promise_letter(
    overdue: Sequence[Overdue], brand_name: str, reader: Reader, now: datetime
) -> Letter:
    """What is overdue, the longest first, and what to do, in the reader's words."""
    words = Words(reader)
    brand = one_line(brand_name, 60)
    subject = words.say(
        "[Promise] {brand}: {count}",
        brand=brand,
        count=words.count(
            "{n} public promise is overdue", "{n} public promises are overdue", len(overdue)
        ),
    )
    ordered = sorted(overdue, key=lambda one: (one.promise.due_at, one.promise.post))
    lines = [line for one in ordered[:_MOST] for line in _lines(one, words)]
    if len(ordered) > _MOST:
        lines.append(words.say("And {n} more.", n=words.number(len(ordered) - _MOST)))
    lines.append(
        words.say(
            "Answer in public, or say that it was kept: `sparkwatch promises keep`; "
            "`sparkwatch promises` lists them all."
        )
    )
    lines.append(
        words.say(
            "Sent {time}. Times are in {zone}.", time=words.when(now), zone=words.zone_note(now)
        )
    )
    values = {"subject": subject, "lines": tuple(lines), "colour": "high"}
    return Letter(
        subject=subject,
        text=plain_text("source.txt.j2", words, values),
        html=html_page("source.html.j2", words, values),
    )


def _lines(overdue: Overdue, words: Words) -> list[str]:
    promise = overdue.promise
    begin, end = promise.span
    said = one_line(overdue.text[max(0, begin - _BEFORE) : end + _AFTER], _BEFORE + _AFTER)
    owner = isolated(one_line(overdue.owner, 60)) or words.say("no owner")
    told = words.say(
        "{what}, promised {made}, due {due}: “{said}” · {owner}",
        what=promise_name(promise.kind, words),
        made=words.when(promise.made_at),
        due=words.when(promise.due_at),
        said=isolated(said),
        owner=owner,
    )
    link = safe_link(overdue.url)
    return [told, link] if link else [told]
