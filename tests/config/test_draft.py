from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.document import read_document
from config.draft import Draft, MailDraft, MastodonDraft, written
from config.load import load

FULL = Draft(
    brand="Acme Air",
    aliases=("Acme", "顶点航空"),
    handles=("@acmeair",),
    required=("flight",),
    languages=("en", "zh-Hans"),
    feeds=("https://example.org/a.xml?x=1&y=#2", "https://example.org/b"),
    mastodon=(MastodonDraft(server="https://m.example", hashtags=("acme",), accounts=("a",)),),
    hackernews=True,
    slack_webhook_file="/secrets/slack",
    mail=MailDraft(recipients=("pr@example.org",), host="mail.example.org", port=587, user="u"),
    language="zh-Hans",
    timezone="Asia/Shanghai",
)


@pytest.mark.parametrize("draft", [Draft(brand="Acme", hackernews=True), FULL])
def test_what_is_written_loads_and_says_what_every_line_is_for(
    draft: Draft, tmp_path: Path
) -> None:
    path = tmp_path / "sparkwatch.yaml"
    path.write_text(written(draft), encoding="utf-8")
    loaded = load(path)
    assert loaded.brands[0].name == draft.brand
    assert loaded.brands[0].aliases == draft.aliases
    assert written(draft).count("#") > 8


def test_everything_that_was_said_stands_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "sparkwatch.yaml"
    path.write_text(written(FULL), encoding="utf-8")
    loaded = load(path)
    assert [source.name for source in loaded.sources] == [
        "feed",
        "feed-2",
        "mastodon",
        "hackernews",
    ]
    assert [channel.kind for channel in loaded.alerts.channels] == ["slack", "smtp", "folder"]
    assert loaded.digest.readers[0].channel == "mail"
    assert (loaded.language, loaded.timezone) == ("zh-Hans", "Asia/Shanghai")


@pytest.mark.parametrize(
    ("host", "port", "security"),
    [("mail.example.org", None, "starttls"), ("m", 465, "tls"), ("localhost", 1025, "none")],
)
def test_mail_is_encrypted_unless_it_stays_on_this_machine(
    host: str, port: int | None, security: str
) -> None:
    assert MailDraft(recipients=("a@example.org",), host=host, port=port).security == security


PRINTABLE = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), min_size=1, max_size=20
)


@settings(max_examples=60, deadline=None)
@given(name=PRINTABLE)
def test_any_name_is_read_back_as_it_was_given(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("draft") / "a.yaml"
    path.write_text(written(Draft(brand=name, aliases=("${HOME}", name))), encoding="utf-8")
    [brand] = read_document(path, {}).data["brands"]
    assert brand["name"] == name
    assert brand["aliases"] == ["${HOME}", name]
