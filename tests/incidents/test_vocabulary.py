from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from monitor.domain import Assessment, Post, PostKey, Remark
from monitor.incidents.story import Embeddings, Story
from monitor.incidents.vocabulary import Vocabulary

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
WORDS = st.sets(st.sampled_from(["bag", "fee", "late", "gate", "rude", "refund"]), min_size=1)


def _story(vocabulary: Vocabulary, *posts: set[str], name: str = "a") -> Story:
    """A story of posts that hold these words; the vocabulary learns them."""
    story = Story(name, "acme", _remark(0).post)
    for number, terms in enumerate(posts):
        vocabulary.learn(terms, chinese=False)
        story.add(_remark(number), sorted(terms), False, Embeddings())
    return story


def _remark(number: int) -> Remark:
    said = Assessment(
        model="t", revision="1", language="en", negative=1.0, neutral=0.0, positive=0.0
    )
    post = Post(key=PostKey("forum", str(number)), text="", published_at=NOON)
    return Remark(post=post, brand="acme", assessment=said)


def test_a_story_explains_more_of_a_post_the_more_and_the_rarer_words_they_share() -> None:
    vocabulary = Vocabulary()
    for number in range(200):
        vocabulary.learn({"flight", f"word{number}"}, chinese=False)
    story = _story(vocabulary, {"flight", "violin"}, {"flight", "violin", "broken"})

    def explained(*terms: str) -> float:
        return vocabulary.explained(terms, False, story)

    assert explained("violin", "broken") > explained("violin", "word7") > explained("flight")
    assert explained("word7", "word9") < 0 < explained("violin", "broken") <= 1


def test_what_a_story_says_in_another_script_does_not_make_it_explain_less() -> None:
    vocabulary = Vocabulary()
    english = _story(vocabulary, {"violin", "broken"})
    both = _story(vocabulary, {"violin", "broken"}, name="b")
    chinese = [f"字{number}" for number in range(50)]
    vocabulary.learn(chinese, chinese=True)
    both.add(_remark(9), chinese, True, Embeddings())
    explained = [vocabulary.explained(("violin",), False, story) for story in (english, both)]
    assert explained[0] == explained[1]


@given(st.lists(WORDS, min_size=1), st.lists(WORDS, min_size=1))
def test_two_stories_are_as_alike_as_the_other_way_round_and_never_more_than_the_same(
    one: list[set[str]], other: list[set[str]]
) -> None:
    vocabulary = Vocabulary()
    first, second = _story(vocabulary, *one), _story(vocabulary, *other, name="b")
    alike = vocabulary.alike(first, second)
    assert abs(alike - vocabulary.alike(second, first)) < 1e-9
    assert 0 <= alike <= 1 + 1e-9


@given(st.lists(WORDS), st.lists(WORDS, min_size=1))
def test_what_is_forgotten_leaves_the_vocabulary_as_if_it_had_never_been_said(
    kept: list[set[str]], gone: list[set[str]]
) -> None:
    vocabulary, other = Vocabulary(), Vocabulary()
    for terms in kept:
        vocabulary.learn(terms, chinese=False)
        other.learn(terms, chinese=False)
    vocabulary.forget(_story(vocabulary, *gone))
    assert vars(vocabulary) == vars(other)
