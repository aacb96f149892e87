"""`sparkwatch demo`: the re-enactment through the real program, as `make demo` runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.acceptance.program import Ended, Program

README = Path(__file__).parents[2] / "README.md"
ENDING = ("What happened", "How early", "Forecast", "Noise", "What next")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Path]:
    folder = tmp_path_factory.mktemp("demo")
    return Program(folder).run("demo", "--output", "out"), folder / "out"


def test_it_says_that_it_is_a_re_enactment_and_ends_in_five_lines(
    shown: tuple[Ended, Path],
) -> None:
    ended, _ = shown
    assert ended.status == 0, ended.said
    assert ended.errors == ""
    lines = ended.output.splitlines()
    assert lines[0].startswith("A re-enactment: every post is invented.")
    assert [line.partition("  ")[0] for line in lines[-5:]] == list(ENDING)


def test_the_baggage_video_is_raised_hours_before_most_of_it_is_written(
    shown: tuple[Ended, Path],
) -> None:
    _, output = shown
    report = json.loads((output / "report.json").read_text())
    worst = max(report["alerts"], key=lambda alert: alert["posts_finally"])
    assert worst["level"] in ("high", "critical")
    assert worst["minutes_before_half"] > 60


def test_mails_slack_messages_and_digests_are_left_in_every_language(
    shown: tuple[Ended, Path],
) -> None:
    ended, output = shown
    messages = [path for path in output.rglob("*.eml") if path.parent != output]
    assert messages
    assert all(path.with_suffix(".json").is_file() for path in messages)
    for language in ("en", "zh-Hans", "zh-Hant"):
        page = (output / f"digest-{language}.html").read_text()
        assert f'lang="{language}"' in page
        assert "data:image/png" in page
        assert (output / f"digest-{language}.txt").is_file()
    assert str(Path("out") / "digest-en.html") in ended.output


def test_its_store_can_be_looked_into(shown: tuple[Ended, Path]) -> None:
    _, output = shown
    (output.parent / "sparkwatch.yaml").write_text("brands:\n  - name: Delta Air Lines\n")
    listed = Program(output.parent).run("incidents", "--all", "--store", "out/replay.db")
    assert listed.status == 0, listed.said
    assert len(listed.output.splitlines()) > 3


def test_the_readme_shows_what_it_prints(shown: tuple[Ended, Path]) -> None:
    """Figures and ids apart: they may differ from one processor to another."""
    ended, _ = shown
    [excerpt] = re.findall(
        r"<!-- demo output -->\n```text\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL
    )
    printed = without_figures(ended.output)
    missing = [
        line
        for line in excerpt.splitlines()
        if line.strip(" …") and without_figures(line) not in printed
    ]
    assert missing == [], f"take the excerpt anew from:\n{ended.output}"


def without_figures(text: str) -> str:
    without_ids = re.sub(r"\b[0-9a-f]{10}\b", "ID", text)
    return " ".join(re.sub(r"\d[\d,]*", "0", without_ids).split())
