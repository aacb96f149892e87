"""A replay is the live pipeline by another clock: the same each time, and never ahead of itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from config.load import load
from config.model import Settings
from monitor import app
from monitor.commands.replaying import Replayed, write_report
from monitor.domain import (
    Author,
    EngagementSnapshot,
    Incident,
    IncidentState,
    Observation,
    Post,
    PostKey,
    Quantity,
)
from monitor.incidents.matching import Matcher
from monitor.replay import Moment, ReadAhead, Replay, Report
from monitor.store.store import Store
from nlp.scoring import load_scorer
from tests.fakes import FakeScorer

MONDAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
BAGS = "Acme Air left our suitcases on the tarmac in the rain!"
RUDE = "the Acme Air agent at the desk shouted at my grandmother!"
CHATTER = "fyi: window seat on Acme Air this morning, clouds over the bay"


def scorer() -> FakeScorer:
    return FakeScorer(("suitcases",), ("grandmother",))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    path = tmp_path / "sparkwatch.yaml"
    path.write_text("brands:\n  - name: Acme Air\n", encoding="utf-8")
    return load(path)


def seen(
    number: int,
    text: str,
    minutes: float,
    *,
    late: float = 0,
    followers: int = 10,
    views: int | None = None,
) -> Observation:
    """A post said ``minutes`` after Monday's six o'clock and seen ``late`` minutes after that."""
    published_at = MONDAY + timedelta(minutes=minutes)
    observed_at = published_at + timedelta(minutes=late)
    key = PostKey("forum", str(number))
    return Observation(
        post=Post(
            key=key,
            text=text,
            published_at=published_at,
            author=Author(native_id=f"a{number}", name=f"Ann {number}", followers=followers),
        ),
        observed_at=observed_at,
        snapshot=None
        if views is None
        else EngagementSnapshot(key=key, taken_at=observed_at, views=views),
    )


def two_days() -> list[Observation]:
    """Two complaints that famous people take up among chatter, some of it seen hours late."""
    chance = random.Random(5)  # noqa: S311  the same posts each time
    found = []
    for number in range(160):
        minutes = number * 5.0
        text = CHATTER if number % 4 else (BAGS if number < 100 else RUDE)
        followers = 60_000 if number in (40, 120) else chance.randrange(900)
        found.append(
            seen(
                number,
                f"{text}, part {number % 3}",
                minutes,
                late=chance.choice((0, 2, 45, 200)),
                followers=followers,
                views=chance.randrange(4_000) if number % 5 == 0 else None,
            )
        )
    return found


def replayed(
    settings: Settings,
    observations: Sequence[Observation],
    output: Path,
    *,
    on_moment: Callable[[Store, Moment], None] = lambda _store, _moment: None,
) -> Report:
    prepared = app.replay(
        settings,
        observations,
        scores=scorer(),
        output=output,
        tick=timedelta(minutes=5),
    )
    store = Store.open(f"sqlite:///{output / 'replay.db'}")
    try:
        return prepared.replay.run(
            store, prepared.pipeline, lambda moment: on_moment(store, moment)
        )
    finally:
        store.close()


def came_to(report: Report, settings: Settings, folder: Path) -> Replayed:
    return Replayed(
        report=report,
        settings=settings,
        tick=timedelta(minutes=5),
        model="fake 1",
        seconds=1.0,
        store=folder,
    )


def left(folder: Path) -> dict[str, bytes]:
    """The messages of a replay by name."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.suffix != ".db"}


def test_the_same_archive_gives_the_same_report_and_messages_to_the_byte(
    settings: Settings, tmp_path: Path
) -> None:
    reports = []
    for run in ("one", "two"):
        report = replayed(settings, two_days(), tmp_path / run)
        assert [raised.alert.kind.value for raised in report.raised] == ["opened", "opened"]
        write_report(came_to(report, settings, tmp_path), tmp_path / f"{run}.json")
        reports.append([(tmp_path / f"{run}.{kind}").read_bytes() for kind in ("json", "html")])
    assert reports[0] == reports[1]
    messages = left(tmp_path / "one" / "alerts")
    assert len(messages) == 6
    assert messages == left(tmp_path / "two" / "alerts")


