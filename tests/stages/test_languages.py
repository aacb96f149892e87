"""With the model that ships: one story in English and in both kinds of Chinese."""

from __future__ import annotations

from collections import Counter

import pytest

from monitor.store.store import Store
from nlp.embedded import EmbeddedScorer
from tests.stages.ordinary import ORDINARY, STORY
from tests.stages.scene import Scene, said, told


@pytest.fixture(scope="module")
def scorer() -> EmbeddedScorer:
    return EmbeddedScorer.load()


def test_a_story_told_in_two_languages_is_one_incident_in_each_at_most(
    lite: Store, scorer: EmbeddedScorer
) -> None:
    scene = Scene(lite, scorer=scorer)
    usual = told(ORDINARY * 6, step=10, prefix="usual")
    scene.tell(usual)
    for number, text in enumerate(STORY):
        scene.tell([said(f"violin{number}", text, 10 * len(usual) + 5 * number)])
    where = {text: scene.story_of(f"violin{number}") for number, text in enumerate(STORY)}
    sizes = Counter(story for story in where.values() if story is not None)
    largest = sizes.most_common(2)
    assert sum(size for _, size in largest) >= 0.8 * len(STORY), where
    with lite.read() as work:
        for story, size in largest:
            incident = work.incidents.get(story)
            assert incident is not None
            assert incident.posts == size, "nothing else may be in it"
    assert len({where[text] for text in STORY if "摔坏" in text or "摔壞" in text}) == 1


def test_unrelated_complaints_of_one_day_do_not_become_one(
    lite: Store, scorer: EmbeddedScorer
) -> None:
    scene = Scene(lite, scorer=scorer)
    scene.tell(told(ORDINARY, step=10))
    assert scene.stories()[0].posts <= 3
