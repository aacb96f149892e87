"""With the model that ships: one story in English and in both kinds of Chinese."""

from __future__ import annotations

from collections import Counter

import pytest

from monitor.incidents.grouping import GroupingOptions
from monitor.store.store import Store
from nlp.embedded import EmbeddedScorer
from tests.stages.ordinary import ORDINARY, STORY
from tests.stages.scene import Scene, said, told


@pytest.fixture(scope="module")
def scorer() -> EmbeddedScorer:
    return EmbeddedScorer.load()


def test_a_story_told_in_english_and_in_both_kinds_of_chinese_is_one_incident(
    lite: Store, scorer: EmbeddedScorer
) -> None:
    scene = Scene(lite, scorer=scorer)
    usual = told(ORDINARY * 6, step=10, prefix="usual")
    scene.tell(usual)
    for number, text in enumerate(STORY):
        scene.tell([said(f"violin{number}", text, 10 * len(usual) + 5 * number)])
    where = {text: scene.story_of(f"violin{number}") for number, text in enumerate(STORY)}
    story, size = Counter(where.values()).most_common(1)[0]
    assert story is not None
    assert size >= 0.8 * len(STORY), where
    with lite.read() as work:
        incident = work.incidents.get(story)
    assert incident is not None
    assert incident.posts == size, "nothing else may be in it"
    assert len({where[text] for text in STORY if "摔坏" in text or "摔壞" in text}) == 1


def test_what_people_were_told_of_in_two_languages_becomes_one_incident(
    lite: Store, scorer: EmbeddedScorer
) -> None:
    """Whoever was told of the story in each language is told of one from then on."""
    scene = Scene(lite, scorer=scorer)
    usual = told(ORDINARY * 6, step=10, prefix="usual")
    scene.tell(usual)
    scene.grouping = GroupingOptions(translated=-9.0, merging_translated=-9.0)
    scene.restart()
    start = 10.0 * len(usual)
    english = [text for text in STORY if "violin" in text]
    chinese = [text for text in STORY if "小提琴" in text]
    scene.tell(told(english, start, prefix="english"))
    scene.tell(told(chinese[:-2], start, prefix="chinese"))
    apart = [_mostly(scene, "english", len(english)), _mostly(scene, "chinese", len(chinese) - 2)]
    incidents = {story.id: story for story in scene.stories()}
    for name in apart:
        scene.alert(incidents[name])
    assert len(set(apart)) == 2
    scene.grouping = GroupingOptions()
    scene.restart()
    scene.tell(told(chinese[-2:] + chinese[:4], start + 100, prefix="later"))
    with lite.read() as work:
        standing = [name for name in apart if work.incidents.merged_into(name) is None]
        assert len(standing) == 1
        assert work.incidents.parts(standing[0]) == [name for name in apart if name not in standing]
        assert [len(work.alerts.of_incident(name)) for name in apart] == [1, 1]


def _mostly(scene: Scene, prefix: str, posts: int) -> str:
    """The story that most of the posts belong to whose ids begin so."""
    stories = Counter(scene.story_of(f"{prefix}{number}") for number in range(posts))
    story = stories.most_common(1)[0][0]
    assert story is not None
    return story


def test_unrelated_complaints_of_one_day_do_not_become_one(
    lite: Store, scorer: EmbeddedScorer
) -> None:
    scene = Scene(lite, scorer=scorer)
    scene.tell(told(ORDINARY, step=10))
    assert scene.stories()[0].posts <= 3
