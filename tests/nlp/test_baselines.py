from __future__ import annotations

import sys

import pytest

from monitor.domain import Sentiment
from nlp.baselines import load_snownlp, load_vader, shares
from nlp.errors import ModelError


@pytest.mark.parametrize("score", [-1.0, -0.6, -0.2, -0.01, 0.0, 0.1, 0.3, 1.0])
def test_shares_sum_to_one_and_the_likeliest_is_what_the_score_stands_for(score: float) -> None:
    negative, neutral, positive = shares(score, 0.25)
    assert negative + neutral + positive == pytest.approx(1.0)
    expected = 0 if score < -0.25 else 2 if score > 0.25 else 1
    told = (negative, neutral, positive)
    assert told.index(max(told)) == expected


@pytest.mark.parametrize(("score", "place"), [(0.05, 2), (0.0499, 1), (-0.0499, 1), (-0.05, 0)])
def test_vader_is_read_by_the_thresholds_of_its_authors(score: float, place: int) -> None:
    told = shares(score, 0.04995)
    assert told.index(max(told)) == place


def test_vader_reads_english() -> None:
    pytest.importorskip("vaderSentiment")
    scorer = load_vader()
    texts = ["This is GREAT, thank you!!", "Horrible service, I hate them", "The desk is open", ""]
    said = scorer.score(texts)
    assert [each.sentiment for each in said] == [
        Sentiment.POSITIVE,
        Sentiment.NEGATIVE,
        Sentiment.NEUTRAL,
        Sentiment.NEUTRAL,
    ]
    assert (said[0].model, said[0].language, said[0].emotions) == ("vader", "en", {})
    assert scorer.embed(texts) == [b""] * 4


def test_snownlp_reads_both_scripts_of_chinese_alike() -> None:
    pytest.importorskip("snownlp")
    said = load_snownlp().score(
        ["质量太差了，非常失望", "質量太差了，非常失望", "很好用，喜欢", ""]
    )
    assert [each.sentiment for each in said] == [
        Sentiment.NEGATIVE,
        Sentiment.NEGATIVE,
        Sentiment.POSITIVE,
        Sentiment.NEUTRAL,
    ]
    assert said[0].negative == said[1].negative


def test_a_baseline_that_is_not_installed_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "snownlp", None)
    with pytest.raises(ModelError, match="pip install snownlp"):
        load_snownlp()
