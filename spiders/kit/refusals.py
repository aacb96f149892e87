"""What a platform's own words for an error mean: a quota that is used up is no wrong key."""

from __future__ import annotations

import json
from collections.abc import Sequence

import attrs

from monitor.domain import Health
from spiders.addresses import place_of
from spiders.kit.documents import found_in
from spiders.page import SourceError
from spiders.parse.text import shown
from spiders.web import Fetched

__all__ = ["GONE", "Refusal", "understood"]


@attrs.frozen(kw_only=True)
class Refusal:
    """An error answer that a platform documents.

    Its status is one of ``status``, and ``says`` (JMESPath) finds something true in its body, as
    far as they are given. ``health`` names the trouble and ``advice`` says what to do; without a
    health what was asked for is gone. ``words`` finds the platform's own sentence.
    """

    says: str = ""
    status: tuple[int, ...] = ()
    health: Health | None = None
    advice: str = ""
    words: str = ""

    def fits(self, answer: Fetched, told: object) -> bool:
        """Whether an answer is this refusal; ``told`` is its body, if that is JSON."""
        if self.status and answer.status not in self.status:
            return False
        return not self.says or bool(found_in(told, self.says))


GONE = 404
"""The status of an answer that says that something is gone, however the platform says so."""


def understood(error: SourceError, refusals: Sequence[Refusal]) -> SourceError | Fetched:
    """The trouble that an error answer means, the first that fits; itself where none does.

    What is gone comes as an answer with the status ``GONE``.
    """
    answer = error.answer
    if answer is None:
        return error
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        told = {"body": answer.body[:1_000].decode("utf-8", "replace")}
    refusal = next((one for one in refusals if one.fits(answer, told)), None)
    if refusal is None:
        return error
    if refusal.health is None:
        return attrs.evolve(answer, status=GONE)
    words = found_in(told, refusal.words) if refusal.words else None
    said = f" ({shown(words, 160)})" if isinstance(words, str) and words else ""
    detail = f"{place_of(answer.url)} answers {answer.status}{said}: {refusal.advice}"
    return SourceError(refusal.health, detail, answer)
