"""What came of sending one message: whether to try again, and why.

Every reason is written for a person, and none holds a secret or a webhook's address.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

import attrs

__all__ = ["Cause", "Outcome", "Refused", "Retry", "Sent"]


class Cause(StrEnum):
    """Why a message did not go out. All but REFUSED concern the channel, not the one message."""

    NETWORK = "network"
    BUSY = "busy"
    RATE_LIMIT = "rate_limit"
    AUTH = "auth"
    SETTINGS = "settings"
    REFUSED = "refused"
    CUT_SHORT = "cut_short"


@attrs.frozen
class Sent:
    """The provider took the message; ``reference`` is what it calls it, where it says so."""

    reference: str = ""


@attrs.frozen
class Retry:
    """Try again later: ``after`` where the provider said when.

    ``perhaps_arrived`` tells that the message had left before the answer got lost.
    """

    reason: str
    after: timedelta | None = None
    perhaps_arrived: bool = False
    cause: Cause = Cause.NETWORK


@attrs.frozen
class Refused:
    """A person has to mend something.

    Where ``final`` is false it may be mended without touching the message (a password, a webhook
    that was switched off), so the message keeps being tried; a final one is given up.
    """

    reason: str
    final: bool = True
    cause: Cause = Cause.REFUSED


Outcome: TypeAlias = Sent | Retry | Refused
