"""What a brand's public post promises, and by when.

>>> from datetime import UTC
>>> from pathlib import Path
>>> from nlp.responses import load_replies
>>> finder = PromiseFinder(ReplyReader(load_replies(Path("config/responses.yaml"))))
>>> text = "We're looking into it and will get back to you by Friday. Please DM us your number."
>>> monday = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
>>> for one in finder.find(text, monday):
...     due = f"{one.due_at:%a %H:%M}" if one.due_at else "no time named"
...     print(one.kind.value, repr(text[slice(*one.span)]), due)
reply 'and will get back' Fri 23:59
action "We're looking into" Fri 23:59
handoff 'Please DM' no time named
"""

from __future__ import annotations

from datetime import datetime

import attrs

from monitor.casework import PromiseKind
from monitor.domain import Span
from nlp.deadlines import deadline
from nlp.folding import Folded
from nlp.responses import ReplyReader

__all__ = ["PromiseFinder", "Promised"]


@attrs.frozen(kw_only=True)
class Promised:
    """One thing that a post promises; ``due_at`` is ``None`` where it names no time, or "soon"."""

    kind: PromiseKind
    span: Span
    due_at: datetime | None


@attrs.frozen
class PromiseFinder:
    """Finds what a post binds its brand to: of each kind one promise, with the latest time."""

    replies: ReplyReader

    def find(self, text: str, said_at: datetime) -> tuple[Promised, ...]:
        """The promises of a post; "by Friday" is read as of ``said_at``, in its time zone."""
        folded = Folded.of(text).text
        found: dict[PromiseKind, Promised] = {}
        for bound in self.replies.bound(text):
            due_at = deadline(folded[slice(*bound.sentence)], said_at)
            if bound.kind is PromiseKind.HANDOFF:
                due_at = None  # a time beside "DM us" is the customer's, not the brand's
            known = found.get(bound.kind)
            if known is None:
                found[bound.kind] = Promised(kind=bound.kind, span=bound.span, due_at=due_at)
            elif due_at is not None and (known.due_at is None or due_at > known.due_at):
                found[bound.kind] = attrs.evolve(known, due_at=due_at)
        return tuple(found[kind] for kind in PromiseKind if kind in found)
