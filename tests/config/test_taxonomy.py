from __future__ import annotations

from pathlib import Path

import pytest

from config.problems import ConfigError
from config.taxonomy import STAGES, load_learned, load_taxonomy, shipped_taxonomies
from nlp.text import has_han

OWN = """
touchpoints:
  - id: ferry
    names: { en: Ferry }
    stage: using
    phrases: [missed the ferry, 渡轮 晚点]
"""


def written(folder: Path, text: str, name: str = "mine.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def complaint(path: Path | str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_taxonomy(path)
    return str(caught.value)


def test_seven_industries_ship() -> None:
    assert shipped_taxonomies() == (
        *("airline", "bank", "hotel", "restaurant", "retail", "software", "telecom"),
    )


def test_an_airline_has_some_thirty_touchpoints_and_the_others_twelve_to_twenty() -> None:
    sizes = {name: len(load_taxonomy(name).touchpoints) for name in shipped_taxonomies()}
    assert 28 <= sizes.pop("airline") <= 38
    assert all(12 <= size <= 20 for size in sizes.values())


@pytest.mark.parametrize("name", shipped_taxonomies())
def test_every_shipped_touchpoint_speaks_both_languages(name: str) -> None:
    for touchpoint in load_taxonomy(name).touchpoints:
        assert not has_han(touchpoint.names["en"])
        assert has_han(touchpoint.names["zh"])
        chinese = sum(has_han(phrase) for phrase in touchpoint.phrases)
        assert 6 <= chinese <= 15, touchpoint.id
        assert 6 <= len(touchpoint.phrases) - chinese <= 15, touchpoint.id


@pytest.mark.parametrize("name", shipped_taxonomies())
def test_every_stage_is_lived_and_few_moments_are_moments_of_truth(name: str) -> None:
    touchpoints = load_taxonomy(name).touchpoints
    assert {touchpoint.stage for touchpoint in touchpoints} == set(STAGES)
    truths = sum(touchpoint.moment_of_truth for touchpoint in touchpoints)
    assert 1 <= truths <= 0.4 * len(touchpoints)


def test_a_file_of_ones_own_is_named_by_its_path(tmp_path: Path) -> None:
    taxonomy = load_taxonomy(written(tmp_path, OWN))
    (ferry,) = taxonomy.touchpoints
    assert taxonomy.id == "mine"
    assert ferry.names == {"en": "Ferry", "zh": "Ferry"}
    assert (ferry.moment_of_truth, ferry.valuable) == (False, True)
    assert ferry.phrases == ("missed the ferry", "渡轮 晚点")
    assert load_learned(tmp_path / "mine.yaml") is None


def test_an_extension_adds_touchpoints_and_phrases_to_a_shipped_taxonomy(tmp_path: Path) -> None:
    lounge = "\n  - id: lounge\n    moment_of_truth: true\n    phrases: [no shower, lounge]\n"
    path = written(tmp_path, "extends: airline\n" + OWN.strip() + lounge)
    shipped = {each.id: each for each in load_taxonomy("airline").touchpoints}
    own = {each.id: each for each in load_taxonomy(path).touchpoints}
    assert own.keys() - shipped.keys() == {"ferry"}
    assert own["lounge"].phrases == (*shipped["lounge"].phrases, "no shower")
    assert own["lounge"].names == shipped["lounge"].names
    assert own["lounge"].moment_of_truth
    assert load_learned(path) == load_learned("airline")


def test_an_unknown_name_is_answered_with_the_names_that_ship() -> None:
    told = complaint("airlne")
    assert told.startswith("airlne: is not a taxonomy that ships; those are airline, bank,")
    assert "Did you mean 'airline'?" in told


def test_a_missing_file_is_told_by_its_name(tmp_path: Path) -> None:
    assert "gone.yaml: does not exist" in complaint(tmp_path / "gone.yaml")


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (OWN + OWN.split("\n", 2)[2], 7, "'ferry' is used twice"),
        (OWN.replace("[missed the ferry, 渡轮 晚点]", "[]"), 6, "must hold at least one"),
        (OWN.replace("missed the ferry", "''"), 6, "must not be empty"),
        (OWN.replace("missed the ferry", "the"), 6, "the phrase 'the' holds nothing but small"),
        (OWN.replace("stage: using", "stage: usage"), 5, "must be one of buying, using, being_ser"),
        (OWN.replace("    stage: using\n", ""), 3, "stage: is required for the new touchpoint"),
        (OWN.replace("    names: { en: Ferry }\n", ""), 3, "names: is required for the new touchp"),
        (OWN.replace("stage", "stages"), 5, "is not a setting. Did you mean 'stage'?"),
        ("extends: railway\n" + OWN, 1, "must be one of airline, bank, hotel"),
        (OWN.replace("ferry\n", "Fähre!\n", 1), 3, "touchpoints[0].id"),
    ],
)
def test_a_mistake_is_told_by_file_line_and_remedy(
    tmp_path: Path, text: str, line: int, told: str
) -> None:
    said = complaint(written(tmp_path, text))
    assert f"mine.yaml:{line}: " in said
    assert told in said
