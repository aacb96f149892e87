"""A digest once for each reader and local date, about what was seen in their week."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.digest import DigestData
from alerts.i18n import Reader, Words
from alerts.reasons import REASON_FACTS, sentence
from monitor.domain import (
    Alert,
    AlertKind,
    Deletion,
    Delivery,
    Health,
    Level,
    Reason,
    SourceHealth,
    SourceTrouble,
    TroubleKind,
)
from monitor.stages.digest import Digest, DigestReader, digest_data, week_before
from tests.fakes import FakeChannel, folder_channel
from tests.stages.scene import ACME, AIRLINE, BAG, START, ZEPHYR, Scene, at, said, told
from tests.stages.telling import Tellers

DAY = timedelta(days=1)


def _reader(
    zone: str = "UTC", weekday: int = 0, at_time: time = time(8), name: str = "chief"
) -> DigestReader:
    return DigestReader(
        name=name,
        channel=FakeChannel.named(f"to-{name}"),
        reader=Reader(language="en", timezone=zone),
        weekday=weekday,
        at=at_time,
    )


def _messages(scene: Scene) -> list[Delivery]:
    with scene.store.read() as work:
        return sorted(work.outbox.find(), key=lambda message: message.key)


# --- when ---------------------------------------------------------------------------------------


def test_it_is_due_on_the_readers_day_at_the_readers_time() -> None:
    taipei = _reader("Asia/Taipei", weekday=0, at_time=time(8))
    due = taipei.last_due(datetime(2026, 3, 9, 0, 0, tzinfo=UTC))
    assert due == datetime(2026, 3, 9, 8, tzinfo=ZoneInfo("Asia/Taipei"))
    before = taipei.last_due(datetime(2026, 3, 8, 23, 59, tzinfo=UTC))
    assert before == datetime(2026, 3, 2, 8, tzinfo=ZoneInfo("Asia/Taipei"))


@pytest.mark.parametrize(
    ("sunday", "at_time"),
    [
        (datetime(2026, 10, 25), time(2, 30)),  # noqa: DTZ001 -- the night is a local one: shown twice
        (datetime(2026, 3, 29), time(2, 30)),  # noqa: DTZ001 -- skipped
    ],
)
def test_a_time_that_the_clocks_show_twice_or_skip_is_due_once(
    sunday: datetime, at_time: time
) -> None:
    reader = _reader("Europe/Berlin", weekday=6, at_time=at_time)
    start = sunday.replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC) - timedelta(hours=3)
    moments = [start + timedelta(minutes=10 * step) for step in range(12 * 6)]
    dues = [reader.last_due(moment).astimezone(UTC) for moment in moments]
    assert len(set(dues)) == 2
    assert dues == sorted(dues)
    assert {due.astimezone(ZoneInfo("Europe/Berlin")).date() for due in set(dues)} == {
        sunday.date(),
        (sunday - 7 * DAY).date(),
    }


def test_its_week_are_the_seven_local_days_before_even_across_a_change_of_clocks() -> None:
    due = datetime(2026, 3, 30, 8, tzinfo=ZoneInfo("Europe/Berlin"))
    since, until = week_before(due)
    assert (since.isoformat(), until.isoformat()) == (
        "2026-03-23T00:00:00+01:00",
        "2026-03-30T00:00:00+02:00",
    )


# --- once ---------------------------------------------------------------------------------------


def test_each_reader_gets_it_once_a_week(scene: Scene) -> None:
    readers = (_reader(name="chief"), _reader("Asia/Taipei", name="總經理"))
    digest = Digest(scene.brands, readers)
    scene.tell(told(BAG))
    for hours in range(0, 15 * 24, 3):
        digest.run(scene.store, START + timedelta(hours=hours))
        digest = Digest(scene.brands, readers)
    assert [message.key for message in _messages(scene)] == [
        "digest/chief/2026-03-09",
        "digest/chief/2026-03-16",
        "digest/總經理/2026-03-09",
        "digest/總經理/2026-03-16",
    ]


def test_before_there_is_anything_to_tell_there_is_no_digest(lite_scene: Scene) -> None:
    digest = Digest(lite_scene.brands, (_reader(),))
    assert digest.run(lite_scene.store, at(0)) == 0
    lite_scene.tell(told(BAG))
    assert digest.run(lite_scene.store, START + DAY) == 0
    assert _messages(lite_scene) == []


def test_after_a_long_pause_only_the_last_week_is_told(lite_scene: Scene) -> None:
    lite_scene.tell(told(BAG))
    digest = Digest(lite_scene.brands, (_reader(),))
    digest.run(lite_scene.store, START + 40 * DAY)
    assert len(_messages(lite_scene)) == 1


def test_a_real_channel_can_carry_it_in_every_language(lite_scene: Scene, tmp_path: Path) -> None:
    lite_scene.tell([said("loud", BAG[0], 5, followers=60_000), *told(BAG, start=6)])
    Tellers(lite_scene.brands, ()).run(lite_scene.store, at(40))
    for language in ("en", "zh-Hans", "zh-Hant"):
        reader = DigestReader(
            name=language,
            channel=folder_channel(tmp_path / language),
            reader=Reader(language=language),
            weekday=0,
            at=time(8),
        )
        assert Digest(lite_scene.brands, (reader,)).run(lite_scene.store, START + 7 * DAY) == 1


# --- what ---------------------------------------------------------------------------------------


def _data(scene: Scene, zone: str = "UTC", days: int = 7) -> DigestData:
    since = START.replace(hour=0)
    with scene.store.read() as work:
        return digest_data(
            (ACME, ZEPHYR),
            {"acme": AIRLINE},
            Reader(timezone=zone),
            since,
            since + days * DAY,
            work,
        )


def test_it_tells_what_burned_and_how_the_week_felt(lite_scene: Scene) -> None:
    loud = said("loud", BAG[0], 5, followers=60_000, views=400)
    praise = said("praise", "I love Acme Air", 30)
    lite_scene.tell([loud, *told(BAG, start=6), praise])
    Tellers(lite_scene.brands, ()).run(lite_scene.store, at(40))
    data = _data(lite_scene)
    (burned,) = data.burned
    assert (burned.posts, burned.level, burned.still_open, burned.views) == (
        7,
        Level.HIGH,
        True,
        400,
    )
    assert (data.alerts_raised, data.returning) == (1, ())
    acme, zephyr = data.sentiment
    assert [(day.negative, day.neutral, day.positive) for day in acme.days][:2] == [
        (7, 0, 1),
        (0, 0, 0),
    ]
    assert len(acme.days) == len(zephyr.days) == 7


def test_it_counts_days_by_the_readers_clock(lite_scene: Scene) -> None:
    evening = said("evening", BAG[0], 14 * 60)
    lite_scene.tell([evening])
    acme, _ = _data(lite_scene, "Asia/Taipei").sentiment
    assert [day.negative for day in acme.days][:2] == [0, 1]


def test_what_comes_back_is_told_apart_from_what_burned(lite_scene: Scene) -> None:
    lite_scene.tell([*told(BAG), said("next", BAG[0], 24 * 60)])
    incident = lite_scene.only()
    lite_scene.alert(incident)
    with lite_scene.store.begin() as work:
        work.alerts.add(
            Alert(
                id="again",
                incident=incident.id,
                brand="acme",
                kind=AlertKind.RECURRED,
                level=Level.HIGH,
                raised_at=START + DAY,
                reasons=(Reason(code="forming"),),
            )
        )
    data = _data(lite_scene)
    assert data.burned == ()
    (returning,) = data.returning
    assert (returning.posts, returning.days, returning.times) == (len(BAG) + 1, 2, 1)


def test_an_incident_of_which_nothing_is_left_is_not_told(lite_scene: Scene) -> None:
    posts = told(BAG)
    lite_scene.tell(posts)
    lite_scene.alert(lite_scene.only())
    assert len(_data(lite_scene).burned) == 1
    lite_scene.tell([Deletion(key=seen.post.key, observed_at=at(60)) for seen in posts])
    assert _data(lite_scene).burned == ()


def test_what_was_not_seen_is_told_and_a_source_that_was_taken_out_is_not(
    lite_scene: Scene,
) -> None:
    def report(source: str, health: Health, days: float) -> SourceHealth:
        return SourceHealth(source=source, finished_at=START + days * DAY, health=health)

    with lite_scene.store.begin() as work:
        for health in (
            report("fine", Health.OK, 1),
            report("nothing new", Health.EMPTY, 1),
            report("dead", Health.OK, 0),
            report("dead", Health.UNREACHABLE, 1),
            report("mended", Health.CRASHED, 0),
            report("mended", Health.OK, 1),
            report("closed", Health.FORBIDDEN, 1),
            report("taken out", Health.FORBIDDEN, -30),
        ):
            work.sources.report(health)
        for trouble in (
            SourceTrouble(
                source="fine", kind=TroubleKind.SILENT, since=START, noticed_at=START + DAY
            ),
            SourceTrouble(
                source="mended",
                kind=TroubleKind.DOWN,
                since=START,
                noticed_at=START + DAY / 4,
                over_at=START + DAY / 2,
            ),
        ):
            work.sources.put_trouble(trouble)
    unseen = _data(lite_scene).unseen
    assert [(reason.code, reason.fact("source")) for reason in unseen] == [
        ("source_forbidden", "closed"),
        ("source_down", "dead"),
        ("source_silent", "fine"),
        ("source_gap", "mended"),
    ]
    assert unseen[1].fact("since") == START.isoformat()
    assert unseen[3].fact("until") == (START + DAY / 2).isoformat()
    for reason in unseen:
        assert {name for name, _ in reason.facts} == REASON_FACTS[reason.code]
        assert sentence(reason, Words(Reader()))
