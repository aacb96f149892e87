"""Every source keeps the same promises: those that are shipped, and those that are plugged in."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from spiders.kinds import KINDS, SHIPPED
from spiders.kit.contract import CHECKS, Case, Check

LOGINS = ("/xrpc/com.atproto.server.createSession",)
"""What is posted to before anything is asked."""
RESPONSES = Path(__file__).parents[1] / "spiders" / "responses"


def folder_of(name: str) -> Path:
    """Where a kind's saved answers are: here, or ``responses/KIND`` beside a plug-in's options."""
    if name in SHIPPED:
        return RESPONSES / name
    return Path(inspect.getfile(KINDS[name].options)).parent / "responses" / name


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_source_keeps_its_promises(name: str, check: Check) -> None:
    check(KINDS[name], Case.load(folder_of(name), KINDS[name]))


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_source_would_ask_for_what_it_was_saved_from(name: str) -> None:
    kind = KINDS[name]
    asked = [a.url for a in Case.load(folder_of(name), kind).answers if not a.url.endswith(LOGINS)]
    assert [url for url in asked if not kind.asks(url)] == []
