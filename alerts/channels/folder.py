"""A folder instead of people: what would have been sent, as files. For the demo and dry runs."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import attrs
from pydantic import Field

from alerts.alert_letter import alert_letter
from alerts.brief import Brief, Update
from alerts.channels.mime import mail
from alerts.channels.receiver import ReceiverOptions, fingerprint
from alerts.channels.slack_blocks import alert_blocks, letter_blocks
from alerts.i18n import Words
from alerts.letter import Letter
from alerts.message import compose
from alerts.outcome import Cause, Outcome, Refused, Retry, Sent
from monitor.domain import Delivery

__all__ = ["FolderChannel", "FolderOptions"]

_NOBODY = "nobody@example.invalid"


class FolderOptions(ReceiverOptions):
    """A folder in which each message is left as a mail, as Slack blocks and as a page."""

    kind: Literal["folder"]
    path: Path = Field(description="The folder; it is created where it does not exist.")


@attrs.frozen
class FolderChannel:
    """Writes each message as ``.eml``, ``.json`` and ``.html``."""

    options: FolderOptions

    def write_alert(
        self, brief: Brief, *, key: str, now: datetime, head: str = ""
    ) -> tuple[Delivery, ...]:
        """The alert in all three forms."""
        words = Words(self.options.reader)
        letter = alert_letter(brief, self.options.reader)
        blocks = alert_blocks(compose(brief, words), words)
        return (self._delivery(letter, blocks, key, now, thread=brief.incident.id),)

    def write_update(
        self, update: Update, *, key: str, now: datetime, head: str
    ) -> tuple[Delivery, ...]:
        """Nothing: who has acted is not worth another message here."""
        return ()

    def write_letter(self, letter: Letter, *, key: str, now: datetime) -> tuple[Delivery, ...]:
        """The letter in all three forms."""
        return (self._delivery(letter, letter_blocks(letter), key, now, thread=""),)

    def _delivery(
        self, letter: Letter, blocks: dict[str, Any], key: str, now: datetime, *, thread: str
    ) -> Delivery:
        stem = f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{fingerprint(key)[:8]}"
        letter_as_mail = mail(
            letter, sender=_NOBODY, recipient=_NOBODY, key=key, created_at=now, thread=thread
        )
        files = {
            f"{stem}.eml": letter_as_mail,
            f"{stem}.json": json.dumps(blocks, ensure_ascii=False, indent=2) + "\n",
            f"{stem}.html": letter.page(),
        }
        return Delivery(
            key=key,
            channel=self.options.name,
            subject=letter.subject,
            payload=json.dumps(files, ensure_ascii=False),
            created_at=now,
            due_at=now,
        )

    def probe(self) -> Outcome:
        """Whether the folder can be written to."""
        folder = self.options.path
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = f"the folder {folder} cannot be made: {error.strerror}"
            return Refused(reason, final=False, cause=Cause.SETTINGS)
        if not os.access(folder, os.W_OK):
            reason = f"the folder {folder} cannot be written to"
            return Refused(reason, final=False, cause=Cause.SETTINGS)
        return Sent()

    def send(
        self, delivery: Delivery, *, perhaps_repeated: bool = False, head: str = ""
    ) -> Outcome:
        """Write the files, each whole or not at all; a repeat writes the same ones again."""
        files: dict[str, str] = json.loads(delivery.payload)
        folder = self.options.path
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                unfinished = folder / f".{name}.part"
                unfinished.write_bytes(content.encode())
                unfinished.replace(folder / name)
        except OSError as error:
            reason = f"the folder {folder} cannot be written to: {error.strerror}"
            return Retry(reason, cause=Cause.SETTINGS)
        return Sent()
