"""What became of a story beside growing: it took others in, went into another, or was split."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

__all__ = ["Change", "ChangeKind"]


class ChangeKind(StrEnum):
    """What happened to an incident, seen from that incident."""

    TOOK_IN = "took_in"
    """Another story turned out to tell the same, and its posts came here."""
    WENT_INTO = "went_into"
    """It turned out to tell the same as another, and its posts went there."""
    LET_GO = "let_go"
    """Its later posts turned out to tell something else, and left for an incident of their own."""
    CAME_OUT = "came_out"
    """It is such later posts of another."""


@attrs.frozen(kw_only=True)
class Change:
    """A line of an incident's history, written in the transaction that moved the posts."""

    incident: str
    at: datetime
    kind: ChangeKind
    other: str
    """The story that the posts came from or went to; it may be stored no more."""
    title: str = ""
    """What a story that was taken in was called; ``…`` where posts that it may quote are deleted.
    Empty where the other story is there to tell what it is called."""
    posts: int
    """How many posts moved."""
