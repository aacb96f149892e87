"""Grouping over a real store: what joins, what does not, and that a restart changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import attrs
import numpy as np
import pytest

from monitor.domain import (
    Deletion,
    Forecast,
    Incident,
    IncidentState,
    Level,
    Observation,
    Quantiles,
    Quantity,
)
from monitor.incidents.grouping import GroupingOptions
from monitor.incidents.lifecycle import ended
from monitor.stages.group import Group
from monitor.store.history import ChangeKind
from monitor.store.incidents import Incidents
from monitor.store.mentions import Mentions
from monitor.store.store import Store
from tests.fakes import FakeScorer
from tests.stages.scene import ACME, BAG, LATE, Scene, at, key, said, told


def test_the_same_story_in_other_words_is_one_incident_and_another_story_is_another(
    scene: Scene,
) -> None:
    scene.tell(told(BAG) + told(LATE, prefix="late"))
    bags, late = scene.stories()
    assert (bags.posts, late.posts) == (len(BAG), len(LATE))
    assert bags.state is late.state is IncidentState.OPEN
    scene.check()


def test_running_again_changes_nothing(scene: Scene) -> None:
    scene.tell(told(BAG))
    before = scene.stories()
    scene.run(30)
    scene.run(31)
    assert scene.stories() == before


def test_a_post_about_two_brands_tells_a_story_of_each(lite_scene: Scene) -> None:
    text = "Acme Air and Zephyr Jet both lost my bag"
    lite_scene.tell([said(1, text)])
    acme, zephyr = lite_scene.only("acme"), lite_scene.only("zephyr")
    assert acme.id != zephyr.id
    assert (acme.brand, zephyr.brand, acme.posts, zephyr.posts) == ("acme", "zephyr", 1, 1)


def test_praise_and_the_brands_own_words_join_nothing(lite_scene: Scene) -> None:
    own = said("own", "Acme Air: we are sorry about the soldier's fourth bag", 40, by="acmeair")
    praise = said("praise", "I love how Acme Air treats the fourth bag of a soldier", 41)
    lite_scene.tell([*told(BAG), own, praise])
    assert lite_scene.only().posts == len(BAG)


def test_a_display_name_does_not_make_a_complaint_the_brands_own(lite_scene: Scene) -> None:
    lite_scene.tell([said(1, BAG[0], name="acmeair")])
    assert lite_scene.only().posts == 1


def test_a_neutral_answer_counts_and_a_neutral_post_by_itself_does_not(lite_scene: Scene) -> None:
    answer = said("answer", "fyi Acme Air says four bags are free", 30, parent=key("0"))
    alone = said("alone", "fyi Acme Air has a new bag counter", 31)
    lite_scene.tell([*told(BAG), answer, alone])
    assert lite_scene.story_of("answer") == lite_scene.only().id
    assert lite_scene.story_of("alone") is None


# --- restarts -----------------------------------------------------------------------------------


def test_a_restart_after_every_post_gives_the_same_stories_as_none(
    store: Store, make_scene: Callable[[], Scene]
) -> None:
    posts = [
        *told(BAG, step=7),
        *told(LATE, start=3, step=11, prefix="late"),
        said("praise", "I love Acme Air and its bag policy", 8),
        said("refund", "Acme Air keeps my refund since January", 20),
    ]
    posts.sort(key=lambda seen: seen.observed_at)
    steady, restarted = Scene(store), make_scene()
    for post in posts:
        steady.tell([post])
        restarted.restart()
        restarted.tell([post])
    assert restarted.stories() == steady.stories()


@pytest.mark.parametrize("broken", ["save", "group"])
def test_a_transaction_that_fails_loses_nothing_and_repeating_it_gives_the_same(
    store: Store,
    make_scene: Callable[[], Scene],
    broken: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    undisturbed, scene = make_scene(), Scene(store)
    posts = told(BAG) + told(LATE, prefix="late")
    for start in (0, 4):
        undisturbed.tell(posts[start : start + 4])
        scene.gather(*posts[start : start + 4])
        kind = Incidents if broken == "save" else Mentions
        with monkeypatch.context() as patch:
            patch.setattr(kind, broken, _full)
            with pytest.raises(OSError, match="no space"):
                scene.run(15 + 5 * start)
        with scene.store.read() as work:
            assert work.mentions.ungrouped(100)
        scene.run(15 + 5 * start)
        undisturbed.run(15 + 5 * start)
    assert [attrs.evolve(story, opened_at=None) for story in scene.stories()] == [
        attrs.evolve(story, opened_at=None) for story in undisturbed.stories()
    ]
    scene.check()


# --- what changes at the source -----------------------------------------------------------------


def test_a_deleted_post_leaves_the_count_the_title_and_the_centre_of_its_story(
    scene: Scene,
) -> None:
    posts = told(BAG)
    scene.tell(posts[:-1])
    without = scene.only()
    scene.tell([said("x", "Acme Air bag scandal with Zebediah Smith, soldier", 60)])
    assert scene.only().posts == without.posts + 1
    scene.tell([Deletion(key=key("x"), observed_at=at(70))])
    after = scene.only()
    scene.check()
    assert (after.posts, after.authors, after.terms) == (
        without.posts,
        without.authors,
        without.terms,
    )
    assert after.last_post_at == without.last_post_at
    assert np.allclose(_centre(after), _centre(without), atol=1e-5)
    assert after.version > without.version


def test_the_only_words_of_a_title_go_when_their_post_is_deleted(lite_scene: Scene) -> None:
    lite_scene.tell([said(1, "Acme Air lost the luggage of Zebediah Smith")])
    assert "Zebediah" in lite_scene.only().title
    lite_scene.tell([said(2, BAG[0], 5, parent=key(1)), Deletion(key=key(1), observed_at=at(9))])
    assert "Zebediah" not in lite_scene.only().title
    assert lite_scene.only().first_post == key(2)


@pytest.mark.parametrize("posts", [1, 6])
def test_a_story_of_which_every_post_was_deleted_is_gone_if_nobody_was_told_of_it(
    scene: Scene, posts: int
) -> None:
    seen = told(BAG[:posts])
    scene.tell(seen)
    scene.tell([Deletion(key=one.post.key, observed_at=at(60)) for one in seen])
    assert scene.stories() == []


def test_an_incident_of_which_every_post_was_deleted_closes_without_their_words(
    scene: Scene,
) -> None:
    posts = told(BAG)
    scene.tell(posts)
    scene.alert(scene.only())
    scene.tell([Deletion(key=seen.post.key, observed_at=at(60)) for seen in posts])
    emptied = scene.only()
    assert (emptied.state, emptied.posts, emptied.authors) == (IncidentState.CLOSED, 0, 0)
    assert (emptied.title, emptied.terms, emptied.centroid) == ("…", (), b"")
    scene.run(61)
    assert scene.only() == emptied


def test_posts_deleted_while_nobody_ran_are_noticed_at_the_next_start(scene: Scene) -> None:
    scene.tell(told(BAG))
    scene.gather(Deletion(key=key("2"), observed_at=at(60)))
    scene.restart()
    scene.run(61)
    assert scene.only().posts == len(BAG) - 1
    scene.check()


def test_posts_deleted_between_reading_and_writing_are_noticed_by_the_next_run(
    lite_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, place = lite_scene, Group.run
    scene.tell(told(BAG[:4]))
    scene.gather(said("new", BAG[4], 30))
    for stage in scene.stages[:2]:
        stage.run(scene.store, at(31))
    ungrouped = Mentions.ungrouped

    def and_then_two_go(self: Mentions, limit: int) -> object:
        found = ungrouped(self, limit)
        scene.gather(
            Deletion(key=key("0"), observed_at=at(31)), Deletion(key=key("new"), observed_at=at(31))
        )
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Mentions, "ungrouped", and_then_two_go)
        place(scene.stages[2], scene.store, at(31))  # type: ignore[arg-type]  # it is the Group
    scene.run(32)
    assert scene.only().posts == 3
    scene.check()


def test_an_edited_post_goes_where_its_new_text_belongs(scene: Scene) -> None:
    scene.tell(told(BAG) + told(LATE, prefix="late"))
    bags, late = (story.id for story in scene.stories())
    scene.tell([said("2", "Sorry, I meant: Acme Air had a delay of four hours", 10, seen=60)])
    assert scene.story_of("2") == late
    scene.check()
    scene.tell([said("2", "Sorry, I meant: I love Acme Air and its delay", 10, seen=70)])
    assert scene.story_of("2") is None
    assert [story.id for story in scene.stories()] == [bags, late]
    scene.check()


def test_a_founder_that_was_edited_into_another_complaint_begins_another_story(
    scene: Scene,
) -> None:
    scene.tell(told(BAG))
    story = scene.only()
    scene.tell([said("0", "Acme Air keeps my refund since January", 0, seen=60)])
    first, second = scene.stories()
    assert (first.id, first.posts, first.first_post) == (story.id, len(BAG) - 1, key("1"))
    assert (second.posts, second.first_post) == (1, key("0"))
    assert second.id != first.id
    scene.check()


def test_a_brand_that_is_watched_no_more_leaves_no_stories_that_form(lite_scene: Scene) -> None:
    lite_scene.tell([said(1, "Zephyr Jet lost my bag"), said(2, BAG[0])])
    lite_scene.brands = (ACME,)
    lite_scene.restart()
    lite_scene.run(10)
    assert lite_scene.stories("zephyr") == []
    assert lite_scene.only("acme").posts == 1


# --- out of order -------------------------------------------------------------------------------


def test_posts_that_come_late_and_out_of_order_end_in_one_story_that_begins_with_the_first(
    scene: Scene,
) -> None:
    posts = told(BAG)
    for seen in (posts[3], posts[0], posts[5], posts[1], posts[4], posts[2]):
        scene.tell([attrs.evolve(seen, observed_at=at(60))], minutes=60)
    story = scene.only()
    assert (story.posts, story.first_post, story.first_post_at) == (len(BAG), key("0"), at(0))
    assert story.last_post_at == at(25)
    scene.check()


def test_an_answer_that_is_seen_before_what_it_answers_is_in_one_story_with_it(
    lite_scene: Scene,
) -> None:
    answer = said("answer", "Acme Air did the same to my cousin in Denver", 9, parent=key("root"))
    root = said("root", "Acme Air broke grandmother's wheelchair", 5, seen=12)
    lite_scene.tell([answer])
    lite_scene.tell([root])
    assert lite_scene.story_of("root") == lite_scene.story_of("answer") is not None


# --- stories that turn out to be one ------------------------------------------------------------


@pytest.fixture
def hazy(scene: Scene) -> Scene:
    """A single post is not enough here to see that it tells the same as others; several are."""
    scene.scorer = FakeScorer(("bag", "suitcase"), near=0.75)
    scene.grouping = GroupingOptions(merging=0.55)
    scene.restart()
    return scene


def test_a_story_that_forms_becomes_part_of_the_incident_that_people_were_told_of(
    hazy: Scene,
) -> None:
    hazy.tell(_linked("https://a.example/soldier", "bag", 6, 0, "a"))
    opened = hazy.only()
    assert opened.state is IncidentState.OPEN
    hazy.tell(_linked("https://b.example/veteran", "suitcase", 2, 300, "b", by="somebody"))
    assert [story.posts for story in hazy.stories()] == [6, 2]
    hazy.tell(_linked("https://b.example/veteran", "suitcase", 3, 320, "c", by="somebody"))
    one = hazy.only()
    assert (one.id, one.posts, one.authors) == (opened.id, 11, 7)
    assert (one.first_post, one.opened_at) == (opened.first_post, opened.opened_at)
    hazy.check()


def test_an_incident_takes_in_an_older_story_that_forms_and_keeps_its_name(hazy: Scene) -> None:
    hazy.tell(_linked("https://b.example/veteran", "suitcase", 6, 0, "b", by="somebody"))
    loud = said("loud", "Acme Air bag https://a.example/soldier uvw0", 300, followers=30_000)
    hazy.tell([loud])
    (opened,) = hazy.open()
    hazy.tell(_linked("https://a.example/soldier", "bag", 6, 310, "a"))
    one = hazy.only()
    assert (one.id, one.posts, one.first_post) == (opened.id, 13, key("b0"))
    hazy.check()


@pytest.mark.parametrize("told_of", [(), ("younger",), ("older",), ("older", "younger")])
def test_of_two_incidents_the_one_stays_that_people_were_told_of(
    hazy: Scene, told_of: tuple[str, ...]
) -> None:
    older = _linked("https://a.example/soldier", "bag", 5, 0, "a")
    younger = _linked("https://b.example/veteran", "suitcase", 2, 300, "b")
    loud = said("loud", "Acme Air suitcase https://b.example/veteran u0", 302, followers=30_000)
    hazy.tell([*older, *younger, loud])
    incidents = dict(zip(("older", "younger"), hazy.stories(), strict=True))
    assert all(incident.state is IncidentState.OPEN for incident in incidents.values())
    for which in told_of:
        hazy.alert(incidents[which])
    hazy.tell(_linked("https://b.example/veteran", "suitcase", 4, 310, "c"))
    one = hazy.only()
    assert one.id == incidents[told_of[0] if len(told_of) == 1 else "older"].id
    assert (one.posts, one.level) == (12, Level.HIGH if told_of else None)
    hazy.check()


def test_of_two_incidents_that_people_were_told_of_the_younger_stays_as_a_record(
    hazy: Scene,
) -> None:
    older, younger = _two_told_of(hazy)
    with hazy.store.begin() as work:
        worse = attrs.evolve(younger, level=Level.CRITICAL, version=younger.version + 1)
        work.incidents.save(worse)
        work.forecasts.add([_forecast(younger.id)])
    hazy.tell(_linked("https://b.example/veteran", "suitcase", 4, 310, "c"))
    with hazy.store.read() as work:
        assert work.incidents.merged_into(younger.id) == older.id
        record = work.incidents.get(younger.id)
        assert record is not None
        assert (record.state, record.posts, record.title) == (
            IncidentState.CLOSED,
            0,
            younger.title,
        )
        assert [alert.incident for alert in work.alerts.of_incident(younger.id)] == [younger.id]
        assert work.forecasts.of_incident(younger.id) == []
        assert younger.id not in {one.id for one in work.incidents.undecided()}
        assert younger.id not in {one.id for one in work.incidents.unforecast(at(9_999))}
        assert [
            (change.kind, change.other, change.title, change.posts, change.at)
            for change in work.incidents.history(older.id)
        ] == [(ChangeKind.TOOK_IN, younger.id, younger.title, 7, at(313))]
        assert [change.kind for change in work.incidents.history(younger.id)] == [
            ChangeKind.WENT_INTO
        ]
    assert hazy.only().level is Level.CRITICAL, "nobody is told again of what they know"


def test_a_restart_after_a_merge_goes_on_with_the_one_incident(hazy: Scene) -> None:
    older, younger = _two_told_of(hazy)
    more = _linked("https://b.example/veteran", "suitcase", 6, 310, "c")
    hazy.tell(more[:4])
    hazy.restart()
    hazy.tell([more[4]])
    hazy.tell([said("answer", "Acme Air again", 330, parent=younger.first_post)])
    assert (hazy.only().id, hazy.only().posts) == (older.id, 14)
    hazy.check()


def test_what_was_merged_before_points_to_where_it_all_went(hazy: Scene) -> None:
    older, younger = _two_told_of(hazy)
    hazy.tell(_linked("https://b.example/veteran", "suitcase", 4, 310, "c"))
    with hazy.store.begin() as work:
        record = work.incidents.get(older.id)
        assert record is not None
        other = attrs.evolve(record, id="other", version=1)
        work.incidents.save(other)
        work.incidents.absorb(attrs.evolve(record, version=record.version + 1), "other")
        assert work.incidents.merged_into(younger.id) == "other"
        assert work.incidents.parts("other") == sorted([older.id, younger.id])
        assert work.incidents.merged(younger.id[:5]) == {younger.id: "other"}
        assert [one.id for one in work.incidents.find(brand="acme")] == ["other"]


def test_a_title_in_the_history_goes_when_posts_of_the_incident_are_deleted(hazy: Scene) -> None:
    older, younger = _two_told_of(hazy)
    hazy.tell(_linked("https://b.example/veteran", "suitcase", 4, 310, "c"))
    hazy.tell([Deletion(key=key("b0"), observed_at=at(320))])
    with hazy.store.read() as work:
        assert [change.title for change in work.incidents.history(older.id)] == ["…"]
        record = work.incidents.get(younger.id)
    assert record is not None
    assert record.title == "…"
    hazy.check()


def _two_told_of(hazy: Scene) -> tuple[Incident, Incident]:
    """Two incidents of which people were told, an older and a younger."""
    older = _linked("https://a.example/soldier", "bag", 5, 0, "a")
    younger = _linked("https://b.example/veteran", "suitcase", 2, 300, "b")
    loud = said("loud", "Acme Air suitcase https://b.example/veteran u0", 302, followers=30_000)
    hazy.tell([*older, *younger, loud])
    for incident in hazy.stories():
        hazy.alert(incident)
    first, second = hazy.stories()
    return first, second


def _forecast(incident: str) -> Forecast:
    return Forecast(
        incident=incident,
        quantity=Quantity.MENTIONS,
        horizon=timedelta(hours=24),
        made_at=at(303),
        seen=3,
        model="test/1",
        quantiles=Quantiles(low90=3.0, low50=4.0, median=5.0, high50=6.0, high90=7.0),
    )


# --- a story that turns out to be two -----------------------------------------------------------


@pytest.fixture
def chaining(lite_scene: Scene) -> Scene:
    """Everything that is said joins the one story there is."""
    lite_scene.grouping = GroupingOptions(threshold=-9.0)
    lite_scene.restart()
    return lite_scene


def test_the_later_of_two_stories_chained_together_becomes_an_incident_of_its_own(
    chaining: Scene,
) -> None:
    chaining.tell(_about("bag", 8, 0))
    first = chaining.only()
    chaining.alert(first)
    chaining.tell(_about("delay", 8, 60))
    earlier, later = sorted(chaining.stories(), key=lambda story: story.first_post_at)
    assert (earlier.id, earlier.posts, earlier.level) == (first.id, 8, Level.HIGH)
    assert (later.posts, later.state, later.level) == (8, IncidentState.OPEN, None)
    assert later.first_post == key("delay60")
    assert ("bag" in earlier.title, "delay" in later.title) == (True, True)
    assert [alert.incident for alert in chaining.alerts(earlier.id)] == [earlier.id]
    with chaining.store.read() as work:
        (left,) = work.incidents.history(earlier.id)
        (came,) = work.incidents.history(later.id)
    assert (left.kind, left.other, left.posts) == (ChangeKind.LET_GO, later.id, 8)
    assert (came.kind, came.other, came.posts) == (ChangeKind.CAME_OUT, earlier.id, 8)
    chaining.check()


def test_a_good_story_is_not_split_as_it_grows(chaining: Scene) -> None:
    for start in range(0, 64, 8):
        chaining.tell(_about("bag", 8, start))
    assert chaining.only().posts == 64
    with chaining.store.read() as work:
        assert work.incidents.history(chaining.only().id) == []


def test_an_incident_that_was_merged_and_is_split_off_again_is_itself_again(
    chaining: Scene,
) -> None:
    chaining.tell(_about("bag", 8, 0))
    first = chaining.only()
    chaining.alert(first)
    chaining.tell(_about("delay", 8, 60))
    (other,) = [story for story in chaining.stories() if story.id != first.id]
    chaining.alert(other)
    with chaining.store.begin() as work:
        told = work.incidents.get(other.id)
        assert told is not None
        work.mentions.regroup(other.id, first.id)
        work.incidents.absorb(attrs.evolve(ended(told, at(90)), version=told.version + 1), first.id)
        kept = work.incidents.get(first.id)
        assert kept is not None
        work.incidents.save(attrs.evolve(kept, posts=16, version=kept.version + 1))
    chaining.restart()
    chaining.tell(_about("bag", 16, 100))
    again = {story.id: story for story in chaining.stories()}
    assert again.keys() == {first.id, other.id}
    assert (again[other.id].level, again[other.id].posts) == (Level.HIGH, 8)
    with chaining.store.read() as work:
        assert work.incidents.merged_into(other.id) is None
    chaining.check()


def _about(topic: str, count: int, start: int) -> list[Observation]:
    """Posts that have no word in common but what they are about."""
    return [
        said(f"{topic}{n}", f"Acme Air {topic} {topic}xyz{n} {topic}uvw{n}", n)
        for n in range(start, start + count)
    ]


def _linked(
    link: str, about: str, count: int, start: float, prefix: str, by: str = ""
) -> list[Observation]:
    """Posts of one story that have no word in common but what they are about and a link."""
    return [
        said(
            f"{prefix}{n}",
            f"Acme Air {about} {prefix}xyz{n} {prefix}uvw{n} {link}",
            start + n,
            by=by,
        )
        for n in range(count)
    ]


# --- opening, closing, titles -------------------------------------------------------------------


def _full(*_: object, **__: object) -> None:
    raise OSError("no space left on device")


def _centre(incident: Incident) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.frombuffer(incident.centroid, dtype="<f4")


def test_an_incident_closes_when_it_was_quiet_and_opens_again_when_it_is_told_again(
    scene: Scene,
) -> None:
    scene.tell(told(BAG))
    days = 24 * 60
    scene.run(4 * days)
    closed = scene.only()
    assert (closed.state, closed.closed_at) == (IncidentState.CLOSED, at(4 * days))
    scene.tell([said("again", BAG[0], 5 * days)])
    again = scene.only()
    assert (again.state, again.closed_at, again.posts) == (
        IncidentState.OPEN,
        closed.closed_at,
        len(BAG) + 1,
    )
    assert again.opened_at == closed.opened_at


def test_a_story_opens_when_its_posts_were_viewed_often_without_a_new_post(scene: Scene) -> None:
    scene.tell([said(1, BAG[0], views=100)])
    assert scene.only().state is IncidentState.FORMING
    scene.tell([said(1, BAG[0], views=6_000, seen=30)])
    assert scene.only().state is IncidentState.OPEN
    scene.tell([said(2, LATE[0], 31, views=10)])
    scene.tell([said(2, LATE[0], 31, views=9_000, seen=31 + 80 * 60)])
    assert scene.story_of(2) not in {incident.id for incident in scene.open()}


def test_one_complaint_before_many_followers_is_an_incident(lite_scene: Scene) -> None:
    lite_scene.tell([said(1, BAG[0], followers=19_999)])
    assert lite_scene.only().state is IncidentState.FORMING
    lite_scene.tell([said(2, LATE[0], 5, followers=20_000)])
    assert [incident.first_post for incident in lite_scene.open()] == [key(2)]


def test_the_title_stays_while_a_story_grows_a_little(lite_scene: Scene) -> None:
    lite_scene.tell(told([BAG[number % 6] + f" ({number})" for number in range(15)]))
    before = lite_scene.only().title
    lite_scene.tell([said("other", "Acme Air: pay! pay! pay! for the bag of the soldier", 90)])
    assert lite_scene.only().title == before
    assert lite_scene.only().posts == 16
