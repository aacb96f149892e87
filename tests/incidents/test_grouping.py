"""Grouping by itself, with embeddings that are made to measure."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import numpy as np
import pytest

from monitor.domain import Author, Post, PostKey, Reading, Remark, Target
from monitor.incidents.grouping import Grouper, GroupingOptions, complains
from monitor.incidents.story import incident_id
from tests.fakes import FakeScorer

START = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
SCORER = FakeScorer(("bag",), ("delay",), ("refund",), ("monster",))


def _remark(
    number: int | str,
    text: str,
    minutes: float = 0,
    *,
    parent: str | None = None,
    thread: str | None = None,
) -> Remark:
    post = Post(
        key=_key(number),
        text=text,
        published_at=START + timedelta(minutes=minutes),
        author=Author(native_id=f"author-{number}"),
        parent=None if parent is None else _key(parent),
        thread=None if thread is None else _key(thread),
    )
    return Remark(post=post, brand="acme", assessment=SCORER.score([text])[0])


def _rated(remark: Remark, **changes: Any) -> Remark:
    return attrs.evolve(remark, assessment=attrs.evolve(remark.assessment, **changes))


def _key(number: int | str) -> PostKey:
    return PostKey("mastodon", str(number))


@pytest.fixture
def grouper() -> Grouper:
    return Grouper("acme", ("Acme Air",))


# --- ties ---------------------------------------------------------------------------------------


def test_an_answer_joins_what_it_answers_whatever_it_says(grouper: Grouper) -> None:
    story = grouper.place(_remark(1, "The fourth bag cost a soldier $200"))
    assert grouper.place(_remark(2, "fyi that is how it is there", parent="1")) == story
    assert grouper.place(_remark(3, "My uncle waited at the desk all night", parent="2")) == story


def test_posts_of_one_thread_join_though_its_first_post_was_never_seen(grouper: Grouper) -> None:
    story = grouper.place(_remark(1, "The fourth bag cost a soldier $200", thread="root"))
    assert grouper.place(_remark(2, "Uncle waited at the desk all night", thread="root")) == story
    assert grouper.place(_remark("root", "fyi this is the whole report", 9)) == story


def test_answers_to_a_post_that_was_never_seen_are_no_story_for_that(grouper: Grouper) -> None:
    first = grouper.place(_remark(1, "The fourth bag cost a soldier $200", parent="unseen"))
    other = grouper.place(_remark(2, "Another delay, all night at the gate", parent="unseen"))
    assert first != other


def test_a_repost_with_a_word_more_joins(grouper: Grouper) -> None:
    text = "Crew dragged my grandfather from his paid seat and broke two of his teeth"
    story = grouper.place(_remark(1, text))
    assert grouper.place(_remark(2, f"RT {text} unbelievable")) == story
    assert grouper.place(_remark(3, f"{text} https://t.co/abc")) == story


def test_posts_that_link_to_one_page_join(grouper: Grouper) -> None:
    story = grouper.place(_remark(1, "Soldier pays for a bag https://news.example/soldier?from=a"))
    linked = _remark(2, "Read and weep, veterans: https://www.news.example/soldier#comments")
    assert grouper.place(linked) == story


def test_which_of_two_links_counts_does_not_depend_on_the_process() -> None:
    code = f"import runpy; print(runpy.run_path({__file__!r})['two_links']())"
    said = set()
    for seed in range(3):
        process = subprocess.run(
            [sys.executable, "-c", code],
            env={
                **os.environ,
                "PYTHONHASHSEED": str(seed),
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        said.add(process.stdout)
    assert len(said) == 1


def two_links() -> str | None:
    """The story that a post joins that links to two."""
    grouper = Grouper("acme")
    grouper.place(_remark(1, "Soldier and bag https://one.example/page"))
    grouper.place(_remark(2, "Another delay https://two.example/page"))
    both = "Look: https://one.example/page https://two.example/page"
    return grouper.place(_remark(3, both))


# --- meaning ------------------------------------------------------------------------------------


def test_posts_that_mean_the_same_join_and_others_do_not(grouper: Grouper) -> None:
    bag = grouper.place(_remark(1, "They charge soldiers for every bag"))
    delay = grouper.place(_remark(2, "A delay of five hours without a word"))
    assert grouper.place(_remark(3, "My bag cost more than my ticket")) == bag
    assert grouper.place(_remark(4, "The second delay within a week")) == delay
    assert bag != delay


def test_praise_joins_nothing_not_even_what_it_answers(grouper: Grouper) -> None:
    grouper.place(_remark(1, "They charge soldiers for every bag"))
    assert grouper.place(_remark(2, "I love that they carried my bag", parent="1")) is None
    assert [story.posts for story in grouper.stories.values()] == [1]


@pytest.mark.parametrize(
    "empty", ["???", "monster", "@acmeair !!", "😡😡", "the monster of it all"]
)
def test_posts_with_hardly_a_word_begin_no_story_that_others_join(
    grouper: Grouper, empty: str
) -> None:
    stories = [grouper.place(_remark(number, empty, number)) for number in range(20)]
    assert len(set(stories)) == 20
    told = grouper.place(_remark("told", "A monster of a queue at the counter", 30))
    assert told not in stories
    assert grouper.place(_remark("again", empty, 31)) not in (*stories, told)


def test_a_post_with_hardly_a_word_still_joins_what_it_answers(grouper: Grouper) -> None:
    story = grouper.place(_remark(1, "They charge soldiers for every bag"))
    assert grouper.place(_remark(2, "???", parent="1")) == story


def test_what_complains_without_being_negative_is_a_complaint() -> None:
    assert not complains(_remark(1, "fyi"))
    assert complains(_rated(_remark(1, "fyi"), complaint=0.7))
    assert not complains(_rated(_remark(1, "fyi"), complaint=0.69))
    assert not complains(_rated(_remark(1, "love it"), complaint=0.99))


@pytest.mark.parametrize("target", [Target.OTHER, Target.NOBODY])
def test_what_is_aimed_at_somebody_else_begins_nothing_and_joins_only_what_it_is_tied_to(
    grouper: Grouper, target: Target
) -> None:
    def aside(number: int, parent: str | None = None) -> Remark:
        remark = _remark(number, "They charge soldiers for every single bag", parent=parent)
        return attrs.evolve(remark, reading=Reading(target=target))

    assert grouper.place(aside(1)) is None
    story = grouper.place(_remark(2, "So a soldier pays for a bag there, shameful"))
    assert grouper.place(aside(3)) is None
    assert grouper.place(aside(4, parent="2")) == story


def test_what_was_not_understood_is_no_complaint() -> None:
    third = 1 / 3
    unknown = _rated(
        _remark(1, "late again"), negative=third, neutral=third, positive=third, abstained=True
    )
    assert not complains(unknown)
    assert not complains(_rated(unknown, negative=1.0, neutral=0.0, positive=0.0))


# --- bookkeeping --------------------------------------------------------------------------------


def _some(grouper: Grouper) -> None:
    topics = ("bag", "delay", "refund")
    for number in range(30):
        topic = topics[number % 3]
        grouper.place(_remark(number, f"word{number} {topic} thing{number % 7}", number))
        grouper.place(_remark(f"odd{number}", f"strange{number} matter{number}", number))


def test_forgetting_every_story_leaves_nothing_behind(grouper: Grouper) -> None:
    _some(grouper)
    grouper.forget(set(grouper.stories))
    assert not grouper.stories
    assert np.allclose(grouper.meanings.background.sums, 0, atol=1e-4)
    assert not grouper.vocabulary.counts
    assert not any(held for held in vars(grouper._ties).values() if isinstance(held, dict))
    assert grouper.place(_remark("new", "My bag cost more than my ticket", 99)) == incident_id(
        "acme", _remark("new", "My bag cost more than my ticket", 99).post
    )


def test_the_likeness_of_every_story_is_what_its_definition_says(grouper: Grouper) -> None:
    _some(grouper)
    names = list(grouper.stories)
    grouper.forget(names[5:12])
    grouper.merge(names[20], into=names[2])
    meanings = grouper.meanings
    means = meanings.background.means(grouper.options.settled)
    direction = meanings.away(grouper.stories[names[0]].meaning)
    likeness = dict(zip(meanings.names, meanings.likeness(direction), strict=True))
    assert likeness.keys() == grouper.stories.keys()
    for name, story in grouper.stories.items():
        away = story.meaning.total - story.meaning.counts @ means
        expected = float(direction @ away / np.linalg.norm(away))
        assert likeness[name] == pytest.approx(expected, abs=1e-3)


def test_merging_moves_every_tie_and_every_count(grouper: Grouper) -> None:
    bag = grouper.place(_remark(1, "They charge soldiers for every bag"))
    refund = grouper.place(_remark(2, "No refund since spring https://a.example/b", -5))
    assert bag is not None
    assert refund is not None
    grouper.merge(refund, into=bag)
    story = grouper.stories[bag]
    assert (story.posts, len(story.authors), story.first_post) == (2, 2, _key(2))
    assert [when for when, _ in story.recent] == sorted(when for when, _ in story.recent)
    assert grouper.place(_remark(3, "???", 1, parent="2")) == bag
    assert grouper.place(_remark(4, "Look https://a.example/b", 1)) == bag
    assert refund not in grouper.stories


def test_of_too_many_stories_the_smallest_that_were_told_longest_ago_go_first() -> None:
    grouper = Grouper("acme", ("Acme Air",), GroupingOptions(most=3))
    for number in range(4):
        grouper.place(_remark(f"bag{number}", f"They charge soldiers for every bag {number}"))
    single = [
        grouper.place(_remark(number, f"strange{number} matter{number}", 5 + number))
        for number in range(5)
    ]
    assert grouper.faded(START - timedelta(days=1)) == set(single[:3])
    assert grouper.faded(START + timedelta(minutes=7)) == {
        name for name, story in grouper.stories.items() if name not in single[2:]
    }


def test_a_story_remembers_the_ties_of_its_latest_posts_only() -> None:
    grouper = Grouper("acme", ("Acme Air",), GroupingOptions(member_memory=2))
    story = grouper.place(_remark(0, "They charge soldiers for every bag https://a.example/b"))
    for number in (1, 2):
        grouper.place(_remark(number, f"My bag cost more than my ticket {number}", number))
    assert grouper.place(_remark("late", "???", 3, parent="0")) != story
    assert grouper.place(_remark("linked", "??? https://a.example/b", 3)) != story
    assert grouper.place(_remark("again", "???", 4, parent="2")) == story


def test_the_same_posts_in_the_same_order_give_the_same_stories() -> None:
    first, second = Grouper("acme"), Grouper("acme")
    _some(first)
    _some(second)
    assert list(first.stories) == list(second.stories)


def test_embeddings_of_an_earlier_model_are_not_compared_with_those_of_todays() -> None:
    options = GroupingOptions(model=(SCORER.model, SCORER.revision))
    grouper = Grouper("acme", ("Acme Air",), options)
    earlier = _remark(1, "The fourth bag cost a soldier $200 at the counter")
    other_size = attrs.evolve(
        earlier.assessment, revision="earlier", embedding=np.ones(8, dtype="<f2").tobytes()
    )
    first = grouper.place(attrs.evolve(earlier, assessment=other_size))
    second = grouper.place(_remark(2, "They took two hundred from troops for one more bag", 5))
    assert None not in (first, second)
    assert first != second