def test_the_order_of_the_lines_does_not_matter(settings: Settings, tmp_path: Path) -> None:
    shuffled = two_days()
    random.Random(3).shuffle(shuffled)  # noqa: S311  the same order each time
    assert replayed(settings, shuffled, tmp_path / "a") == replayed(
        settings, two_days(), tmp_path / "b"
    )


def test_an_archive_without_posts_is_told(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to replay: the archive holds no post"):
        replayed(settings, [], tmp_path)


def test_nothing_is_known_before_it_was_seen(settings: Settings, tmp_path: Path) -> None:
    observations = two_days()
    seen_at = {observation.post.key: observation.observed_at for observation in observations}
    moments: list[datetime] = []

    def look(store: Store, moment: Moment) -> None:
        moments.append(moment.now)
        due = {key for key, at in seen_at.items() if at <= moment.now}
        with store.read() as work:
            assert set(work.posts.get(list(seen_at))) == due
            for incident in work.incidents.find():
                assert {voice.post for voice in work.voices.of(incident.id)} <= due
                assert incident.posts <= len(due)
                for forecast in work.forecasts.of_incident(incident.id):
                    assert forecast.made_at in moments
                    if forecast.outcome is not None:
                        assert forecast.made_at + forecast.horizon <= moment.now
            for alert in work.alerts.between(MONDAY, MONDAY + timedelta(days=9)):
                assert alert.raised_at in moments

    report = replayed(settings, observations, tmp_path, on_moment=look)
    assert report.raised
    assert moments == sorted(moments)


def test_the_first_half_of_an_archive_says_what_the_whole_said_by_then(
    settings: Settings, tmp_path: Path
) -> None:
    whole = replayed(settings, two_days(), tmp_path / "whole")
    last = whole.raised[-1].alert.raised_at
    for cut in (last - timedelta(hours=3), last):
        known = [one for one in two_days() if one.observed_at <= cut]
        part = replayed(settings, known, tmp_path / str(cut.hour))
        assert [raised.alert for raised in part.raised] == [
            raised.alert for raised in whole.raised if raised.alert.raised_at <= part.ended_at
        ]


def test_a_post_that_was_seen_late_alarms_late(settings: Settings, tmp_path: Path) -> None:
    loud = seen(1, BAGS, 0, late=240, followers=60_000)
    report = replayed(settings, [seen(0, CHATTER, 0), loud], tmp_path)
    [raised] = report.raised
    assert raised.alert.raised_at >= loud.observed_at
    assert raised.after_first_post == raised.alert.raised_at - MONDAY
    assert raised.before_half is not None
    assert raised.before_half < timedelta(0)


def test_the_clock_goes_on_where_nothing_is_seen(settings: Settings, tmp_path: Path) -> None:
    states: list[IncidentState] = []

    def look(store: Store, _moment: Moment) -> None:
        with store.read() as work:
            states.extend(incident.state for incident in work.incidents.find())

    archive = [seen(1, BAGS, 0, followers=60_000), seen(2, CHATTER, 5 * 24 * 60)]
    replayed(settings, archive, tmp_path, on_moment=look)
    closed_from = states.index(IncidentState.CLOSED)
    assert 72 <= closed_from <= 75
    assert len(states) > 100


def test_a_video_that_is_watched_days_later_is_told_when_it_opens(
    settings: Settings, tmp_path: Path
) -> None:
    opened: list[Incident] = []
    archive = [
        seen(1, BAGS, 0, views=10),
        attrs.evolve(seen(1, BAGS, 0, late=60 * 40, views=40_000)),
    ]
    replayed(
        settings, archive, tmp_path, on_moment=lambda _store, moment: opened.extend(moment.opened)
    )
    assert [incident.opened_at for incident in opened] == [MONDAY + timedelta(hours=40)]


# what came of it in the end


def test_the_course_of_an_incident_holds_all_that_happened_to_it(
    settings: Settings, tmp_path: Path
) -> None:
    archive = [
        *(seen(number, BAGS, 60 * number, views=100 * number) for number in range(1, 7)),
        seen(0, CHATTER, 0),
        seen(9, BAGS, 400, followers=60_000),
    ]
    report = replayed(settings, archive, tmp_path)
    [course] = report.courses
    assert [key.native_id for _, key in course.posts] == ["1", "2", "3", "4", "5", "6", "9"]
    assert course.half_at == MONDAY + timedelta(hours=4)
    assert [total for _, total in course.counters[Quantity.VIEWS]] == [
        100, 300, 600, 1000, 1500, 2100,
    ]  # fmt: skip  # one number a line says no more
    assert list(course.alerts) == [raised.alert for raised in report.raised]
    assert {forecast.quantity for forecast in course.forecasts} == {
        Quantity.MENTIONS,
        Quantity.VIEWS,
    }
    assert course.silences


def test_a_brand_is_watched_from_the_first_sight_of_a_mention(
    settings: Settings, tmp_path: Path
) -> None:
    unheard = seen(1, "what a fine day for flying", 0)
    report = replayed(settings, [unheard, seen(2, CHATTER, 0, late=90)], tmp_path)
    assert report.watched_from == {"acme-air": MONDAY + timedelta(minutes=90)}


def test_an_alert_whose_posts_were_changed_afterwards_is_still_reported(
    settings: Settings, tmp_path: Path
) -> None:
    taken_back = seen(1, "sorry, I spoke too soon", 0, late=90, followers=60_000)
    report = replayed(settings, [seen(1, BAGS, 0, followers=60_000), taken_back], tmp_path)
    [raised] = report.raised
    assert (raised.posts_finally, raised.after_first_post, raised.before_half) == (0, None, None)
    write_report(came_to(report, settings, tmp_path), tmp_path / "report.json")
    assert '"minutes_before_half": null' in (tmp_path / "report.json").read_text()


# reading ahead


def test_reading_ahead_says_of_each_text_what_reading_it_alone_says(settings: Settings) -> None:
    observations = two_days()
    replay = Replay(observations=observations)
    matcher = Matcher(settings.watched())
    inner = scorer()
    ahead = replay.read_ahead(inner, matcher)
    for observation in observations:
        text = observation.post.text
        assert ahead.score([text], [None]) == scorer().score([text])
    assert len(inner.asked) == len(set(inner.asked)), "each text is read once"


def test_a_text_that_was_not_foreseen_is_read_when_it_comes() -> None:
    ahead = ReadAhead(scorer(), iter(()))
    [first, second] = ahead.score([BAGS, CHATTER])
    assert (first.sentiment, second.sentiment) == ("negative", "neutral")
    assert (ahead.model, ahead.revision) == ("fake", "1")


def test_the_real_model_says_the_same_of_a_text_in_any_company() -> None:
    real = load_scorer(threads=1)
    texts = [
        BAGS,
        "行李丢了，打了三次电话没有人管。",
        "好吃",
        "Thank you Acme Air, the crew were wonderful " * 20,
        "第四件行李居然還要收費，太離譜了！",
    ]
    upcoming = (seen(number, text, number) for number, text in enumerate(texts))
    together = ReadAhead(real, upcoming).score(texts)
    for text, said in zip(texts, together, strict=True):
        [alone] = real.score([text])
        assert said.sentiment == alone.sentiment
        assert said.negative == pytest.approx(alone.negative, abs=2e-3)
        assert said.anger == pytest.approx(alone.anger, abs=2e-3)
