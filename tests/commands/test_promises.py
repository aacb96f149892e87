"""`sparkwatch promises`: the ledger, for a person to read and to settle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from config.load import load
from monitor import app
from monitor.casework import Promise, PromiseKind
from monitor.cli import app as commands
from monitor.domain import Author, Observation, Post, PostKey

NOW = datetime(2026, 3, 4, 18, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def promised(
    name: str, kind: PromiseKind, due_hours: float, brand: str = "acme-air"
) -> tuple[Observation, Promise]:
    key = PostKey("forum", name)
    made_at = NOW - 50 * HOUR
    post = Post(
        key=key,
        text=f"We'll get back to you, {name} [bold]x[/bold] \x1b[31m",
        published_at=made_at,
        url=f"https://forum.example/{name}",
        author=Author(native_id="acme"),
    )
    promise = Promise(
        post=key,
        kind=kind,
        brand=brand,
        span=(0, 19),
        made_at=made_at,
        due_at=NOW + due_hours * HOUR,
    )
    return Observation(post=post, observed_at=made_at), promise


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(app, "wall_clock", lambda: NOW)
    path = tmp_path / "sparkwatch.yaml"
    path.write_text("brands:\n  - name: Acme Air\ntimezone: Asia/Taipei\n", encoding="utf-8")
    store = app.open_store(load(path))
    made = [
        promised("late", PromiseKind.REPLY, -26),
        promised("soon", PromiseKind.HANDOFF, 3),
        promised("other", PromiseKind.ACTION, 5, "zephyr"),
    ]
    with store.begin() as work:
        work.posts.gather([seen for seen, _ in made])
        work.promises.put([promise for _, promise in made])
    store.close()
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(
        commands, ["promises", *arguments], env={"NO_COLOR": "1", "USER": "mei"}
    )


def test_open_promises_are_listed_the_first_due_first_in_the_readers_zone() -> None:
    result = run()
    assert result.exit_code == 0, result.output
    heading, *rows, total = result.output.splitlines()
    assert heading.split()[:3] == ["post", "brand", "promised"]
    assert [row.split()[0] for row in rows] == ["forum:late", "forum:soon", "forum:other"]
    assert "Mar 4, 00:00" in rows[0]
    assert "overdue 26 hours" in rows[0]
    assert "https://forum.example/late" in rows[0]
    assert total == "3 promises, 1 of them overdue. Times are in Asia/Taipei (GMT+08:00)."


def test_the_words_of_a_post_stay_words() -> None:
    output = run().output
    assert "[bold]x[/bold]" in output
    assert "\x1b" not in output


def test_one_brand_can_be_asked_for() -> None:
    assert "forum:other" not in run("--brand", "acme-air").output


def test_what_is_kept_leaves_the_list_and_is_found_among_all() -> None:
    kept = run("keep", "forum:late", "--by", "Mei")
    assert kept.output == "forum:late: 1 kept.\n"
    assert "forum:late" not in run().output
    assert "kept Mar 5, 02:00" in run("--all").output


def test_whoever_types_keeps_it_where_nobody_is_named(here: Path) -> None:
    run("keep", "forum:late")
    store = app.open_store(load(here / "sparkwatch.yaml"))
    with store.read() as work:
        (promise,) = work.promises.of_post(PostKey("forum", "late"))
    store.close()
    assert (promise.kept_by, promise.kept_at) == ("mei", NOW)


def test_what_was_no_promise_is_dropped_once() -> None:
    assert run("drop", "forum:soon").output == "forum:soon: 1 dropped.\n"
    again = run("drop", "forum:soon")
    assert again.exit_code == 2
    assert "has no open promise" in again.output


@pytest.mark.parametrize("written", ["nothing", "forum:unknown", "[red]a:b"])
def test_a_post_without_a_promise_is_named_with_what_to_do(written: str) -> None:
    result = run("keep", written)
    assert result.exit_code == 2
    assert "POST" in result.output


def test_an_empty_ledger_says_so() -> None:
    for name in ("late", "soon", "other"):
        run("drop", f"forum:{name}")
    assert run().output == "No open promises; --all shows kept ones.\n"
