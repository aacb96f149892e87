"""What one look at a source gave: a page of posts, or a named trouble."""

from __future__ import annotations

import attrs

from monitor.domain import Deletion, Health, Observation
from spiders.web import Fetched

__all__ = ["Page", "SourceError"]


@attrs.frozen(kw_only=True)
class Page:
    """Posts that were seen together.

    ``cursor`` is where the next crawl of the same query may begin once these posts are stored;
    ``None`` means: not yet, more of this query is to come. ``skipped`` counts entries that could
    not be read, so that a source that changes its format does not go quiet unnoticed.
    """

    observations: tuple[Observation, ...] = ()
    deletions: tuple[Deletion, ...] = ()
    cursor: str | None = None
    skipped: int = 0


class SourceError(Exception):
    """Why a source could not be heard; ``detail`` names the place and says what to do.

    ``answer`` is what the server said, where its status is why.
    """

    def __init__(self, health: Health, detail: str, answer: Fetched | None = None) -> None:
        super().__init__(f"{health}: {detail}")
        self.health = health
        self.detail = detail
        self.answer = answer
