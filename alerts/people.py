"""The people who act on alerts, and by what they are known elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable

import attrs
from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["People", "PersonOptions"]


class PersonOptions(BaseModel):
    """Somebody who is told of incidents and takes them on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=60, description="What colleagues call them; unique.")
    mail: str | None = Field(default=None, description="Their mail address.")
    slack: str | None = Field(default=None, description="Their Slack member ID (U…).")

    @field_validator("slack")
    @classmethod
    def _a_member_id(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[UW][A-Z0-9]+", value):
            raise ValueError(
                "must be the member ID, such as U0123ABCD, which their profile in Slack shows under"
                " ⋮, Copy member ID; their name is not enough"
            )
        return value


def _all(known: Iterable[PersonOptions]) -> tuple[PersonOptions, ...]:
    return tuple(known)


@attrs.frozen
class People:
    """Names for those who act.

    >>> people = People([PersonOptions(name="Mei", slack="U01", mail="mei@example.com")])
    >>> people.on_slack("U01"), people.by_mail("Mei@example.com"), people.by_mail("x@example.com")
    ('Mei', 'Mei', 'x@example.com')
    """

    known: tuple[PersonOptions, ...] = attrs.field(converter=_all)

    def on_slack(self, member: str, otherwise: str = "") -> str:
        """The name of a Slack member; ``otherwise``, or the id itself, where it is unknown."""
        return self._name((p.name for p in self.known if p.slack == member), otherwise or member)

    def by_mail(self, address: str) -> str:
        """The name of whoever has this address; the address itself where that is unknown."""
        mine = (p.name for p in self.known if p.mail and p.mail.lower() == address.lower())
        return self._name(mine, address)

    def slack_of(self, name: str) -> str | None:
        """The Slack member id of a person; ``None`` where it is unknown."""
        return next((p.slack for p in self.known if p.name == name), None)

    def _name(self, names: Iterable[str], otherwise: str) -> str:
        return next(iter(names), otherwise)
