"""digest: the week, once for each reader, in their language and by their clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import attrs

from alerts.channels.receiver import Channel
from alerts.charts import DayOfSentiment
from alerts.digest import Burned, DigestData, Returning, Sentiment, digest_letter
from alerts.i18n import Reader
from alerts.routing import TeamOptions
from monitor.domain import (
    Alert,
    AlertKind,
    Brand,
    DeliveryState,
    Forecast,
    Incident,
    IncidentState,
    Quantity,
    Taxonomy,
)
from monitor.stages.briefing import gaps, record, unseen
from monitor.stages.closing import answered, ledger, open_loops
from monitor.stages.hearing import heard_of
from monitor.stages.worth import worth_of
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork

__all__ = ["Digest", "DigestReader", "digest_data", "week_before"]

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


@attrs.frozen(kw_only=True)
class DigestReader:
    """Who gets the digest, by which channel, and when in their own week."""

    name: str
    channel: Channel
    reader: Reader
    weekday: int
    """0 for Monday."""
    at: time

    def last_due(self, now: datetime) -> datetime:
        """The latest moment up to ``now`` at which the digest was due, in the reader's zone.

        A local time that the clocks skip or show twice is due once.
        """
        zone = ZoneInfo(self.reader.timezone)
        local = now.astimezone(zone)
        day = local.date() - timedelta(days=(local.weekday() - self.weekday) % 7)
        due = datetime.combine(day, self.at, zone)
        return due if due <= now else datetime.combine(day - _WEEK, self.at, zone)


@attrs.frozen
class Digest:
    """Digests that are due are written into the outbox, once for each reader and local date."""

    brands: Sequence[Brand]
    readers: Sequence[DigestReader]
    taxonomies: Mapping[str, Taxonomy] = attrs.field(factory=dict)
    """That of each brand that has one, by the brand's id."""
    teams: Sequence[TeamOptions] = ()
    name: str = attrs.field(default="digest", init=False)
    batch: int = attrs.field(default=1_000, init=False)

    def run(self, store: Store, now: datetime) -> int:
        """Write what is due; how many digests that were."""
        written = 0
        for reader in self.readers:
            due = reader.last_due(now)
            key = f"digest/{reader.name}/{due.date().isoformat()}"
            since, until = week_before(due)
            with store.read() as work:
                begun = work.posts.first_observed_at()
                if begun is None or begun >= until or work.outbox.begun(key):
                    continue
                data = digest_data(
                    self.brands, self.taxonomies, reader.reader, since, until, work, self.teams
                )
                letter = digest_letter(data)
            with store.begin() as work:
                work.outbox.put(reader.channel.write_letter(letter, key=key, now=now))
            written += 1
        return written


def week_before(due: datetime) -> tuple[datetime, datetime]:
    """The seven whole days before the day of ``due``, in its zone."""
    until = datetime.combine(due.date(), time(0), due.tzinfo)
    since = datetime.combine(due.date() - _WEEK, time(0), due.tzinfo)
    return since, until


