from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from alerts.channels.folder import FolderOptions
from alerts.channels.slack import SlackOptions
from alerts.i18n import Language
from config.document import LARGEST
from config.load import load
from config.model import Settings
from config.problems import ConfigError
from monitor.domain import Brand

EXAMPLE = Path(__file__).parents[2] / "config" / "example.yaml"
ACME = "brands:\n  - name: Acme\n"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "sparkwatch.yaml"
    path.write_text(ACME, encoding="utf-8")
    return path


def rewrite(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def told(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return str(caught.value)


def test_the_shipped_example_loads_and_shows_every_group_of_settings() -> None:
    settings = load(EXAMPLE)
    written = EXAMPLE.read_text(encoding="utf-8")
    assert [brand.id for brand in settings.watched()] == ["delta", "united-airlines"]
    assert [source.spec().kind for source in settings.sources] == ["rss", "mastodon", "hackernews"]
    assert [channel.kind for channel in settings.alerts.channels] == [
        "slack",
        "slack-app",
        "smtp",
        "folder",
    ]
    assert all(f"\n{group}:" in written for group in Settings.model_fields)


def test_a_brand_becomes_the_value_that_the_pipeline_knows(written: Path) -> None:
    text = (
        "brands:\n  - name: 达美航空\n    aliases: [达美]\n    handles: ['@Delta']\n"
        "    required: [航班]\n    excluded: [三角洲]\n    languages: [zh-Hans]\n    query: 行李\n"
    )
    assert load(rewrite(written, text)).watched() == (
        Brand(
            id="达美航空",
            name="达美航空",
            aliases=("达美",),
            handles=("@Delta",),
            required=("航班",),
            excluded=("三角洲",),
            languages=frozenset({"zh-Hans"}),
            query="行李",
        ),
    )


def test_what_is_left_out_has_a_default_and_stays_beside_the_file(written: Path) -> None:
    settings = load(written)
    assert settings.store.url.get_secret_value() == f"sqlite:///{written.parent}/sparkwatch.db"
    assert settings.nlp.model == "embedded"
    assert settings.sources == ()


def test_the_environment_stands_above_the_file(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(written, f"{ACME}store:\n  url: sqlite:///here.db\n")
    monkeypatch.setenv("SPARKWATCH_STORE__URL", "sqlite:///there.db")
    monkeypatch.setenv("SPARKWATCH_TIMEZONE", "Asia/Tokyo")
    monkeypatch.setenv("SPARKWATCH_NLP__THREADS", "2")
    settings = load(written)
    assert settings.store.url.get_secret_value() == f"sqlite:///{written.parent}/there.db"
    assert settings.timezone == "Asia/Tokyo"
    assert settings.nlp.threads == 2


def test_the_environment_can_give_a_whole_list_as_json(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARKWATCH_BRANDS", '[{"name": "Globex"}]')
    assert [brand.name for brand in load(written).brands] == ["Globex"]


def test_a_mistake_in_the_environment_names_the_variable(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARKWATCH_TIMEZONE", "Mars")
    monkeypatch.setenv("SPARKWATCH_NLP__MODLE", "embedded")
    lines = told(written).splitlines()
    assert any(
        line.startswith("environment variable SPARKWATCH_TIMEZONE: timezone: must be a time zone")
        for line in lines
    )
    assert any(
        line.startswith("environment variable SPARKWATCH_NLP__MODLE: nlp.modle: is not a setting.")
        and "'model'" in line
        for line in lines
    )


def test_a_variable_of_an_unknown_group_is_not_passed_over(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARKWATCH_STOER__URL", "sqlite:///a.db")
    message = told(written)
    assert "environment variable SPARKWATCH_STOER__URL: sets nothing" in message
    assert "Did you mean 'STORE'?" in message


def test_a_list_in_the_environment_must_be_json(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARKWATCH_BRANDS", "Acme")
    assert "environment variable SPARKWATCH_BRANDS: must be JSON" in told(written)


def test_channels_and_readers_take_language_and_zone_from_the_whole(
    written: Path,
) -> None:
    text = (
        f"{ACME}language: zh-Hant\ntimezone: Asia/Taipei\n"
        "alerts:\n  channels:\n"
        "    - {name: a, kind: folder, path: sent}\n"
        "    - {name: b, kind: folder, path: sent, language: en, timezone: Europe/London}\n"
        "digest:\n  readers:\n    - {name: board, channel: a}\n"
    )
    settings = load(rewrite(written, text))
    first, second = settings.alerts.channels
    assert (first.language, first.timezone) == (Language.CHINESE_TRADITIONAL, "Asia/Taipei")
    assert (second.language, second.timezone) == (Language.ENGLISH, "Europe/London")
    assert settings.digest.readers[0].timezone == "Asia/Taipei"


def test_relative_paths_begin_at_the_file_wherever_it_is_loaded_from(
    written: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = (
        f"{ACME}nlp:\n  model: ./model\nalerts:\n  channels:\n"
        "    - {name: a, kind: folder, path: sent}\n"
        "    - {name: b, kind: slack, webhook_url_file: secrets/hook}\n"
    )
    rewrite(written, text)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    settings = load(written)
    folder, slack = settings.alerts.channels
    assert isinstance(folder, FolderOptions)
    assert isinstance(slack, SlackOptions)
    assert folder.path == written.parent / "sent"
    assert slack.webhook_url_file == written.parent / "secrets" / "hook"
    assert settings.nlp.model == str(written.parent / "model")


def test_a_taxonomy_of_ones_own_lies_beside_the_file_and_a_shipped_one_is_a_name(
    written: Path,
) -> None:
    own = written.parent / "ferries.yaml"
    own.write_text(
        "touchpoints:\n  - id: deck\n    names: {en: Deck, zh: 甲板}\n"
        "    stage: using\n    phrases: [crowded deck]\n",
        encoding="utf-8",
    )
    text = (
        "brands:\n  - {name: Acme Ferries, taxonomy: ferries.yaml}\n"
        "  - {name: Acme Air, taxonomy: airline}\n  - {name: Acme}\n"
    )
    brands = load(rewrite(written, text)).watched()
    assert [brand.taxonomy for brand in brands] == [str(own), "airline", None]


def test_absolute_places_and_hub_names_stay_as_they_are(written: Path) -> None:
    text = f"{ACME}nlp:\n  model: someone/model\nstore:\n  url: sqlite:////var/lib/a.db\n"
    settings = load(rewrite(written, text))
    assert settings.nlp.model == "someone/model"
    assert settings.store.url.get_secret_value() == "sqlite:////var/lib/a.db"


def test_a_secret_comes_from_the_environment_and_is_never_shown(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_WEBHOOK", "https://hooks.example.org/services/hunter2")
    text = (
        f"{ACME}store:\n  url: postgresql+psycopg://u:swordfish@localhost/d\nalerts:\n"
        "  channels:\n    - {name: a, kind: slack, webhook_url: '${SLACK_WEBHOOK}'}\n"
    )
    settings = load(rewrite(written, text))
    slack = settings.alerts.channels[0]
    assert isinstance(slack, SlackOptions)
    assert slack.webhook_url is not None
    assert slack.webhook_url.get_secret_value().endswith("/hunter2")
    assert "hunter2" not in f"{settings} {settings!r} {settings.model_dump_json()}"
    assert "swordfish" not in f"{settings} {settings!r} {settings.model_dump_json()}"


def test_a_wrong_value_from_the_environment_is_not_repeated(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZONE", "hunter2")
    assert "hunter2" not in told(rewrite(written, f"{ACME}timezone: ${{ZONE}}\n"))


def test_a_doubled_dollar_is_not_a_variable(written: Path) -> None:
    text = "brands:\n  - name: $${Acme}\n    id: acme\n"
    assert load(rewrite(written, text)).brands[0].name == "${Acme}"


def test_plain_words_stay_words(written: Path) -> None:
    text = (
        "brands:\n  - name: off\n    aliases: [yes, no, 2026-11-18]\n    languages: [no]\n"
        "alerts:\n  channels:\n    - {name: a, kind: folder, path: sent}\n"
        "digest:\n  readers:\n    - {name: board, channel: a, time: 18:30}\n"
    )
    settings = load(rewrite(written, text))
    assert settings.brands[0].aliases == ("yes", "no", "2026-11-18")
    assert settings.brands[0].languages == {"no"}
    assert settings.digest.readers[0].time == datetime.time(18, 30)


def test_a_file_with_a_byte_order_mark_and_windows_lines_loads(written: Path) -> None:
    written.write_bytes(b"\xef\xbb\xbf" + ACME.replace("\n", "\r\n").encode())
    assert load(written).brands[0].name == "Acme"


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    message = told(tmp_path / "nothing.yaml")
    assert "does not exist; `sparkwatch init` writes one" in message


def test_a_folder_is_not_a_configuration(tmp_path: Path) -> None:
    assert "is a folder" in told(tmp_path)


def test_a_file_that_cannot_be_read_says_why(written: Path) -> None:
    assert "cannot be read: Not a directory" in told(written / "more.yaml")


def test_a_huge_file_is_not_read(written: Path) -> None:
    written.write_bytes(b"#" * (LARGEST + 1))
    assert "has 1,000,001 bytes" in told(written)


def test_a_file_of_brackets_is_refused_rather_than_crashing(written: Path) -> None:
    rewrite(written, "a: " + "[" * 20_000)
    assert "is nested too deeply to be read" in told(written)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(written: Path) -> None:
    text = (
        "brands:\n  - name: Acme\n  - name: acme\nlangauge: en\n"
        "sources:\n  - {name: a, kind: rss}\ntimezone: Mars\n"
    )
    lines = told(rewrite(written, text)).splitlines()
    assert [line.split(":")[1] for line in lines] == ["3", "4", "6", "7"]


def test_a_setting_that_both_file_and_environment_name_is_blamed_on_the_environment(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(written, f"{ACME}language: en\n")
    monkeypatch.setenv("SPARKWATCH_LANGUAGE", "de")
    assert told(written).startswith("environment variable SPARKWATCH_LANGUAGE: language: must be")


def test_a_mistake_that_channels_inherit_is_told_once(written: Path) -> None:
    rewrite(
        written,
        f"{ACME}timezone: Mars\nalerts:\n  channels: [{{name: a, kind: folder, path: sent}}]\n",
    )
    assert len(told(written).splitlines()) == 1


def test_what_is_imported_or_read_at_places_of_a_brand_is_about_it(tmp_path: Path) -> None:
    file = tmp_path / "sparkwatch.yaml"
    file.write_text(
        "brands:\n"
        "  - {name: Acme Air, imports: [tickets, survey]}\n"
        "  - {name: Zephyr Jet}\n"
        "sources:\n"
        "  - {name: forum, kind: rss, urls: ['https://forum.example/feed'], about: Acme Air}\n"
        "  - {name: news, kind: rss, urls: ['https://news.example/feed']}\n"
    )
    acme, zephyr = load(file).watched()
    assert acme.sources == {"tickets", "survey", "forum"}
    assert zephyr.sources == set()
