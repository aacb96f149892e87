"""What an alert says, gathered from the store."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from alerts.brief import Brief, Matter
from monitor.domain import (
    Aggravator,
    Alert,
    AlertKind,
    Forecast,
    Health,
    Incident,
    Level,
    Quantiles,
    Quantity,
    Reading,
    Reason,
    SourceHealth,
    Taxonomy,
)
from monitor.stages.briefing import brief, record
from monitor.stages.matter import matter
from tests.stages.scene import AIRLINE, BAG, BAGS, LATE, START, Scene, at, key, said, told

HOUR = timedelta(hours=1)
LONG_AGO = START - timedelta(days=60)


def _alert(incident: Incident, minutes: float, kind: AlertKind = AlertKind.OPENED) -> Alert:
    return Alert(
        id=f"{incident.id}-{minutes}",
        incident=incident.id,
        brand=incident.brand,
        kind=kind,
        level=Level.HIGH,
        raised_at=at(minutes),
        reasons=(Reason(code="forming"),),
    )


def _brief(
    scene: Scene, minutes: float, *earlier: Alert, kind: AlertKind = AlertKind.OPENED
) -> Brief:
    incident = scene.stories()[0]
    with scene.store.begin() as work:
        for alert in earlier:
            work.alerts.add(alert)
    with scene.store.read() as work:
        return brief(
            _alert(incident, minutes, kind),
            incident,
            "Acme Air",
            taxonomy=AIRLINE,
            usual_per_hour=2.0,
            angry_from=0.5,
            watched_since=LONG_AGO,
            work=work,
            now=at(minutes),
        )


def _codes(reasons: tuple[Reason, ...]) -> list[tuple[str, dict[str, object]]]:
    return [(reason.code, dict(reason.facts)) for reason in reasons]


def test_one_post_is_enough_for_a_whole_brief(scene: Scene) -> None:
    scene.tell([said(1, BAG[0], by=None)])
    told_of = _brief(scene, 1)
    assert [quote.key for quote in told_of.quotes] == [key(1)]
    assert told_of.first_seen == told_of.quotes[0]
    assert (told_of.mood.negative, told_of.mood.angry) == (1.0, 1.0)
    assert (told_of.people.authors, told_of.people.audience_unknown) == (1, 1)
    assert (told_of.speed.posts_last_hour, told_of.speed.views_per_hour) == (1, None)
    assert (told_of.record, told_of.similar, told_of.changes) == ((), (), ())


# --- quotes -------------------------------------------------------------------------------------


def test_three_to_five_posts_are_quoted_and_no_two_in_nearly_the_same_words(
    lite_scene: Scene,
) -> None:
    copies = [said(f"copy{n}", f"{BAG[0]} RT{n}", 30 + n) for n in range(20)]
    lite_scene.tell([*told(BAG), *copies])
    quotes = _brief(lite_scene, 60).quotes
    assert 3 <= len(quotes) <= 5
    assert len({quote.key for quote in quotes}) == len(quotes)
    assert sum("RT" in quote.text or quote.text == BAG[0] for quote in quotes) == 1


def test_every_language_of_a_fifth_of_the_posts_is_quoted(lite_scene: Scene) -> None:
    chinese = (
        "艾克米航空收士兵第四件行李的钱",
        "士兵的行李也要收费，艾克米航空太过分",
    )
    texts = [f"{text} ({number})" for number, text in enumerate(BAG)]
    lite_scene.tell([*told(texts), *told(chinese, start=40, prefix="zh")])
    assert {quote.language for quote in _brief(lite_scene, 60).quotes} == {"en", "zh-Hans"}


def test_posts_that_all_say_the_same_are_quoted_once(lite_scene: Scene) -> None:
    lite_scene.tell([said(n, BAG[0], n) for n in range(8)])
    assert len(_brief(lite_scene, 60).quotes) == 1


def test_a_post_that_many_saw_is_quoted_before_one_that_nobody_saw(lite_scene: Scene) -> None:
    lite_scene.tell([said("quiet", BAG[3], 0), said("seen", BAG[2], 1, views=900_000)])
    assert _brief(lite_scene, 60).quotes[0].key == key("seen")


# --- numbers ------------------------------------------------------------------------------------


def test_people_and_their_audience_are_counted_once_a_person(lite_scene: Scene) -> None:
    lite_scene.tell(
        [
            said(1, BAG[0], by="eve", followers=900),
            said(2, BAG[1], 1, by="eve", followers=900),
            said(3, BAG[2], 2, by="bob", followers=100),
            said(4, BAG[3], 3, by=None),
        ]
    )
    people = _brief(lite_scene, 9).people
    assert attrs.astuple(people) == (3, 1_000, 1, 900, 0)


def test_speed_is_that_of_the_last_hour(lite_scene: Scene) -> None:
    lite_scene.tell(told(BAG, step=20))
    for minutes, views in ((10, 1_000), (70, 4_000), (130, 10_000)):
        lite_scene.tell([said("film", BAG[0], 5, views=views, seen=minutes)])
    speed = _brief(lite_scene, 130).speed
    assert (speed.posts_last_hour, speed.views, speed.views_per_hour) == (2, 10_000, 6_000.0)


def test_views_that_fall_have_no_speed_below_nothing(lite_scene: Scene) -> None:
    for minutes, views in ((0, 9_000), (60, 4_000)):
        lite_scene.tell([said("film", BAG[0], views=views, seen=minutes)])
    speed = _brief(lite_scene, 60).speed
    assert (speed.views, speed.views_per_hour) == (4_000, 0.0)


# --- what it is about ---------------------------------------------------------------------------


def test_the_touchpoint_of_a_third_of_the_complaints_is_told_with_what_makes_them_worse(
    lite_scene: Scene,
) -> None:
    lite_scene.tell(told(["Acme Air was rude about my bag!", BAG[0], *LATE]))
    with lite_scene.store.read() as work:
        remarks = [
            remark
            for story in lite_scene.stories()
            for remark in work.mentions.of_incident(story.id)
        ]
    about = matter(remarks, AIRLINE)
    assert (about.complaints, about.touchpoint, about.touchpoint_posts) == (6, BAGS, 2)
    assert about.aggravators == ((Aggravator.RUDE_STAFF, 1),)
    one_more = attrs.evolve(remarks[0], reading=Reading())
    assert matter([*remarks, one_more], AIRLINE).touchpoint is None


def test_one_complaint_names_the_touchpoint_only_where_it_is_the_only_one(
    lite_scene: Scene,
) -> None:
    lite_scene.tell([said("bag", BAG[0]), said("late", LATE[0], 1)])
    with lite_scene.store.read() as work:
        (bag,), (late,) = (work.mentions.of_post(key(name)) for name in ("bag", "late"))
    assert matter([bag], AIRLINE).touchpoint == BAGS
    assert matter([bag, late], AIRLINE).touchpoint is None


def test_without_a_taxonomy_no_touchpoint_is_told(lite_scene: Scene) -> None:
    lite_scene.tell(told(BAG))
    with lite_scene.store.read() as work:
        remarks = work.mentions.of_incident(lite_scene.only().id)
    assert matter(remarks, AIRLINE).touchpoint == BAGS
    assert matter(remarks, None).touchpoint is None
    assert matter(remarks, Taxonomy(id="other", touchpoints=())).touchpoint is None
    assert matter([], AIRLINE) == Matter()


def test_an_advocate_who_complains_is_counted_and_other_people_are_not(lite_scene: Scene) -> None:
    praise = [said(f"love{n}", f"I love Acme Air, trip {n}", -9_000 + n, by="fan") for n in (1, 2)]
    once = said("once", "I love Acme Air", -8_000, by="once")
    lite_scene.tell([*praise, once])
    lite_scene.tell(
        [
            said(1, BAG[0], 1, by="fan"),
            said(2, BAG[1], 2, by="once"),
            said(3, BAG[2], 3, by=None),
            said(4, BAG[3], 4, by="fan"),
        ]
    )
    assert _brief(lite_scene, 9).people.advocates == 1


# --- changes ------------------------------------------------------------------------------------


def test_what_is_new_since_the_last_alert_is_told(lite_scene: Scene) -> None:
    lite_scene.tell([*told(BAG), said("film", BAG[0], 5, views=100, seen=10)])
    earlier = _alert(lite_scene.only(), 30)
    chinese = ("艾克米航空收士兵第四件行李的钱", "士兵的行李也要收费，艾克米航空太过分")
    lite_scene.tell(
        [
            said("film", BAG[0], 5, views=700, seen=40),
            *(said(f"zh{n}", text, 41, source="rss") for n, text in enumerate(chinese)),
        ]
    )
    told_of = _brief(lite_scene, 50, earlier, kind=AlertKind.RAISED)
    assert _codes(told_of.changes) == [
        ("more_posts", {"before": 7, "after": 9}),
        ("more_views", {"before": 100, "after": 700}),
        ("new_source", {"name": "rss"}),
        ("new_language", {"tag": "zh-Hans"}),
    ]


def test_a_first_alert_and_one_without_news_tell_no_changes(lite_scene: Scene) -> None:
    lite_scene.tell(told(BAG))
    assert _brief(lite_scene, 50).changes == ()
    assert _brief(lite_scene, 50, _alert(lite_scene.only(), 45)).changes == ()


# --- gaps ---------------------------------------------------------------------------------------


def test_what_could_not_be_seen_is_told(lite_scene: Scene) -> None:
    lite_scene.tell(told(BAG))
    with lite_scene.store.begin() as work:
        for source, health, minutes in (
            ("dead", Health.OK, -600),
            ("dead", Health.TIMED_OUT, 10),
            ("never", Health.UNAUTHORIZED, 10),
            ("closed", Health.FORBIDDEN, 10),
            ("taken out", Health.UNREACHABLE, -40 * 24 * 60),
        ):
            work.sources.report(SourceHealth(source=source, finished_at=at(minutes), health=health))
    assert _codes(_brief(lite_scene, 30).gaps) == [
        ("source_forbidden", {"source": "closed"}),
        ("source_down", {"source": "dead", "since": at(-600).isoformat()}),
        ("source_down", {"source": "never", "since": at(10).isoformat()}),
        ("no_counters", {}),
    ]


@pytest.mark.parametrize(("views", "gap"), [(None, True), (0, False), (7, False)])
def test_a_counter_that_shows_nothing_yet_is_no_gap(
    lite_scene: Scene, views: int | None, gap: bool
) -> None:
    lite_scene.tell([said(1, BAG[0], views=views)])
    assert ("no_counters" in [reason.code for reason in _brief(lite_scene, 1).gaps]) is gap


def test_a_young_collection_says_so(lite_scene: Scene) -> None:
    lite_scene.tell([said(1, BAG[0])])
    incident = lite_scene.only()
    for watched_since, hours in ((None, 0), (at(-120), 2)):
        with lite_scene.store.read() as work:
            told_of = brief(
                _alert(incident, 0),
                incident,
                "Acme Air",
                taxonomy=None,
                usual_per_hour=None,
                angry_from=0.5,
                watched_since=watched_since,
                work=work,
                now=at(0),
            )
        assert ("collection_young", {"hours": hours}) in _codes(told_of.gaps)


# --- the past -----------------------------------------------------------------------------------


def test_the_record_of_earlier_forecasts_is_told(lite_scene: Scene) -> None:
    lite_scene.tell(told(BAG))
    incident = lite_scene.only()
    with lite_scene.store.begin() as work:
        for number, outcome in enumerate((10, 20, 90, 0)):
            forecast = Forecast(
                incident=incident.id,
                quantity=Quantity.MENTIONS,
                horizon=HOUR,
                made_at=at(number),
                seen=5,
                model="test",
                quantiles=Quantiles(low90=5, low50=8, median=10, high50=15, high90=20),
            )
            work.forecasts.add([forecast, attrs.evolve(forecast, horizon=6 * HOUR, quantiles=None)])
            work.forecasts.grade(forecast, outcome, at(200))
        work.forecasts.add([attrs.evolve(forecast, made_at=at(50))])
    with lite_scene.store.read() as work:
        (told_of,) = record(work)
    assert (told_of.quantity, told_of.horizon_hours, told_of.graded) == (Quantity.MENTIONS, 1, 4)
    assert told_of.inside90 == 2
    assert told_of.median_ape == pytest.approx((0.5 + 80 / 90) / 2)


def test_an_earlier_incident_that_was_alike_is_told_and_another_is_not(lite_scene: Scene) -> None:
    lite_scene.tell(told(BAG))
    lite_scene.tell(told(LATE, start=60, prefix="late"))
    lite_scene.run(5 * 24 * 60)
    bags, late = (story.id for story in lite_scene.stories())
    again = [f"luggage wordless{n} Acme Air odd{n} strange{n}" for n in range(8)]
    later = 40 * 24 * 60
    lite_scene.restart()
    lite_scene.tell(told(again, start=later, prefix="again"))
    assert lite_scene.stories()[0].first_post == key("again0")
    similar = _brief(lite_scene, later + 60).similar
    assert [one.incident for one in similar] == [bags]
    assert late not in [one.incident for one in similar]
