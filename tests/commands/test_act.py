"""`sparkwatch act`: what buttons do, by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import attrs
import pytest
from typer.testing import CliRunner, Result

from monitor.casework import Case, Handling, ResponseKind
from monitor.cli import app as commands
from monitor.store.store import Store
from tests.store.making import TUESDAY, incident

CONFIG = """
brands: [{name: Acme Air}]
people: [{name: Mei}, {name: Jonas}]
"""
HOSTILE = "[red]bag[/red] \x1b[31m"


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sparkwatch.yaml").write_text(CONFIG, encoding="utf-8")
    opened = Store.open(f"sqlite:///{tmp_path}/sparkwatch.db")
    with opened.begin() as work:
        work.incidents.save(attrs.evolve(incident("acme-1"), title=HOSTILE))
        work.incidents.save(incident("zephyr-1"))
    yield opened
    opened.close()


def act(*arguments: str) -> Result:
    return CliRunner().invoke(
        commands, ["act", *arguments], env={"NO_COLOR": "1", "COLUMNS": "200"}
    )


def case(store: Store) -> Case:
    with store.read() as work:
        return work.casework.case("acme-1")


def test_an_incident_is_taken_on_by_the_beginning_of_its_id(store: Store) -> None:
    result = act("acme", "acknowledge", "--by", "Mei")
    assert result.exit_code == 0, result.output
    assert "Mei took it on" in result.output
    assert "Acknowledged by Mei" in result.output
    assert "[red]bag[/red] [31m" in result.output
    assert "\x1b" not in result.output
    assert (case(store).handling, case(store).owner) == (Handling.ACKNOWLEDGED, "Mei")


def test_it_is_given_to_somebody_silenced_answered_and_resolved(store: Store) -> None:
    for line in (
        ("assign", "--to", "Jonas"),
        ("silence", "--for", "4h", "--note", "the airport knows"),
        ("respond", "--kind", "apology", "--link", "https://example.com/sorry"),
        ("resolve",),
    ):
        result = act("acme-1", *line, "--by", "Mei")
        assert result.exit_code == 0, result.output
    done = case(store)
    assert (done.handling, done.owner) == (Handling.RESOLVED, "Jonas")
    (answer,) = done.responses
    assert (answer.response, answer.link) == (ResponseKind.APOLOGY, "https://example.com/sorry")
    with store.read() as work:
        (silence,) = work.silences.all()
    assert silence.ends_at - silence.starts_at == timedelta(hours=4)
    assert (silence.author, silence.comment) == ("Mei", "the airport knows")
    assert silence.ends_at > TUESDAY


@pytest.mark.parametrize("vote", ["noise", "useful"])
def test_a_vote_is_kept(store: Store, vote: str) -> None:
    assert act("acme-1", vote, "--by", "Mei").exit_code == 0
    with store.read() as work:
        (action,) = work.casework.of_incident("acme-1")
    assert action.kind == vote


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("acme-1", "resolve"), "Missing option '--by'"),
        (("acme-1", "resolve", "--by", "Meii"), "nobody is called Meii. Did you mean 'Mei'?"),
        (("acme-1", "assign", "--by", "Mei", "--to", "Eve"), "nobody is called Eve."),
        (("acme-1", "silence", "--by", "Mei"), "say for how long, as 4h"),
        (("acme-1", "silence", "--by", "Mei", "--for", "soon"), "must be an interval"),
        (("acme-1", "resolve", "--by", "Mei", "--for", "4h"), "belongs to silence"),
        (("acme-1", "respond", "--by", "Mei"), "say what was answered: holding_statement"),
        (
            ("acme-1", "respond", "--by", "Mei", "--kind", "refund", "--link", "javascript:x"),
            "is no web address",
        ),
        (("nothing", "resolve", "--by", "Mei"), "there is no incident nothing"),
        (("acme-1", "celebrate", "--by", "Mei"), "'celebrate' is not one of"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_done(
    store: Store, arguments: tuple[str, ...], says: str
) -> None:
    result = act(*arguments)
    assert result.exit_code == 2
    assert says in " ".join(result.output.replace("│", " ").split())
    assert case(store).since is None
