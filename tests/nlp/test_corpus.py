from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.domain import Emotion
from nlp.training.corpus import Example, UnreadableSetError, read_dev


def read_one(folder: Path, **labels: object) -> Example:
    file = folder / "few.jsonl"
    file.write_text(json.dumps({"text": "late again", "lang": "en"} | labels), encoding="utf-8")
    (example,) = read_dev(file)
    return example


@pytest.mark.parametrize(
    "labels",
    [
        {"sentiment": "neg"},
        {"sentiment": "Negative"},
        {"sent": "neg"},
        {"label": "negative"},
        {"sentiment": None, "label": "neg"},
    ],
)
def test_a_sentiment_is_read_under_each_of_its_names(
    tmp_path: Path, labels: dict[str, object]
) -> None:
    example = read_one(tmp_path, **labels)
    assert (example.sentiment, example.derived) == (0, False)


def test_a_sentiment_that_the_pool_marks_as_derived_is_one(tmp_path: Path) -> None:
    assert read_one(tmp_path, sent="pos", sent_src="derived").derived


@pytest.mark.parametrize("key", ["emotion", "emo"])
def test_one_emotion_is_a_single_choice(tmp_path: Path, key: str) -> None:
    example = read_one(tmp_path, **{key: "anger"})
    assert example.emotions == frozenset({Emotion.ANGER})
    assert example.single
    assert (example.sentiment, example.derived) == (0, True)


@pytest.mark.parametrize("key", ["emotions", "emo"])
def test_a_list_of_emotions_is_a_free_choice_and_an_empty_one_says_none(
    tmp_path: Path, key: str
) -> None:
    several = read_one(tmp_path, **{key: ["joy", "surprise"]})
    assert several.emotions == frozenset({Emotion.JOY, Emotion.SURPRISE})
    assert (several.single, several.sentiment) == (False, None)
    nothing = read_one(tmp_path, **{key: []})
    assert nothing.emotions == frozenset({Emotion.NONE})
    assert nothing.sentiment == 1


def test_the_pool_lists_the_single_choice_of_weibo_posts(tmp_path: Path) -> None:
    assert read_one(tmp_path, src="ewect_usual", emo=["anger"]).single


def test_an_emotion_beyond_the_six_is_like_none_asked_for(tmp_path: Path) -> None:
    assert read_one(tmp_path, emotions=["optimism"]).emotions is None


def test_aspects_make_a_sentiment_where_they_agree(tmp_path: Path) -> None:
    agreed = read_one(tmp_path, aspects=[["FOOD", "POS"], ["SERVICE", "positive"]])
    assert (agreed.sentiment, agreed.derived) == (2, True)
    mixed = read_one(tmp_path, aspects=[["FOOD", "POS"], ["SERVICE", "NEG"]])
    assert mixed.sentiment is None
    assert read_one(tmp_path, aspects=["FOOD"]).sentiment is None


def test_what_else_people_judged_is_read(tmp_path: Path) -> None:
    example = read_one(
        tmp_path, complaint=1, severity=2, offensive=0, irony=True, touch="Late Flight"
    )
    assert (example.complaint, example.severity) == (1, 0.5)
    assert (example.offensive, example.irony, example.reason) == (0, 1, 6)
    assert example.sentiment is None


def test_a_text_without_a_language_is_undetermined(tmp_path: Path) -> None:
    assert read_one(tmp_path, lang=None).language == "und"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "is not JSON"),
        (b"[1]", "is not a JSON object"),
        (b'{"text": "\xff"}', "is not UTF-8"),
        (b"[" * 200_000, "is nested too deeply"),
        (b'{"sentiment": "neg"}', "has no text"),
        (b'{"text": "a", "sentiment": "mixed"}', "sentiment is 'mixed'; it is one of neg, neu"),
        (b'{"text": "a", "label": 1}', "label is 1"),
        (b'{"text": "a", "emotions": [1]}', "emotions is [1]; it is a name or a list"),
        (b'{"text": "a", "aspects": 3}', "aspects is 3"),
        (b'{"text": "a", "complaint": "yes"}', "complaint is 'yes'; it is 0 or 1"),
        (b'{"text": "a", "severity": 5}', "severity is 5; it lies between 0 and 4"),
        (b'{"text": "a", "severity": NaN}', "severity is nan"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_its_reason(
    tmp_path: Path, line: bytes, why: str
) -> None:
    file = tmp_path / "few.jsonl"
    file.write_bytes(b'{"text": "fine", "sentiment": "pos"}\n\n' + line + b"\n")
    with pytest.raises(UnreadableSetError) as caught:
        read_dev(file)
    assert str(caught.value).startswith(f"{file}, line 3: {why}")


def test_a_hostile_label_reaches_no_terminal(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSetError) as caught:
        read_one(tmp_path, sentiment="\x1b[2J" * 100)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < len(str(tmp_path)) + 200
