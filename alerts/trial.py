"""The letter that tries a channel: it says that it is a test, so that nobody is alarmed."""

from __future__ import annotations

from datetime import datetime

from alerts.i18n import Reader, Words
from alerts.letter import Letter
from alerts.pages import html_page, plain_text

__all__ = ["trial_letter"]


def trial_letter(channel: str, reader: Reader, now: datetime) -> Letter:
    """A test for one channel, in its reader's language."""
    words = Words(reader)
    values = {
        "subject": words.say("[Test] Sparkwatch can reach you"),
        "lines": (
            words.say("This is a test. Nothing has happened."),
            words.say("Alerts will arrive here, by the channel {name}.", name=channel),
            words.say(
                "Sent {time}. Times are in {zone}.",
                time=words.when(now),
                zone=words.zone_note(now),
            ),
        ),
    }
    return Letter(
        subject=words.say("[Test] Sparkwatch can reach you"),
        text=plain_text("trial.txt.j2", words, values),
        html=html_page("trial.html.j2", words, values),
    )
