"""What every channel has in common: who reads it, from which level on, and what it can do."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from alerts.brief import Brief, Update
from alerts.i18n import Language, Reader
from alerts.letter import Letter
from alerts.outcome import Outcome
from monitor.domain import Delivery, Level

__all__ = ["Channel", "ReceiverOptions", "SecretError", "fingerprint", "read_secret"]


class ReceiverOptions(BaseModel):
    """The options that every channel has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        min_length=1,
        max_length=60,
        pattern=r"^[\w.-]+$",
        description="How the channel is called in messages and in the outbox.",
    )
    min_level: Level = Field(
        default=Level.HIGH, description="The lowest level that is sent here: watch, high, critical."
    )
    language: Language = Field(
        default=Language.ENGLISH, description="The language of its messages: en, zh-Hans, zh-Hant."
    )
    timezone: str = Field(
        default="UTC", description="The IANA time zone of its readers, such as Asia/Taipei."
    )

    failover: str | None = Field(
        default=None,
        description="The channel that carries its alerts when it does not get them through.",
    )
    failover_minutes: float = Field(
        default=5, gt=0, le=1440, description="How long an alert waits before that, in minutes."
    )
    critical_failover_minutes: float = Field(
        default=1, gt=0, le=1440, description="The same for critical alerts."
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return Reader(timezone=value).timezone

    def failover_after(self, level: Level) -> timedelta:
        """How long an alert of this level waits here before it goes by another channel."""
        critical = level is Level.CRITICAL
        return timedelta(
            minutes=self.critical_failover_minutes if critical else self.failover_minutes
        )

    @property
    def reader(self) -> Reader:
        """For whom its messages are written."""
        return Reader(language=self.language, timezone=self.timezone)


class Channel(Protocol):
    """A way to people. Writing a message is pure; only :meth:`send` and :meth:`probe` go out."""

    @property
    def options(self) -> ReceiverOptions:
        """How it is configured."""

    def write_alert(
        self, brief: Brief, *, key: str, now: datetime, head: str = ""
    ) -> tuple[Delivery, ...]:
        """The alert as messages for the outbox, one a receiver; their keys begin with ``key``.

        ``head`` is the key of the message that began the incident's conversation here, empty where
        this one does; a channel that keeps one message an incident changes that one.
        """

    def write_update(
        self, update: Update, *, key: str, now: datetime, head: str
    ) -> tuple[Delivery, ...]:
        """What was done about an incident, where the channel shows it; most show nothing."""

    def write_letter(self, letter: Letter, *, key: str, now: datetime) -> tuple[Delivery, ...]:
        """A digest or a test as messages for the outbox."""

    def send(
        self, delivery: Delivery, *, perhaps_repeated: bool = False, head: str = ""
    ) -> Outcome:
        """Send one message as it is written; ``perhaps_repeated`` where it may be there already.

        ``head`` is the provider's own reference of the message that it follows.
        """

    def probe(self) -> Outcome | None:
        """Try the way without sending; ``None`` where that cannot be tried."""


class SecretError(ValueError):
    """A secret that cannot be had; the message names the file and what to do."""


def read_secret(secret: SecretStr | None, file: Path | None) -> str:
    """The secret itself, or what its file holds now; a rotated file needs no restart."""
    if secret is not None:
        return secret.get_secret_value()
    if file is None:
        raise SecretError("no secret is configured")
    try:
        value = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise SecretError(f"the file {file} does not exist; write the secret into it") from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SecretError(f"the file {file} cannot be read: {why}") from None
    if not value:
        raise SecretError(f"the file {file} is empty; write the secret into it")
    return value


def fingerprint(*parts: str) -> str:
    """A short name for what the parts say, the same at every attempt."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
