from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import attrs

from monitor.domain import (
    Aggravation,
    Aggravator,
    Emotion,
    Mention,
    PostKey,
    Reading,
    Remark,
    Target,
)
from monitor.store.mentions import Unread
from monitor.store.store import Store
from monitor.store.unit_of_work import UnitOfWork
from tests.store.making import (
    TUESDAY,
    after,
    assessment,
    conclude,
    gone,
    incident,
    key,
    post,
    seen,
)

READING = Reading(
    touchpoint="checked_baggage",
    touchpoint_spans=((33, 36), (40, 42)),
    aggravations=(
        Aggravation(kind=Aggravator.UNFAIR_CHARGE, spans=((5, 12),)),
        Aggravation(kind=Aggravator.IGNORED, spans=()),
    ),
    target=Target.OTHER,
)


def about(number: int, *brands: str) -> dict[PostKey, list[Mention]]:
    return {key(number): [Mention(post=key(number), brand=b, spans=((0, 4),)) for b in brands]}


def some_posts(work: UnitOfWork, *numbers: int) -> None:
    work.posts.gather([seen(post(n, published_at=after(n))) for n in numbers])


def unread(work: UnitOfWork, limit: int = 9) -> list[PostKey]:
    return [one.post.key for one in work.mentions.unread(limit)]


def test_a_post_waits_to_be_read_once_however_many_brands_it_is_about(store: Store) -> None:
    with store.begin() as work:
        some_posts(work, 3, 1, 2)
        work.mentions.match("f", {**about(3, "acme"), **about(1, "acme", "zenith"), key(2): []})
        assert work.mentions.unread(1) == [
            Unread(
                post=post(1, published_at=after(1)),
                mentions=tuple(about(1, "acme", "zenith")[key(1)]),
            )
        ]
        assert unread(work) == [key(1), key(3)]
        conclude(work, 1)
        assert unread(work) == [key(1), key(3)], "it was not read for zenith"
        conclude(work, 1, brand="zenith")
        assert unread(work) == [key(3)]


def test_what_the_model_said_and_what_was_read_come_back_as_they_were(store: Store) -> None:
    emotions = {emotion: (number + 1) / 8 for number, emotion in enumerate(Emotion)}
    whole = attrs.evolve(
        assessment(),
        emotions=emotions,
        felt=(Emotion.NONE, Emotion.ANGER),
        arousal=0.1,
        complaint=0.2,
        severity=0.3,
        offensive=0.4,
        irony=0.5,
        abstained=True,
    )
    plain = attrs.evolve(assessment(), emotions={})
    with store.begin() as work:
        some_posts(work, 1, 2)
        work.mentions.match("f", {**about(1, "acme"), **about(2, "acme")})
        work.mentions.assess({key(1): whole, key(2): plain}, TUESDAY)
        readings = {(key(1), "acme"): READING, (key(2), "acme"): Reading()}
        work.mentions.read(readings, "test", TUESDAY)
    with store.read() as work:
        first, second = work.mentions.ungrouped(9)
        assert (first.assessment, first.reading) == (whole, READING)
        assert (second.assessment, second.reading) == (plain, Reading())


def test_a_brand_that_is_new_to_a_post_waits_with_what_the_model_said_before(
    store: Store,
) -> None:
    with store.begin() as work:
        some_posts(work, 1)
        work.mentions.match("f", about(1, "acme"))
        conclude(work, 1, said=assessment(revision="7"))
        work.mentions.match("f2", about(1, "acme", "zenith"))
        [one] = work.mentions.unread(9)
        assert [mention.brand for mention in one.mentions] == ["acme", "zenith"]
        assert one.assessment == assessment(revision="7")
        assert [remark.brand for remark in work.mentions.ungrouped(9)] == ["acme"]


def test_what_was_read_once_is_not_read_anew(store: Store) -> None:
    with store.begin() as work:
        some_posts(work, 1)
        work.mentions.match("f", about(1, "acme", "zenith"))
        conclude(work, 1)
        both = {(key(1), brand): READING for brand in ("acme", "zenith")}
        work.mentions.read(both, "later", after(9))
        found = {remark.brand: remark.reading for remark in work.mentions.ungrouped(9)}
        assert found == {"acme": Reading(), "zenith": READING}


def test_a_mention_that_was_read_waits_to_be_grouped_with_all_that_is_known_of_it(
    store: Store,
) -> None:
    with store.begin() as work:
        some_posts(work, 2, 1)
        work.mentions.match("f", {**about(1, "acme"), **about(2, "acme")})
        work.mentions.assess({key(1): assessment(), key(2): assessment()}, TUESDAY)
        assert work.mentions.ungrouped(9) == []
        conclude(work, 1, 2)
        assert work.mentions.ungrouped(9) == [
            Remark(post=post(n, published_at=after(n)), brand="acme", assessment=assessment())
            for n in (1, 2)
        ]
        work.incidents.save(incident())
        work.mentions.group("acme", {key(1): "acme-1", key(2): None}, TUESDAY)
        assert work.mentions.ungrouped(9) == []
        (member,) = work.mentions.of_incident("acme-1")
        assert (member.post.key, member.incident) == (key(1), "acme-1")


