"""The letter about a channel that does not get through, and the one about its return."""

from __future__ import annotations

import re
from datetime import datetime

import attrs

from alerts.i18n import Reader, Words
from alerts.letter import Letter
from alerts.pages import html_page, plain_text
from alerts.untrusted import isolated, one_line

__all__ = ["Outage", "outage_letter"]


@attrs.frozen(kw_only=True)
class Outage:
    """Nothing got through by a channel; ``instead`` carries its alerts, where there is one."""

    channel: str
    since: datetime
    error: str = ""
    instead: str = ""
    over_at: datetime | None = None


def outage_letter(outage: Outage, reader: Reader, now: datetime) -> Letter:
    """What happened to a channel, what it means and what to do, in the reader's words."""
    words = Words(reader)
    channel = one_line(outage.channel, 60)
    since = words.when(outage.since)
    if outage.over_at is None:
        subject = words.say("[Channel] {channel} does not get through", channel=channel)
        lines = [
            words.say(
                "Nothing has got through by the channel {channel} since {since}.",
                channel=channel,
                since=since,
            )
        ]
        error = re.sub(r"^attempt \d+[^:]*: ", "", outage.error)
        if error:
            told = isolated(one_line(error, 300))
            lines.append(words.say("What was found: {detail}", detail=told))
        lines.append(
            words.say("Alerts that wait there come by {other} instead.", other=outage.instead)
            if outage.instead
            else words.say(
                "What waits there is tried again for a day. No other channel is set to carry its "
                "alerts (failover)."
            )
        )
    else:
        subject = words.say("[Channel] {channel} gets through again", channel=channel)
        lines = [
            words.say(
                "Nothing got through by the channel {channel} from {since} to {until}.",
                channel=channel,
                since=since,
                until=words.when(outage.over_at),
            )
        ]
    lines.append(
        words.say(
            "Sent {time}. Times are in {zone}.", time=words.when(now), zone=words.zone_note(now)
        )
    )
    colour = "high" if outage.over_at is None else "calm"
    values = {"subject": subject, "lines": tuple(lines), "colour": colour}
    return Letter(
        subject=subject,
        text=plain_text("source.txt.j2", words, values),
        html=html_page("source.html.j2", words, values),
    )
