"""Writes a first configuration: YAML with a comment on everything, which loads as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

import attrs

__all__ = ["Draft", "MailDraft", "MastodonDraft", "written"]

INDENT = "  "


@attrs.frozen(kw_only=True)
class MastodonDraft:
    """A Mastodon server, and where on it to listen."""

    server: str
    hashtags: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class MailDraft:
    """To whom mail goes, and by which server."""

    recipients: tuple[str, ...]
    host: str
    port: int | None = None
    user: str | None = None

    @property
    def security(self) -> str:
        """Encryption, except on the way to this machine itself."""
        if self.port == 465:
            return "tls"
        return "none" if self.host in ("localhost", "127.0.0.1", "::1") else "starttls"


@attrs.frozen(kw_only=True)
class Draft:
    """What is known of a configuration that is about to be written."""

    brand: str
    aliases: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    mastodon: tuple[MastodonDraft, ...] = ()
    hackernews: bool = False
    slack_webhook_file: str | None = None
    mail: MailDraft | None = None
    language: str = "en"
    timezone: str = "UTC"


def written(draft: Draft) -> str:
    """The configuration as text."""
    return "\n".join(
        [*_head(), *_brand(draft), *_sources(draft), *_alerts(draft), *_rest(draft), ""]
    )


def scalar(text: str) -> str:
    """Text as a YAML value that is read back as the same text.

    >>> print(scalar("Acme Air"), scalar("@acme"), scalar("2026"))
    Acme Air "@acme" "2026"
    """
    plain = re.fullmatch(r"[^\W\d_](?:[\w ./+&-]*[\w/])?", text)
    if plain and text.lower() not in ("true", "false", "null"):
        return text
    return json.dumps(text.replace("${", "$${"), ensure_ascii=False)


def _flow(values: Iterable[str]) -> str:
    return f"[{', '.join(map(scalar, values))}]"


def _head() -> list[str]:
    return [
        "# What Sparkwatch watches, where it listens and whom it tells.",
        "# `sparkwatch check` says whether this works; `sparkwatch run` starts to listen.",
        "# Relative paths are relative to this file; ${NAME} stands for an environment variable.",
        "",
    ]


def _brand(draft: Draft) -> Iterator[str]:
    yield "brands:"
    yield f"  - name: {scalar(draft.brand)}"
    yield f"    aliases: {_flow(draft.aliases)}  # other names, in any script"
    yield f'    handles: {_flow(draft.handles)}  # accounts such as "@acme", in quotes'
    yield "    # Words of the trade. Where any are given, an alias matches only beside one of them:"
    yield "    # so that Delta is the airline and not the river."
    yield f"    required: {_flow(draft.required)}"
    yield "    excluded: []  # words that betray a namesake"
    yield f"    languages: {_flow(draft.languages)}  # such as en, zh-Hans, zh-Hant; all if empty"
    yield ""


def _sources(draft: Draft) -> Iterator[str]:
    names = _Names()
    yield "sources:"
    for feed in draft.feeds:
        yield f"  - name: {names.new('feed')}"
        yield "    kind: rss"
        yield "    every: 15m"
        yield f"    urls: [{scalar(feed)}]"
    for server in draft.mastodon:
        yield f"  - name: {names.new('mastodon')}"
        yield "    kind: mastodon"
        yield "    every: 5m"
        yield f"    server: {scalar(server.server)}"
        yield f"    hashtags: {_flow(server.hashtags)}  # public on most servers"
        yield f"    accounts: {_flow(server.accounts)}"
        yield "    # search: true  # looks for the brand's names; needs token_file:"
    if draft.hackernews:
        yield f"  - name: {names.new('hackernews')}"
        yield "    kind: hackernews"
        yield "    every: 15m"
        yield "    comments: true"
    yield ""


class _Names:
    """Gives each source a name of its own: feed, feed-2, feed-3."""

    def __init__(self) -> None:
        self._count: dict[str, int] = {}

    def new(self, stem: str) -> str:
        number = self._count[stem] = self._count.get(stem, 0) + 1
        return stem if number == 1 else f"{stem}-{number}"


def _alerts(draft: Draft) -> Iterator[str]:
    yield "alerts:"
    yield "  channels:"
    if draft.slack_webhook_file is not None:
        yield "    - name: slack"
        yield "      kind: slack"
        yield "      min_level: high  # watch, high or critical"
        yield f"      webhook_url_file: {scalar(draft.slack_webhook_file)}"
    if draft.mail is not None:
        yield from _mail(draft.mail)
    yield "    - name: folder  # a copy of everything, as files"
    yield "      kind: folder"
    yield "      min_level: watch"
    yield "      path: sent"
    yield ""


def _mail(mail: MailDraft) -> Iterator[str]:
    domain = mail.recipients[0].rpartition("@")[2]
    yield "    - name: mail"
    yield "      kind: smtp"
    yield "      min_level: high  # watch, high or critical"
    yield f"      host: {scalar(mail.host)}"
    if mail.port is not None:
        yield f"      port: {mail.port}"
    yield f"      security: {mail.security}  # starttls, tls or none"
    if mail.user is not None:
        yield f"      username: {scalar(mail.user)}"
        yield "      password_file: smtp-password  # or password: ${SMTP_PASSWORD}"
    yield f"      sender: {scalar(f'Sparkwatch <sparkwatch@{domain}>')}"
    yield f"      recipients: {_flow(mail.recipients)}"


def _rest(draft: Draft) -> Iterator[str]:
    channel = "mail" if draft.mail else "slack" if draft.slack_webhook_file else "folder"
    yield "digest:"
    yield "  readers:"
    yield "    - name: management  # who reads the weekly summary"
    yield f"      channel: {channel}"
    yield "      weekday: monday"
    yield '      time: "08:00"'
    yield ""
    yield "nlp:"
    yield "  model: embedded  # ships with Sparkwatch; or a Hugging Face hub id, or a folder"
    yield ""
    yield "store:"
    yield "  url: sqlite:///sparkwatch.db  # or postgresql+psycopg://user:${DB_PASSWORD}@host/name"
    yield ""
    yield f"language: {scalar(draft.language)}  # of alerts and digests: en, zh-Hans or zh-Hant"
    yield f"timezone: {scalar(draft.timezone)}  # of alerts and digests"


def hashtags_of(names: Sequence[str]) -> tuple[str, ...]:
    """The hashtags that people make of a brand's names.

    >>> hashtags_of(["Delta Air Lines", "达美"])
    ('DeltaAirLines', '达美')
    """
    tags = (re.sub(r"\W", "", name) for name in names)
    return tuple(dict.fromkeys(tag for tag in tags if tag))