def test_a_post_makes_a_remark_for_each_brand_once_it_was_judged(store: Store) -> None:
    with store.begin() as work:
        some_posts(work, 1, 2)
        work.mentions.match("f", {**about(1, "acme", "zenith"), **about(2, "acme")})
        assert work.mentions.of_post(key(1)) == []
        conclude(work, 1, 2)
        assert [one.brand for one in work.mentions.of_post(key(1))] == ["acme", "zenith"]
        assert {one.post.key for one in work.mentions.of_post(key(1))} == {key(1)}


def test_the_newest_assessment_counts(store: Store) -> None:
    with store.begin() as work:
        some_posts(work, 1)
        work.mentions.match("f", about(1, "acme"))
        conclude(work, 1, said=assessment(revision="1"))
        work.mentions.assess({key(1): assessment(revision="2")}, after(9))
        assert [r.assessment.revision for r in work.mentions.ungrouped(9)] == ["2"]


def test_a_brand_that_stays_keeps_its_incident_when_the_post_is_matched_again(
    store: Store,
) -> None:
    with store.begin() as work:
        some_posts(work, 1)
        work.mentions.match("f1", about(1, "acme", "lost"))
        conclude(work, 1)
        work.incidents.save(incident())
        work.mentions.group("acme", {key(1): "acme-1"}, TUESDAY)
        work.mentions.match("f2", about(1, "acme", "new"))
        conclude(work, 1, brand="new")
        assert [r.brand for r in work.mentions.of_incident("acme-1")] == ["acme"]
        assert [r.brand for r in work.mentions.ungrouped(9)] == ["new"]
        assert work.mentions.first_published_at("lost") is None


def test_results_for_a_post_that_went_away_meanwhile_are_left_out(store: Store) -> None:
    with store.begin() as work:
        some_posts(work, 1, 2)
        work.posts.gather([gone(1, 99)])
        work.mentions.match("f", {**about(1, "acme"), **about(2, "acme")})
        conclude(work, 1, 2)
        assert [r.post.key for r in work.mentions.ungrouped(9)] == [key(2)]


def test_an_assessment_of_a_text_that_changed_meanwhile_is_left_out(store: Store) -> None:
    with store.begin() as work:
        some_posts(work, 1)
        work.mentions.match("f", about(1, "acme"))
        work.posts.gather([seen(post(1, text="quite another text"), 99)])
        conclude(work, 1)
        work.mentions.match("f", about(1, "acme"))
        assert unread(work) == [key(1)]


def test_the_times_of_a_brand_are_in_order_and_end_before_the_end(store: Store) -> None:
    with store.begin() as work:
        some_posts(work, 3, 1, 2, 4)
        work.mentions.match("f", {k: m for n in (1, 2, 3, 4) for k, m in about(n, "acme").items()})
        work.incidents.save(incident())
        work.mentions.group("acme", {key(2): "acme-1", key(3): None}, TUESDAY)
        assert work.mentions.times("acme", after(1), after(4)) == [after(1), after(2), after(3)]
        assert work.mentions.times("acme", after(1), after(4), grouped_only=True) == [after(2)]
        assert work.mentions.times("zenith", after(1), after(4)) == []
        assert work.mentions.first_published_at("acme") == after(1)


def test_a_day_is_the_readers_day(store: Store) -> None:
    with store.begin() as work:
        some_posts(work, 0, 60 * 3, 60 * 4)
        work.mentions.match("f", {k: m for n in (0, 180, 240) for k, m in about(n, "acme").items()})
        work.mentions.assess(
            {
                key(0): assessment(0.8, 0.1, 0.1),
                key(180): assessment(0.1, 0.8, 0.1),
                key(240): assessment(0.1, 0.1, 0.8),
            },
            TUESDAY,
        )

        def days(zone: str) -> list[tuple[date, int, int, int]]:
            return work.mentions.sentiment_by_day("acme", TUESDAY, after(999), ZoneInfo(zone))

        assert days("UTC") == [(date(2026, 3, 3), 1, 0, 0), (date(2026, 3, 4), 0, 1, 1)]
        assert days("Asia/Shanghai") == [(date(2026, 3, 4), 1, 1, 1)]


def test_a_mood_that_could_not_be_told_is_counted_as_neither_angry_nor_pleased(
    store: Store,
) -> None:
    with store.begin() as work:
        some_posts(work, 1, 2)
        work.mentions.match("f", {**about(1, "acme"), **about(2, "acme")})
        conclude(work, 1, said=assessment(0.4, 0.3, 0.3))
        conclude(work, 2, said=attrs.evolve(assessment(1 / 3, 1 / 3, 1 / 3), abstained=True))
        found = work.mentions.sentiment_by_day("acme", TUESDAY, after(999), ZoneInfo("UTC"))
        assert found == [(date(2026, 3, 3), 0, 2, 0)]


def test_thousands_of_posts_go_through_in_one_call(store: Store) -> None:
    numbers = range(2500)
    with store.begin() as work:
        some_posts(work, *numbers)
        work.mentions.match("f", {k: m for n in numbers for k, m in about(n, "acme").items()})
        conclude(work, *numbers)
        work.mentions.group("acme", {key(n): None for n in numbers}, TUESDAY)
        assert work.mentions.ungrouped(1) == []
        assert len(work.posts.get([key(n) for n in numbers])) == 2500
