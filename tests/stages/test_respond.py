"""Answers link themselves, and promises are kept in a ledger, over a real store."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from monitor.casework import (
    SPARKWATCH,
    Action,
    ActionKind,
    Handling,
    PromiseKind,
    ResponseKind,
)
from monitor.domain import Deletion
from tests.stages.answering import Answering, answer
from tests.stages.scene import BAG, LATE, Scene, at, key, said, told

SORRY = "We apologize to the soldier, and we will get back to you by Friday."


@pytest.fixture
def answering(scene: Scene) -> Answering:
    return Answering(scene)


@pytest.fixture
def story(lite_scene: Scene) -> Answering:
    return Answering(lite_scene)


def test_an_answer_to_a_post_of_an_incident_is_logged_once(answering: Answering) -> None:
    answering.tell([answer(SORRY)])
    answering.run(42)
    answering.restart()
    answering.run(43)
    (action,) = answering.actions()
    assert (action.kind, action.response, action.by) == (
        ActionKind.RESPOND,
        ResponseKind.APOLOGY,
        SPARKWATCH,
    )
    assert (action.post, action.at) == (key("own"), at(40))
    assert answering.case().handling is Handling.RESPONDING


def test_an_answer_deeper_in_the_thread_belongs_to_its_first_post(story: Answering) -> None:
    story.tell([answer("Your bag fee is refunded: we have refunded you.", to="lost", thread=0)])
    (action,) = story.actions()
    assert action.response is ResponseKind.REFUND


def test_a_post_of_its_own_that_links_to_one_of_the_incident_is_an_answer(
    lite_scene: Scene,
) -> None:
    linked = said("video", "Acme Air takes money for a soldier's fourth bag!", 1)
    url = "https://video.example/watch?v=1"
    linked = attrs.evolve(linked, post=attrs.evolve(linked.post, url=url))
    story = Answering(lite_scene)
    story.tell([linked])
    story.tell([answer(f"We are aware of this video and are investigating: {url}.", to=None)])
    (action,) = story.actions()
    assert action.response is ResponseKind.HOLDING_STATEMENT


def test_another_account_that_calls_itself_the_brand_answers_nothing(story: Answering) -> None:
    fake = answer(SORRY, by="acmeair-help")
    author = attrs.evolve(fake.post.author, name="AcmeAir") if fake.post.author else None
    story.tell([attrs.evolve(fake, post=attrs.evolve(fake.post, author=author))])
    assert story.actions() == []
    assert story.promises() == []


def test_please_dm_us_is_a_promise_and_no_answer(story: Answering) -> None:
    story.tell([answer("Hi, sorry to hear this. Please DM us your booking reference.")])
    assert story.case().handling is Handling.OPEN
    (promise,) = story.promises()
    assert (promise.kind, promise.incident) == (PromiseKind.HANDOFF, story.incident)
    assert promise.due_at == promise.made_at + timedelta(hours=48)


def test_by_friday_is_the_end_of_friday_where_the_brand_is(story: Answering) -> None:
    story.tell([answer(SORRY)])
    (promise,) = story.promises()
    assert f"{promise.due_at:%a %H:%M}" == "Fri 15:59"  # a minute to midnight in Shanghai


def test_an_answer_given_before_the_story_is_an_incident_waits_for_it(lite_scene: Scene) -> None:
    story = Answering(lite_scene)
    story.tell([said("late-0", LATE[0], 50)])
    story.tell([answer("We are sorry for the delay of flight 12.", 51, to="late-0")])
    assert lite_scene.story_of("late-0") is not None
    story.tell(told(LATE[1:], 52, prefix="more-"), 70)
    story.run(76)
    late = lite_scene.story_of("late-0")
    assert late is not None
    with lite_scene.store.read() as work:
        (action,) = work.casework.of_incident(late)
    assert action.response is ResponseKind.APOLOGY


def test_of_many_answers_of_one_kind_only_the_first_is_told(story: Answering) -> None:
    story.tell([answer(f"We apologize, {n}.", 40 + n, to=n, number=f"own-{n}") for n in range(5)])
    story.tell([answer("We have refunded you.", 50, to=5, number="own-5")])
    assert len(story.actions()) == 6
    with story.scene.store.read() as work:
        untold = work.casework.untold(10)
    assert [one.response for one in untold] == [ResponseKind.APOLOGY, ResponseKind.REFUND]


def test_an_answer_to_one_customer_does_not_open_what_was_resolved(story: Answering) -> None:
    with story.scene.store.begin() as work:
        resolved = Action(
            key="r", incident=story.incident, at=at(35), by="Mei", kind=ActionKind.RESOLVE
        )
        work.casework.add(resolved)
    story.tell([answer(SORRY)])
    assert story.case().handling is Handling.RESOLVED
    assert len(story.case().responses) == 1


def test_a_promise_is_kept_by_a_later_answer_to_the_same_customer(story: Answering) -> None:
    story.tell([answer(SORRY, thread=0)])
    story.tell([said("asks", "And?", 60, by="author-0", parent=key("own"), thread=key(0))])
    kept = answer(
        "The fee was wrong and is on your card again.", 90, number="two", to="asks", thread=0
    )
    story.tell([kept])
    (promise,) = story.promises()
    assert (promise.kept_at, promise.kept_by) == (at(90), "mastodon:two")


@pytest.mark.parametrize(
    "later",
    [
        "We apologize to the soldier and we will get back to you by Friday!",
        "We are still on it and will get back to you tomorrow.",
        "Thank you for your patience!",
        "Please DM us",
    ],
)
def test_a_repetition_or_a_courtesy_keeps_nothing(story: Answering, later: str) -> None:
    story.tell([answer(SORRY)])
    story.tell([answer(later, 90, number="two")])
    assert all(one.kept_at is None for one in story.promises())


def test_an_answer_to_somebody_else_in_the_thread_keeps_nothing(story: Answering) -> None:
    story.tell([answer(SORRY, thread=0)])
    story.tell([said("other", "Me too", 60, by="bob", parent=key(0), thread=key(0))])
    story.tell(
        [answer("Your seat was changed as you asked.", 90, number="two", to="other", thread=0)]
    )
    (promise,) = story.promises()
    assert promise.kept_at is None


def test_the_customers_thanks_keep_it_and_nobody_elses(story: Answering) -> None:
    story.tell([answer("Please DM us your number.")])
    story.tell([said("bob", "Thanks!", 50, by="bob", parent=key("own"))])
    assert story.promises()[0].kept_at is None
    story.tell([said("happy", "Thanks, all sorted.", 60, by="author-0", parent=key("own"))])
    assert story.promises()[0].kept_by == "mastodon:happy"


def test_thanks_that_the_model_reads_as_anger_keep_nothing(story: Answering) -> None:
    story.tell([answer("Please DM us your number.")])
    bitter = "Cheers Acme Air for losing my bag, sorted, what a joke!"
    story.tell([said("bitter", bitter, 60, by="author-0", parent=key("own"))])
    assert story.promises()[0].kept_at is None


def test_a_promise_outside_any_incident_is_kept_in_the_ledger(story: Answering) -> None:
    story.tell([said("calm", "Does Acme Air take guitars? fyi", 45)])
    story.tell([answer("We'll get back to you within 24 hours.", 50, to="calm")])
    (promise,) = story.promises()
    assert promise.incident is None
    assert promise.due_at == at(50) + timedelta(hours=24)


def test_a_deleted_post_takes_its_promise_with_it(story: Answering) -> None:
    story.tell([answer(SORRY)])
    story.tell([Deletion(key=key("own"), observed_at=at(60))])
    assert story.promises() == []


def test_what_came_in_late_is_read_as_well(story: Answering) -> None:
    story.run(60)
    story.scene.gather(answer(SORRY, 55))
    story.run(61)
    assert len(story.actions()) == 1


def test_a_full_batch_goes_on_where_it_ended(lite_scene: Scene) -> None:
    story = Answering(lite_scene)
    story.stage.batch = 2
    story.scene.gather(
        *(answer(f"We apologize, {n}.", 40, to=n, number=f"own-{n}") for n in range(5))
    )
    while story.stage.run(story.scene.store, at(41)) >= 2:
        pass
    assert len(story.actions()) == 5


def test_an_incident_of_which_every_post_was_deleted_keeps_its_answers(story: Answering) -> None:
    story.tell([answer("Please DM us")])
    incident = story.incident
    story.tell([Deletion(key=key(n), observed_at=at(60)) for n in range(len(BAG))], 200)
    with story.scene.store.read() as work:
        assert work.incidents.get(incident) is not None
        assert [one.incident for one in work.promises.open()] == [incident]


def test_a_brand_without_accounts_answers_nothing(lite_scene: Scene) -> None:
    lite_scene.brands = tuple(attrs.evolve(one, handles=()) for one in lite_scene.brands)
    lite_scene.restart()
    story = Answering(lite_scene)
    story.tell([answer(SORRY)])
    assert story.actions() == []
