from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from config.load import load
from monitor.cli import app


def init(*flags: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, ["init", *flags], input=typed)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Asia/Taipei")
    return tmp_path


def test_flags_alone_give_a_configuration_that_loads(here: Path) -> None:
    result = init(
        "--brand", "Acme Air", "--alias", "顶点航空", "--alias", "Acme", "--handle", "@acme",
        "--required", "flight", "--language", "zh-Hans", "--mastodon", "m.example",
        "--slack-webhook-file", "hook", "--email", "pr@example.org",
        "--smtp-host", "mail.example.org:465", "--smtp-user", "u", "--timezone", "Asia/Shanghai",
        "--report-language", "zh-Hans", "--yes",
    )  # fmt: skip  # one argument a line says no more
    assert result.exit_code == 0, result.output
    settings = load(here / "sparkwatch.yaml")
    [brand] = settings.brands
    assert (brand.id, brand.aliases) == ("acme-air", ("顶点航空", "Acme"))
    assert [source.options.kind for source in settings.sources] == ["mastodon"]
    assert [channel.kind for channel in settings.alerts.channels] == ["slack", "smtp", "folder"]
    assert settings.timezone == "Asia/Shanghai"


def test_it_ends_with_what_to_do_next() -> None:
    result = init(
        "--brand", "Acme", "--email", "pr@example.org", "--smtp-user", "u", "--yes", "-o", "a.yaml"
    )
    assert "1. look at a.yaml" in result.output
    assert "smtp-password" in result.output
    assert "sparkwatch check --config a.yaml --send-test" in result.output
    assert "sparkwatch run --config a.yaml" in result.output


def test_a_brand_alone_is_enough_and_listens_somewhere(here: Path) -> None:
    assert init("--brand", "Acme").exit_code == 0
    settings = load(here / "sparkwatch.yaml")
    assert [source.options.kind for source in settings.sources] == ["hackernews"]
    assert settings.timezone == "Asia/Taipei"


def test_where_nobody_can_answer_it_says_which_flags_are_needed() -> None:
    result = init()
    assert result.exit_code == 2
    assert "sparkwatch init --brand NAME --yes" in result.output


def test_a_file_is_never_replaced_unless_forced(here: Path) -> None:
    (here / "sparkwatch.yaml").write_text("precious")
    result = init("--brand", "Acme")
    assert result.exit_code == 1
    assert "--force" in result.output
    assert (here / "sparkwatch.yaml").read_text() == "precious"
    assert init("--brand", "Acme", "--force").exit_code == 0
    assert load(here / "sparkwatch.yaml").brands[0].name == "Acme"


def test_what_would_not_work_is_not_written(here: Path) -> None:
    result = init("--brand", "Acme", "--timezone", "Mars", "--email", "nobody")
    assert result.exit_code == 1
    assert "timezone: must be a time zone" in result.output
    assert "recipients: 'nobody' is not a mail address" in result.output
    assert list(here.iterdir()) == []


def test_an_address_that_leads_nowhere_is_told(here: Path) -> None:
    result = init("--brand", "Acme", "--source", "http://127.0.0.1:1/blog")
    assert result.exit_code == 1
    assert "http://127.0.0.1:1/blog cannot be read now; give the address of its feed" in " ".join(
        result.output.split()
    )
    assert list(here.iterdir()) == []


def test_a_port_that_is_no_number_is_told() -> None:
    result = init("--brand", "Acme", "--email", "a@example.org", "--smtp-host", "mail:smtp")
    assert result.exit_code == 2
    assert "the port must be a number" in result.output


def test_control_characters_of_a_flag_do_not_reach_the_terminal() -> None:
    result = init("--brand", "Acme", "-o", "\x1b[31mred.yaml")
    assert "\x1b" not in result.output


def test_a_place_that_cannot_be_written_is_told(here: Path) -> None:
    (here / "file").write_text("not a folder")
    result = init("--brand", "Acme", "-o", "file/sparkwatch.yaml")
    assert result.exit_code == 1
    assert "file/sparkwatch.yaml cannot be written: " in result.output


def test_a_person_is_asked_for_what_the_flags_left_open(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.commands.init._somebody_answers", lambda: True)
    answers = [
        "达美航空",  # the brand
        "达美，Delta",  # a Chinese keyboard's comma between the aliases
        "@Delta",
        "航班, flight",
        "http://127.0.0.1:1/feed.xml",
        "n",  # Hacker News
        "",  # Slack
        "pr@example.org",
        "localhost:1025",
        "",  # no login
        "zh-Hans",
        "",  # the time zone as it was guessed
    ]
    result = init(typed="\n".join(answers) + "\n")
    assert result.exit_code == 0, result.output
    settings = load(here / "sparkwatch.yaml")
    [brand] = settings.brands
    assert brand.aliases == ("达美", "Delta")
    assert brand.required == ("航班", "flight")
    assert [source.options.kind for source in settings.sources] == ["rss"]
    assert [channel.kind for channel in settings.alerts.channels] == ["smtp", "folder"]
    assert (settings.language, settings.timezone) == ("zh-Hans", "Asia/Taipei")
