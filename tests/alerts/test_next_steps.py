"""What an alert asks for next: who takes it on, and by when."""

from __future__ import annotations

import attrs
import pytest

from alerts.brief import Brief
from alerts.i18n import Reader, Words
from alerts.next_steps import next_steps
from monitor.casework import Action, ActionKind, case_of
from monitor.domain import Reason
from tests.alerts.examples import DELTA, NOW

ENGLISH = Words(Reader())


def waited(hours: float) -> Brief:
    return attrs.evolve(DELTA, again=Reason(code="not_taken_on", facts=(("hours", hours),)))


def first_step(brief: Brief) -> str:
    return next_steps(brief, ENGLISH)[0]


@pytest.mark.parametrize(
    ("brief", "begins"),
    [(DELTA, "Within 15 minutes, by "), (waited(0.2), "Within 15 minutes, by ")],
)
def test_who_takes_it_on_is_asked_with_the_time_that_there_is(brief: Brief, begins: str) -> None:
    assert first_step(brief).startswith(begins)


def test_a_reminder_past_that_time_says_that_it_was_due() -> None:
    told = first_step(waited(0.25))
    assert told.startswith("Decide now who takes this on")
    assert "it was due by" in told


def test_whoever_has_taken_it_on_is_named_instead() -> None:
    done = Action(key="1", incident="i", at=NOW, by="Mei", kind=ActionKind.ACKNOWLEDGE)
    assert "Mei" in first_step(attrs.evolve(waited(0.5), case=case_of("i", [done])))


def test_who_might_take_it_on_is_suggested() -> None:
    assert "Jonas" in next_steps(attrs.evolve(DELTA, owner="Jonas"), ENGLISH)[1]
