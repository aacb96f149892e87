"""`sparkwatch explain`: what a person sees of a stored post, of any text, and of a hostile one."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from alerts.i18n import Language
from config.load import load
from monitor import app
from monitor.cli import app as commands
from monitor.commands.explaining import Explained, print_explained
from monitor.commands.stored import open_file
from monitor.domain import Assessment, Brand, Observation, Post, PostKey
from monitor.incidents.matching import Matcher
from monitor.stages.match import Match
from nlp.explain import explain
from nlp.reading import RuleReader
from tests.fakes import FakeScorer

MONDAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
CONFIG = """
brands:
  - name: Acme Air
    taxonomy: airline
  - name: Zephyr Jet
"""
TEXT = "Acme Air lost my bag and yelled at me, unlike Zephyr Jet. I love it!"
HOSTILE = "Acme Air [bold]love[/bold]\x1b[31m \u202egnol :smile: \x9b2J it\r\nsentiment positive"


def posts() -> list[Post]:
    addresses = ["https://forum.example/1", "https://forum.example/2", "https://forum.example/2"]
    texts = [TEXT, HOSTILE, "Acme Air is late"]
    return [
        Post(key=PostKey("forum", str(n)), text=text, published_at=MONDAY, url=address)
        for n, (text, address) in enumerate(zip(texts, addresses, strict=True), start=1)
    ]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> RuleReader:
    """What reads for these brands; it takes half a second to make."""
    path = tmp_path_factory.mktemp("reader") / "sparkwatch.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return app.reader(load(path), FakeScorer())


@pytest.fixture(autouse=True)
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: RuleReader) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(app, "scorer", lambda _settings: FakeScorer())
    monkeypatch.setattr(app, "reader", lambda _settings, _scores: reader)
    (tmp_path / "sparkwatch.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


@pytest.fixture
def store() -> None:
    """Three posts, the first judged by an older model."""
    store = open_file(Path("posts.db"))
    acme = Brand(id="acme-air", name="Acme Air")
    older = Assessment(
        model="fake", revision="0", language="en", negative=0.5, neutral=0.07, positive=0.43
    )
    with store.begin() as work:
        work.posts.gather([Observation(post=post, observed_at=MONDAY) for post in posts()])
    Match(Matcher([acme])).run(store, MONDAY)
    with store.begin() as work:
        work.mentions.assess({posts()[0].key: older}, MONDAY)
    store.close()


def run(*arguments: str, typed: str | bytes | None = None) -> Result:
    return CliRunner().invoke(commands, ["explain", *arguments], input=typed, env={"NO_COLOR": "1"})


def shown(*arguments: str, typed: str | bytes | None = None) -> dict[str, str]:
    """What is said in each row of the table; the first of rows that have the same name."""
    result = run(*arguments, typed=typed)
    assert result.exit_code == 0, result.output
    rows: dict[str, str] = {}
    for line in result.output.partition("words against it")[2].splitlines():
        name, _, said = line.partition("  ")
        rows.setdefault(name, said.strip())
    return rows


def told(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 2
    return " ".join(result.output.replace("│", " ").split())


def test_a_text_is_shown_with_the_words_that_weigh_most_and_by_how_much() -> None:
    result = run("--text", TEXT)
    assert "I love[-.50] it!" in result.output
    rows = shown("--text", TEXT)
    assert rows["sentiment"].startswith("positive (negative .03, neutral .07, positive .90)")
    assert "“love” +.50" in rows["sentiment"]
    assert rows["anger"].startswith(".90, not felt")
    assert "“!” +.49" in rows["anger"]
    assert rows["model"] == "fake 1"
    assert "stored" not in rows


def test_touchpoint_aggravators_and_target_are_shown_with_their_words() -> None:
    rows = shown("--text", "Acme Air lost my bag and the agent yelled at me, unlike Zephyr Jet")
    assert rows["brand"] == "Acme Air"
    assert "being served" in rows["touchpoint"]
    assert "“lost my bag”" in rows["touchpoint"]
    assert rows["aggravator"].startswith("rude staff")
    assert "“agent yelled at" in rows["aggravator"]
    assert rows["aimed at"].startswith("Acme Air")


def test_the_words_without_which_somebody_else_would_be_meant_are_named() -> None:
    text = "Acme Air lost my bag, unlike Zephyr Jet! 太差"
    rows = shown("--text", text, "--brand", "zephyr jet")
    assert rows["aimed at"].startswith("somebody else")
    assert "“unlike” (without it: Zephyr Jet)" in rows["aimed at"]


def test_a_brand_that_is_not_named_can_be_asked_about() -> None:
    assert shown("--text", "they lost my bag")["brand"].startswith("no watched brand is named")
    rows = shown("--text", "they lost my bag", "--brand", "acme-air")
    assert (rows["brand"], rows["aimed at"].split("  ")[0]) == ("Acme Air", "Acme Air")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("named", ["forum:1", "https://forum.example/1"])
def test_a_stored_post_is_found_by_key_and_address_and_compared_with_what_was_said(
    named: str,
) -> None:
    rows = shown(named, "--store", "posts.db")
    assert rows["stored"] == ("by fake 0: negative .50, now .03; positive .43, now .90")


@pytest.mark.usefixtures("store")
def test_a_stored_post_that_was_not_judged_yet_says_so() -> None:
    assert shown("forum:3", "--store", "posts.db")["stored"].startswith("no assessment")


@pytest.mark.usefixtures("store")
def test_a_post_that_is_not_there_or_not_the_only_one_is_told() -> None:
    for named in ("forum:9", "https://forum.example/9", "nonsense"):
        assert f"no post {named} is stored" in told(named, "--store", "posts.db")
    twice = told("https://forum.example/2", "--store", "posts.db")
    assert "name one by its key: forum:2, forum:3" in twice


def test_what_was_asked_for_must_be_clear() -> None:
    for arguments in ((), ("forum:1", "--text", "x")):
        assert "name a stored post, or give a text" in told(*arguments)
    assert "no text in it" in told("--text", " \x00 ")
    assert "no brand is called Nobody; there is Acme Air, Zephyr Jet" in told(
        "--text", "x", "--brand", "Nobody"
    )


def test_a_text_is_read_from_standard_input() -> None:
    assert shown("-", typed="Acme Air lost it")["sentiment"].startswith("negative")
    assert shown("-", typed=b"\xff\xfe Acme Air \x80 love")["sentiment"].startswith("positive")


def test_a_long_text_says_how_much_of_it_was_read() -> None:
    assert "Only the first 2,000 characters" in run("--text", "Acme Air, no bag. " * 200).output


@pytest.mark.usefixtures("store")
def test_what_a_stranger_wrote_does_not_steer_the_terminal() -> None:
    for arguments in (("--text", HOSTILE), ("forum:2", "--store", "posts.db")):
        result = run(*arguments)
        assert "[bold]love" in result.output
        assert ":smile:" in result.output
        assert "\n  sentiment positive" in result.output
        assert all(line.isprintable() for line in result.output.splitlines())


def test_the_same_is_printed_as_one_object() -> None:
    text = "Acme Air lost my bag, unlike Zephyr Jet! 太差"
    result = run("--text", text, "--json")
    said = json.loads(result.output)
    assert (said["text"], said["sentiment"], said["post"]) == (text, "negative", None)
    assert said["probabilities"]["negative"] == 0.9
    for piece in said["pieces"]:
        assert text[slice(*piece["span"])] == piece["words"]
        assert set(piece["weights"]) == set(said["probabilities"])
    acme, zephyr = said["views"]
    assert acme["touchpoint_shown_by"][0]["words"] == "lost my bag"
    assert (acme["target"], zephyr["target"]) == ("brand", "other")
    assert {"words": "unlike", "span": [22, 28], "without_it": "brand"} in zephyr[
        "target_turned_by"
    ]


@pytest.mark.usefixtures("store")
def test_the_object_of_a_stored_post_holds_what_was_said_of_it() -> None:
    said = json.loads(run("forum:1", "--store", "posts.db", "--json").output)
    assert (said["post"], said["url"]) == ("forum:1", "https://forum.example/1")
    assert said["stored"]["revision"] == "0"


def test_words_are_coloured_where_colour_is_wanted() -> None:
    def printed(*, no_color: bool) -> str:
        out = io.StringIO()
        terminal = Console(
            file=out, force_terminal=True, color_system="standard", no_color=no_color
        )
        explained = Explained(
            post=None,
            stored=None,
            explanation=explain("I love it!", FakeScorer()),
            cut=False,
            views=(),
        )
        print_explained(explained, terminal, Language.ENGLISH)
        return out.getvalue()

    assert "\x1b[1;32mlove\x1b[0m" in printed(no_color=False)
    assert "\x1b[1mlove\x1b[0m" in printed(no_color=True)
