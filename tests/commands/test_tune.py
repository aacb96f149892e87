"""`sparkwatch tune`: thresholds for a budget, what they would have meant, what is not known."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from alerts.policy import PolicyOptions
from config.model import Settings
from monitor import app
from monitor.archive import ArchiveError
from monitor.cli import app as commands
from monitor.commands.tune import propose
from nlp.scoring import Scorer
from tests.fakes import FakeScorer

MONDAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
CROWD = 60.0
"""The hour at which a crowd tells one story."""


def scorer(_settings: Settings) -> Scorer:
    return FakeScorer(("suitcases",), ("late",))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(app, "scorer", scorer)
    (tmp_path / "sparkwatch.yaml").write_text("brands:\n  - name: Acme Air\n")
    return tmp_path


def write(path: Path, hours: int) -> Path:
    """Complaints on all sorts of things every two hours, and a crowd with suitcases."""
    said = [(f"Acme Air lost thing{n} item{n}", n * 2.0) for n in range(hours // 2)]
    said += [(f"Acme Air soaked our suitcases, part {n}!", CROWD + n / 20) for n in range(12)]
    rows = [
        {
            "id": str(number),
            "text": text,
            "published_at": (MONDAY + timedelta(hours=hour)).isoformat(),
            "author": f"a{number}",
        }
        for number, (text, hour) in enumerate(said)
        if hour < hours
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def tune(*arguments: str) -> Result:
    return CliRunner().invoke(commands, ["tune", *arguments], env={"NO_COLOR": "1"})


def policy_in(output: str) -> PolicyOptions:
    """The part of the output that is to be pasted, read as the configuration reads it."""
    pasted = output[output.index("alerts:") : output.index("What this cannot tell")]
    return PolicyOptions.model_validate(yaml.safe_load(pasted)["alerts"]["policy"])


def test_it_proposes_thresholds_that_can_be_pasted_and_says_what_they_mean(here: Path) -> None:
    result = tune(str(write(here / "week.jsonl", 100)), "--alarms-a-week", "4")
    assert result.exit_code == 0, result.output
    assert policy_in(result.output).critical_spike_score > policy_in(result.output).spike_score
    assert "1 of 1 incidents would have been told as a spike" in result.output
    assert "suitcases" in result.output


def test_a_budget_that_is_smaller_than_one_alarm_asks_for_more_than_was_ever_seen(
    here: Path,
) -> None:
    result = tune(str(write(here / "week.jsonl", 100)), "--alarms-a-week", "0.5")
    assert result.exit_code == 0, result.output
    assert "0 of 1 incidents would have been told" in result.output


def test_it_says_what_it_could_not_know(here: Path) -> None:
    output = tune(str(write(here / "week.jsonl", 100))).output
    assert "the share of alarms that are right is unknown" in output
    assert "brand-weeks are few" in output
    assert "there is only one in the archive" in output


def test_it_changes_nothing_and_leaves_nothing(here: Path) -> None:
    write(here / "week.jsonl", 100)
    before = sorted(here.iterdir())
    configured = (here / "sparkwatch.yaml").read_bytes()
    tune("week.jsonl")
    assert sorted(here.iterdir()) == before
    assert (here / "sparkwatch.yaml").read_bytes() == configured


def test_an_archive_of_less_than_the_time_of_learning_is_refused(here: Path) -> None:
    result = tune(str(write(here / "day.jsonl", 20)))
    assert isinstance(result.exception, ArchiveError)
    assert "take a longer archive" in str(result.exception)


@settings(deadline=None)
@given(st.lists(st.floats(-5, 50), max_size=60), st.floats(0.1, 30), st.floats(0.01, 5))
def test_the_budget_is_kept_and_the_next_lower_bound_would_exceed_it(
    highest: list[float], brand_weeks: float, budget: float
) -> None:
    proposal = propose(highest, brand_weeks, budget)
    allowed = int(budget * brand_weeks)
    assert proposal.alarms == sum(score >= proposal.high for score in highest) <= allowed
    if proposal.high > 0.1:
        assert sum(score >= proposal.high - 0.02 for score in highest) > allowed
    assert proposal.critical >= 2 * proposal.high - 0.01


def test_nothing_is_proposed_where_nothing_was_watched() -> None:
    with pytest.raises(ValueError, match="no brand-week"):
        propose([1.0], 0.0, 1.0)
