from __future__ import annotations

from pathlib import Path

import pytest

from nlp.embedded import EmbeddedScorer
from nlp.errors import ModelError
from nlp.scoring import load_scorer
from tests.nlp.conftest import write_classifier

TEXTS = ("good flight", "", "bad bag " * 300, "\x00", "行李坏了", "good")


@pytest.fixture(autouse=True)
def _no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def test_a_folder_of_any_classifier_scores(tmp_path: Path, scorer: EmbeddedScorer) -> None:
    folder = write_classifier(tmp_path / "stars", {0: "1 star", 1: "3 stars", 2: "5 stars"})
    foreign = load_scorer(str(folder))
    found = foreign.score(TEXTS)
    assert foreign.embed(TEXTS) == scorer.embed(TEXTS)
    assert (foreign.model, foreign.revision) == ("stars", "local")
    assert len(found) == len(TEXTS)
    for each, own in zip(found, scorer.score(TEXTS), strict=True):
        assert each.negative + each.neutral + each.positive == pytest.approx(1.0, abs=1e-5)
        assert (each.anger, each.complaint) == (None, None)
        assert len(each.embedding) == len(own.embedding)
        assert each.language == own.language


def test_the_order_of_the_classes_does_not_matter(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path / "one", {0: "negative", 1: "positive"})
    straight = load_scorer(str(folder)).score(["good flight"])[0]
    mapped = load_scorer(
        str(folder), labels={"negative": "positive", "positive": "negative"}
    ).score(["good flight"])[0]
    assert mapped.positive == pytest.approx(straight.negative)
    assert straight.neutral == 0.0


def test_unreadable_labels_are_told_with_the_setting_to_write(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path / "plain", {0: "LABEL_0", 1: "LABEL_1"})
    with pytest.raises(ModelError, match=r"nlp\.labels"):
        load_scorer(str(folder))


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"folder .* cannot be loaded.*config\.json"):
        load_scorer(str(tmp_path))


def test_a_name_that_the_hub_does_not_give_is_told() -> None:
    with pytest.raises(ModelError, match=r"nobody/nothing.*nlp\.model.*embedded"):
        load_scorer("nobody/nothing")
