"""The letter about a source that cannot be relied on, and the one that says that it is well."""

from __future__ import annotations

from datetime import datetime

from alerts.i18n import Reader, Words, message
from alerts.letter import Letter
from alerts.pages import html_page, plain_text
from alerts.reasons import sentence
from alerts.untrusted import isolated, one_line
from monitor.domain import Reason, SourceTrouble, TroubleKind

__all__ = ["advice", "source_letter", "trouble_reason"]

_TO_DO = {
    TroubleKind.DOWN: message(
        "Look whether the address answers in a browser, and run `sparkwatch check`."
    ),
    TroubleKind.FORBIDDEN: message(
        "Renew its token or ask its operator for leave; otherwise take it out of the configuration."
    ),
    TroubleKind.CHANGED: message(
        "The answers that could not be read are kept next to the store; send one to the developers."
    ),
    TroubleKind.SILENT: message(
        "Look whether people still post there, and whether its search still finds your brand."
    ),
}


def trouble_reason(trouble: SourceTrouble) -> Reason:
    """A trouble as a sentence for alerts and digests: what is not seen, or was not."""
    facts: tuple[tuple[str, str], ...] = (("source", trouble.source),)
    since = ("since", trouble.since.isoformat())
    if trouble.over_at is not None:
        until = ("until", trouble.over_at.isoformat())
        return Reason(code="source_gap", facts=(*facts, since, until))
    if trouble.kind is not TroubleKind.FORBIDDEN:
        facts = (*facts, since)
    return Reason(code=f"source_{trouble.kind.value}", facts=facts)


def advice(kind: TroubleKind, words: Words) -> str:
    """What to do about a source in trouble."""
    return words.say(_TO_DO[kind])


def source_letter(trouble: SourceTrouble, reader: Reader, now: datetime) -> Letter:
    """What happened to a source, what it means and what to do, in the reader's words."""
    words = Words(reader)
    name = one_line(trouble.source, 60)
    if trouble.over_at is None:
        subject = words.say("[Source] {source} cannot be relied on", source=name)
        lines = [sentence(trouble_reason(trouble), words)]
        if trouble.detail:
            said = isolated(one_line(trouble.detail, 400))
            lines.append(words.say("What was found: {detail}", detail=said))
        lines.append(advice(trouble.kind, words))
        lines.append(words.say("Until then, quiet there is no sign of calm."))
    else:
        subject = words.say("[Source] {source} is well again", source=name)
        lines = [
            sentence(trouble_reason(trouble), words),
            words.say("What it still shows of that time is read now; the rest is lost."),
        ]
    lines.append(
        words.say(
            "Sent {time}. Times are in {zone}.", time=words.when(now), zone=words.zone_note(now)
        )
    )
    well = trouble.over_at is not None
    values = {"subject": subject, "lines": tuple(lines), "colour": "calm" if well else "high"}
    return Letter(
        subject=subject,
        text=plain_text("source.txt.j2", words, values),
        html=html_page("source.html.j2", words, values),
    )