def digest_data(
    brands: Sequence[Brand],
    taxonomies: Mapping[str, Taxonomy],
    reader: Reader,
    since: datetime,
    until: datetime,
    work: UnitOfWork,
    teams: Sequence[TeamOptions] = (),
) -> DigestData:
    """The facts of the time from ``since`` to before ``until``, from what is stored."""
    names = {brand.id: brand.name for brand in brands}
    alerts = [alert for alert in work.alerts.between(since, until) if alert.brand in names]
    lively = [
        incident
        for incident in work.incidents.find(
            states=(IncidentState.OPEN, IncidentState.CLOSED), last_post_after=since
        )
        if incident.brand in names and incident.first_post_at < until and incident.posts
    ]
    slow = {alert.incident for alert in alerts if _comes_back(alert)}
    return DigestData(
        reader=reader,
        brand_names=tuple(names.values()),
        since=since,
        until=until,
        burned=tuple(
            _burned(incident, names[incident.brand], work)
            for incident in lively
            if incident.level is not None and incident.id not in slow
        ),
        answered=tuple(answered(brands, ZoneInfo(reader.timezone), since, until, work)),
        open_loops=tuple(open_loops(names, until, work)),
        ledger=ledger(names, since, until, work),
        returning=tuple(
            _returning(incident, names[incident.brand], reader, work)
            for incident in lively
            if incident.id in slow
        ),
        sentiment=tuple(_sentiment(brand, reader, since, until, work) for brand in brands),
        alerts_raised=len(alerts),
        messages_sent=_messages(work, DeliveryState.SENT, since, until),
        messages_failed=_messages(work, DeliveryState.FAILED, since, until),
        record=record(work),
        unseen=(*unseen(work, since), *gaps(work, since, until)),
        heard=tuple(
            heard_of(brand, taxonomies.get(brand.id), since, until, work) for brand in brands
        ),
        worth=worth_of(teams, names, since, until, work),
    )


def _comes_back(alert: Alert) -> bool:
    return alert.kind is AlertKind.RECURRED or alert.reasons[0].code == "slow_burn"


def _burned(incident: Incident, brand_name: str, work: UnitOfWork) -> Burned:
    if incident.level is None:
        raise ValueError(f"incident {incident.id} never had a level")
    return Burned(
        title=incident.title,
        brand_name=brand_name,
        level=incident.level,
        posts=incident.posts,
        authors=incident.authors,
        first_post_at=incident.first_post_at,
        last_post_at=incident.last_post_at,
        still_open=incident.state is IncidentState.OPEN,
        views=work.voices.views([incident.id]).get(incident.id),
        forecast=_forecast_when_told(incident, work),
    )


def _forecast_when_told(incident: Incident, work: UnitOfWork) -> Forecast | None:
    """The day-ahead forecast that stood when somebody was first told."""
    told = work.alerts.of_incident(incident.id)
    forecasts = [
        forecast
        for forecast in work.forecasts.of_incident(incident.id)
        if forecast.horizon == _DAY
        and forecast.quantiles is not None
        and told
        and forecast.made_at <= told[0].raised_at
    ]
    for quantity in (Quantity.VIEWS, Quantity.MENTIONS):
        of_kind = [forecast for forecast in forecasts if forecast.quantity is quantity]
        if of_kind:
            return of_kind[-1]
    return None


def _returning(incident: Incident, brand_name: str, reader: Reader, work: UnitOfWork) -> Returning:
    zone = ZoneInfo(reader.timezone)
    days = {when.astimezone(zone).date() for when in work.voices.times(incident.id)}
    alerts = work.alerts.of_incident(incident.id)
    return Returning(
        title=incident.title,
        brand_name=brand_name,
        posts=incident.posts,
        days=len(days),
        times=sum(alert.kind is AlertKind.RECURRED for alert in alerts),
    )


def _sentiment(
    brand: Brand, reader: Reader, since: datetime, until: datetime, work: UnitOfWork
) -> Sentiment:
    zone = ZoneInfo(reader.timezone)
    counted = {
        day: counts for day, *counts in work.mentions.sentiment_by_day(brand.id, since, until, zone)
    }
    days = []
    for offset in range((until.date() - since.date()).days):
        day = since.date() + timedelta(days=offset)
        negative, neutral, positive = counted.get(day, (0, 0, 0))
        days.append(DayOfSentiment(day=day, negative=negative, neutral=neutral, positive=positive))
    return Sentiment(brand_name=brand.name, days=tuple(days))


def _messages(work: UnitOfWork, state: DeliveryState, since: datetime, until: datetime) -> int:
    """How many there were; what changes a message or stands in its thread is none of its own."""
    found = work.outbox.find(states=(state,))
    return sum(since <= one.created_at < until and not one.follows for one in found)
