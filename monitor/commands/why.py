"""`sparkwatch why`: the whole story of who was told of an incident, and who was not, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import attrs
import typer
from rich.console import Console
from rich.markup import escape

from alerts.i18n import Words, message
from alerts.reasons import sentence
from alerts.untrusted import isolated, one_line
from config.load import load
from config.model import Settings
from monitor import app
from monitor.casework import Notice, NoticeState, Promise
from monitor.commands.casework_words import action_text, handling_text, silence_text
from monitor.commands.showing import ConfigOption, console, words_for
from monitor.commands.stored import StoreOption, known_incident, open_store
from monitor.domain import (
    Alert,
    AlertKind,
    Delivery,
    DeliveryState,
    Forecast,
    Incident,
    Level,
    Withheld,
)
from monitor.stages.subjects import subjects_of
from monitor.stages.telling import group_key
from monitor.store.history import Change, ChangeKind
from monitor.store.notices import GROUPED
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["why"]

_KINDS = {
    AlertKind.OPENED: message("new incident"),
    AlertKind.RAISED: message("more serious than before"),
    AlertKind.RECURRED: message("it is back"),
}
_NOTICES = {
    NoticeState.WAITING: message("{team} is not told yet. {why}"),
    NoticeState.TOLD: message("{team} is told. {why}"),
    NoticeState.WITHHELD: message("{team} is not told. {why}"),
}
_STATES = {
    DeliveryState.PENDING: message("waits"),
    DeliveryState.SENDING: message("is being sent"),
    DeliveryState.SENT: message("sent"),
    DeliveryState.FAILED: message("given up"),
}
_CHANGES = {
    ChangeKind.TOOK_IN: message("took in {other} ({posts})"),
    ChangeKind.WENT_INTO: message("became part of {other} ({posts})"),
    ChangeKind.LET_GO: message("let go of {posts}, which are {other} now"),
    ChangeKind.CAME_OUT: message("came out of {other} ({posts})"),
}
_DAY = timedelta(hours=24)


@attrs.frozen(kw_only=True, order=True)
class _Moment:
    """One line of the story; ``place`` orders what happened at the same time."""

    at: datetime
    place: int
    text: str
    aside: bool = False


def why(
    incident: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning of it.")],
    config: ConfigOption = Path("sparkwatch.yaml"),
    store_file: StoreOption = None,
) -> None:
    """Tell why somebody was told of an incident, or why not: every decision in its order.

    [bold]Examples[/bold]

      sparkwatch why 3f9a2c1b07

      sparkwatch why 3f9 --store demo-output/replay.db
    """
    settings = load(config)
    words = words_for(settings)
    store = open_store(settings, store_file)
    out = console()
    try:
        with store.read() as work:
            named = known_incident(incident, work)
            told = work.incidents.followed([named.id])[named.id]
            if told.id != named.id:
                out.print(
                    escape(words.say("{id} became part of {other}:", id=named.id, other=told.id))
                )
            _tell(told, settings, work, words, out)
    finally:
        store.close()


def _tell(
    incident: Incident, settings: Settings, work: UnitOfWork, words: Words, out: Console
) -> None:
    names = (incident.id, *work.incidents.parts(incident.id))
    case = work.casework.case(incident.id)
    level = words.level(incident.level) if incident.level else "–"
    out.print(f"[bold]{escape(one_line(incident.title, 120))}[/bold]")
    out.print(
        escape(
            " · ".join(
                (
                    level,
                    one_line(incident.brand, 60),
                    incident.id,
                    handling_text(case.handling, case.owner, words),
                    words.zone_note(incident.last_post_at),
                )
            )
        )
    )
    for moment in sorted(_story(incident, names, work, words)):
        line = f"  {words.when(moment.at)}  {escape(moment.text)}"
        out.print(f"[dim]{line}[/dim]" if moment.aside else line)
    about = [(incident, incident.level or Level.WATCH)]
    subject = subjects_of(about, settings.regions(), work)[incident.id]
    holding = [
        silence
        for silence in work.silences.lasting(app.wall_clock())
        if any(silence.matcher.matches(attrs.evolve(subject, incident=name)) for name in names)
    ]
    if holding:
        out.print(f"\n[bold]{escape(words.say('Silenced'))}[/bold]")
        for silence in holding:
            out.print(f"  {silence.id}  {escape(silence_text(silence, words))}")


def _story(
    incident: Incident, names: Sequence[str], work: UnitOfWork, words: Words
) -> Iterator[_Moment]:
    yield _Moment(at=incident.first_post_at, place=0, text=words.say("first post"))
    if incident.opened_at:
        yield _Moment(at=incident.opened_at, place=1, text=words.say("enough for an incident"))
    if incident.closed_at:
        yield _Moment(at=incident.closed_at, place=1, text=words.say("quiet: closed"))
    for name in names:
        forecasts = work.forecasts.of_incident(name)
        yield from (_change(one, words) for one in work.incidents.history(name))
        yield from (_withheld(one, words) for one in work.alerts.withheld(name))
        for alert in work.alerts.of_incident(name):
            yield from _alert(alert, forecasts, words)
        for notice in work.notices.of_incident(name):
            yield _notice(notice, words)
            yield from (_message(one, words) for one in _group_messages(notice, work))
        yield from (_message(one, words) for one in work.outbox.about(name))
    for action in work.casework.of_incident(incident.id):
        yield _Moment(at=action.at, place=8, text=action_text(action, words))
        for one in work.outbox.of(f"{action.key}/update"):
            yield attrs.evolve(_message(one, words), place=9)
    for promise in work.promises.of_incident(incident.id):
        yield from _promise(promise, words)


def _change(change: Change, words: Words) -> _Moment:
    posts = words.count("{n} post", "{n} posts", change.posts)
    text = words.say(_CHANGES[change.kind], other=change.other, posts=posts)
    return _Moment(at=change.at, place=2, text=text)


def _withheld(decision: Withheld, words: Words) -> _Moment:
    text = words.say("no alert: {why}", why=one_line(sentence(decision.reason, words), 300))
    return _Moment(at=decision.decided_at, place=3, text=text, aside=True)


def _alert(alert: Alert, forecasts: Sequence[Forecast], words: Words) -> Iterator[_Moment]:
    reasons = " ".join(one_line(sentence(reason, words), 300) for reason in alert.reasons)
    text = words.say(
        "alert, {level}, {kind}: {why}",
        level=words.level(alert.level),
        kind=words.say(_KINDS[alert.kind]),
        why=reasons,
    )
    yield _Moment(at=alert.raised_at, place=4, text=text)
    latest = {
        one.quantity: one
        for one in forecasts
        if one.horizon == _DAY and one.made_at <= alert.raised_at
    }
    for forecast in latest.values():
        if forecast.quantiles is not None:
            said = forecast.quantiles
            text = words.say(
                "forecast then, in 24 hours: {quantity} {median} ({low} to {high})",
                quantity=words.quantity(forecast.quantity),
                median=words.about(said.median),
                low=words.about(said.low90),
                high=words.about(said.high90),
            )
            yield _Moment(at=alert.raised_at, place=5, text=f"  {text}")


def _notice(notice: Notice, words: Words) -> _Moment:
    reason = one_line(sentence(notice.reason, words), 300) if notice.reason else ""
    team = one_line(notice.team, 60)
    return _Moment(
        at=notice.decided_at or notice.routed_at,
        place=6,
        text=words.say(_NOTICES[notice.state], team=team, why=reason),
        aside=notice.state is NoticeState.WITHHELD,
    )


def _group_messages(notice: Notice, work: UnitOfWork) -> list[Delivery]:
    """The messages that told of it together with others."""
    if notice.decided_at is None or notice.reason is None or notice.reason.code != GROUPED:
        return []
    return work.outbox.of(group_key(notice.team, notice.brand, notice.decided_at))


def _message(delivery: Delivery, words: Words) -> _Moment:
    state = words.say(_STATES[delivery.state])
    if delivery.attempts > 1:
        tries = words.count("{n} attempt", "{n} attempts", delivery.attempts)
        state = words.noted(state, tries)
    text = words.say("message to {channel}: {state}", channel=delivery.channel, state=state)
    if delivery.last_error and delivery.state is not DeliveryState.SENT:
        text = words.noted(text, isolated(one_line(delivery.last_error, 160)))
    told_again = "/" in delivery.key.partition(":")[0]
    at = delivery.sent_at or delivery.created_at
    return _Moment(at=at, place=9 if told_again else 7, text=f"  {text}")


def _promise(promise: Promise, words: Words) -> Iterator[_Moment]:
    due = words.say("the brand promised something by {time}", time=words.when(promise.due_at))
    yield _Moment(at=promise.made_at, place=10, text=due)
    if promise.kept_at:
        kept = words.say("the brand kept a promise")
        yield _Moment(at=promise.kept_at, place=10, text=kept)
