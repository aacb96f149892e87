"""What may have come of answers, as alerts and digests tell it; all of it is invented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from alerts.aftermath import Aftermath
from alerts.loops import Answered, Cited, Ledger, OpenLoop
from alerts.promise_letter import Overdue
from monitor.casework import (
    SPARKWATCH,
    Action,
    ActionKind,
    Handling,
    Promise,
    PromiseKind,
    ResponseKind,
)
from monitor.domain import Forecast, Level, PostKey, Quantiles, Quantity
from monitor.effect import Difference, Effect, Held, Place, Verdict

ANSWERED_AT = datetime(2026, 11, 17, 23, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def action(kind: ResponseKind, hours: float = 0, by: str = SPARKWATCH, link: str = "") -> Action:
    return Action(
        key=f"{kind}/{hours}",
        incident="delta-1f3a9c",
        at=ANSWERED_AT + hours * HOUR,
        by=by,
        kind=ActionKind.RESPOND,
        response=kind,
        link=link,
    )


def promise(
    kind: PromiseKind = PromiseKind.REPLY, due_hours: float = 2, kept_hours: float | None = None
) -> Promise:
    return Promise(
        post=PostKey("mastodon", f"{kind}-{due_hours}"),
        kind=kind,
        brand="delta",
        span=(0, 4),
        made_at=ANSWERED_AT,
        due_at=ANSWERED_AT + due_hours * HOUR,
        kept_at=None if kept_hours is None else ANSWERED_AT + kept_hours * HOUR,
    )


def effect(verdict: Verdict, place: Place | None = None, hours: float | None = None) -> Effect:
    said = Quantiles(low90=60, low50=80, median=100, high50=140, high90=260)
    forecast = Forecast(
        incident="delta-1f3a9c",
        quantity=Quantity.MENTIONS,
        horizon=2 * HOUR,
        made_at=ANSWERED_AT,
        seen=30,
        model="m",
        quantiles=said,
    )
    return Effect(
        verdict=verdict,
        answered_at=ANSWERED_AT,
        as_of=ANSWERED_AT + 2.7 * HOUR,
        window_hours=2.7,
        posts_before=30,
        posts_after=14,
        volume=Held(forecast=forecast, outcome=44, place=place) if place else None,
        negative=Difference(
            before=0.93, after=0.71, of_before=28, of_after=34, low=-0.39, high=-0.03
        ),
        anger=Difference(before=0.6, after=0.55, of_before=28, of_after=34, low=-0.2, high=0.1),
        hours_to_recovery=hours,
    )


AFTERMATH = Aftermath(
    answers=(
        action(ResponseKind.APOLOGY, link="https://delta.example/statement"),
        action(ResponseKind.ANSWER, 0.4),
        action(ResponseKind.REFUND, 0.5, by="Mei"),
    ),
    effect=effect(Verdict.RECOVERING, Place.BELOW90),
    promises=(promise(), promise(PromiseKind.ACTION, due_hours=30)),
)

OPEN_LOOPS = (
    OpenLoop(
        title="voucher code rejected again",
        brand_name="Delta Air Lines",
        level=Level.HIGH,
        handling=Handling.OPEN,
        owner="",
        since=ANSWERED_AT - 30 * HOUR,
    ),
    OpenLoop(
        title="soldiers charged fourth checked bag",
        brand_name="Delta Air Lines",
        level=Level.CRITICAL,
        handling=Handling.RESPONDING,
        owner="Mei",
        since=ANSWERED_AT - 4 * HOUR,
    ),
)
ANSWERS = (
    Answered(
        title="soldiers charged fourth checked bag",
        brand_name="Delta Air Lines",
        answers=AFTERMATH.answers,
        effect=AFTERMATH.effect,
    ),
    Answered(
        title="長榮航空 線上報到 失敗",
        brand_name="長榮航空",
        answers=(action(ResponseKind.HOLDING_STATEMENT),),
        effect=effect(Verdict.RECOVERED, hours=20),
    ),
)
LEDGER = Ledger(
    made=14,
    kept=9,
    kept_late=2,
    overdue=(
        Cited(
            promise=promise(),
            brand_name="Delta Air Lines",
            text="We'll get back to you by Friday, our baggage team is on it.",
        ),
    ),
)


def overdue(text: str, owner: str = "", url: str | None = None) -> Overdue:
    return Overdue(promise=promise(), text=text, owner=owner, url=url)
