"""``sparkwatch check``: tries everything that a run needs, and says how to mend what fails."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import attrs
import httpx
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alerts.channels.receiver import Channel, SecretError
from alerts.channels.slack_app import SlackAppOptions
from alerts.channels.smtp import SmtpOptions
from alerts.outcome import Outcome, Refused, Retry, Sent
from alerts.trial import trial_letter
from config.load import load
from config.model import Settings, SourceSettings
from config.problems import ConfigError, printable
from monitor import app
from monitor.commands.showing import ConfigOption
from monitor.domain import Health
from monitor.store.errors import StoreError
from nlp.errors import ModelError
from spiders.crawl import crawl
from spiders.job import CrawlJob

__all__ = ["check"]

TRIED_POSTS = 5
TRIED_DAYS = timedelta(days=7)
TIME_LIMIT = timedelta(seconds=40)
WEB_SECONDS = 5
AT_ONCE = 4
PLAIN_WIDTH = 120
TRIAL_SENTENCE = "They lost my bag and nobody answers. 行李丢了，没有人管。"


class Result(StrEnum):
    """How a trial ended. Only FAILED makes the command fail."""

    OK = "ok"
    FAILED = "FAILED"
    MIND = "mind"
    UNTRIED = "not tried"


STYLES = {Result.OK: "green", Result.FAILED: "bold red", Result.MIND: "yellow"}


@attrs.frozen
class Finding:
    """What was tried, how it ended, and what to do about it."""

    what: str
    result: Result
    said: str


def check(
    config: ConfigOption = Path("sparkwatch.yaml"),
    send_test: Annotated[
        bool,
        typer.Option("--send-test", help="Send one message, marked as a test, by each channel."),
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Try nothing that needs the network.")
    ] = False,
) -> None:
    """Try the store, the model, each source and each channel, and say how to mend what fails.

    No post is kept, and nobody gets a message unless you ask for a test.

    [bold]Examples[/bold]

      sparkwatch check

      sparkwatch check --config acme.yaml --send-test
    """
    if send_test and offline:
        raise typer.BadParameter("--send-test needs the network; leave out --offline")
    try:
        settings = load(config)
    except ConfigError as error:
        _print_problems(error)
        raise typer.Exit(1) from None
    findings = [_configuration(config, settings)]
    with Console(stderr=True).status("Trying the store, the model, the sources, the channels"):
        findings += [_store(settings), _model(settings)]
        findings += _sources(settings, offline)
        findings += _channels(settings, offline=offline, send_test=send_test)
        findings += [*_deaf_buttons(settings), *_receivers_who_left(settings)]
        findings += _web(settings, offline=offline)
    _print(findings)
    if any(finding.result is Result.FAILED for finding in findings):
        raise typer.Exit(1)


def _configuration(path: Path, settings: Settings) -> Finding:
    counts = [
        (len(settings.brands), "brand"),
        (len(settings.sources), "source"),
        (len(settings.alerts.channels), "channel"),
        (len(settings.digest.readers), "digest reader"),
    ]
    said = ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts)
    return Finding(f"configuration {path}", Result.OK, said)


def _store(settings: Settings) -> Finding:
    try:
        with closing(app.open_store(settings)) as store, store.read() as work:
            return Finding("store", Result.OK, f"holds {work.posts.count():,} posts")
    except StoreError as error:
        return Finding("store", Result.FAILED, str(error))


def _model(settings: Settings) -> Finding:
    what = f"model {settings.nlp.model}"
    started = time.perf_counter()
    try:
        [assessment] = app.scorer(settings).score([TRIAL_SENTENCE])
    except ModelError as error:
        return Finding(what, Result.FAILED, str(error))
    seconds = time.perf_counter() - started
    said = f"ready after {seconds:.1f} s; finds a complaint {assessment.sentiment}"
    return Finding(what, Result.OK, said)


def _sources(settings: Settings, offline: bool) -> Sequence[Finding]:
    if not settings.sources:
        said = "there are none, so `sparkwatch run` hears nothing; add one under sources:"
        return [Finding("sources", Result.MIND, said)]
    terms = tuple(
        dict.fromkeys(
            term
            for brand in settings.brands
            for term in (brand.name, *brand.aliases, *brand.handles)
        )
    )

    def trial(source: SourceSettings) -> Finding:
        return _source(source, terms, offline)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(trial, settings.sources))


def _source(source: SourceSettings, terms: tuple[str, ...], offline: bool) -> Finding:
    spec = source.spec()
    what = f"source {source.name} ({spec.kind})"
    if offline:
        return Finding(what, Result.UNTRIED, "needs the network")
    job = CrawlJob(
        source=spec, terms=terms, item_limit=TRIED_POSTS, since=datetime.now(UTC) - TRIED_DAYS
    )
    health = crawl(job, time_limit=TIME_LIMIT, on_batch=lambda _: None).health
    match health.health:
        case Health.OK:
            said = health.detail or f"answered with {health.items} posts of the last 7 days"
            return Finding(what, Result.OK, said)
        case Health.EMPTY:
            return Finding(what, Result.MIND, health.detail or "answered, but holds nothing")
        case _:
            return Finding(what, Result.FAILED, f"{health.health}: {health.detail}")


def _channels(settings: Settings, *, offline: bool, send_test: bool) -> Sequence[Finding]:
    if not settings.alerts.channels:
        said = "there are none, so nobody hears of an incident; add one under alerts.channels:"
        return [Finding("channels", Result.MIND, said)]

    def trial(channel: Channel) -> Finding:
        return _channel(channel, offline=offline, send_test=send_test)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(trial, app.channels(settings)))


def _channel(channel: Channel, *, offline: bool, send_test: bool) -> Finding:
    kind = getattr(channel.options, "kind", "")
    what = f"channel {channel.options.name} ({kind})"
    if offline and kind != "folder":
        return Finding(what, Result.UNTRIED, "needs the network")
    if send_test:
        return _judged(what, _send_trial(channel), "a test message was sent; see that it arrived")
    outcome = channel.probe()
    if outcome is None:
        return Finding(what, Result.UNTRIED, "only a message can try it; add --send-test")
    return _judged(what, outcome, "can be reached")


def _deaf_buttons(settings: Settings) -> Iterator[Finding]:
    """Slack channels whose buttons come to pages that nobody serves."""
    if settings.web is not None:
        return
    said = "a pressed button comes to a request URL, and nothing listens there; add web: with the "
    said += "address that Slack reaches, or an app_token for Socket Mode"
    apps = [one for one in settings.alerts.channels if isinstance(one, SlackAppOptions)]
    for options in apps:
        if options.uses_requests and not options.uses_sockets:
            yield Finding(f"buttons of {options.name} (slack-app)", Result.MIND, said)


def _receivers_who_left(settings: Settings) -> Iterator[Finding]:
    """Mail channels that some of their recipients have left."""
    mails = [one for one in settings.alerts.channels if isinstance(one, SmtpOptions)]
    try:
        with closing(app.open_store(settings)) as store, store.read() as work:
            ended = work.subscriptions.ended({one.name for one in mails})
    except StoreError:  # which was told where the store was tried
        return
    for options in mails:
        left = [one for one in options.recipients if (options.name, one.lower()) in ended]
        if left:
            said = f"{', '.join(left)} unsubscribed: critical alerts still go there and nothing "
            said += "else; Unsubscribe at the end of any of these mails leads back"
            yield Finding(f"recipients of {options.name} (smtp)", Result.MIND, said)


def _web(settings: Settings, *, offline: bool) -> Sequence[Finding]:
    if settings.web is None:
        return []
    what = f"web pages at {settings.web.url}"
    try:
        settings.web.signing_secret()
    except SecretError as error:
        return [Finding(what, Result.FAILED, str(error))]
    if offline:
        return [Finding(what, Result.UNTRIED, "needs the network")]
    try:
        answer = httpx.get(f"{settings.web.url}/health", timeout=WEB_SECONDS)
    except httpx.HTTPError as error:
        said = (
            f"cannot be reached ({type(error).__name__}); `sparkwatch run` serves them: see that "
        )
        said += f"it runs and that the way from there to {settings.web.listen} is open"
        return [Finding(what, Result.MIND, said)]
    if answer.status_code == HTTPStatus.OK and answer.text == "ok\n":
        return [Finding(what, Result.OK, "can be reached")]
    said = f"something else answers there ({answer.status_code}); let the reverse proxy hand it on "
    return [Finding(what, Result.MIND, said + f"to {settings.web.listen}")]


def _send_trial(channel: Channel) -> Outcome:
    """Send the test message to every receiver of a channel; the first that fails is told."""
    now = datetime.now(UTC)
    options = channel.options
    letter = trial_letter(options.name, options.reader, now)
    outcomes = [
        channel.send(delivery)
        for delivery in channel.write_letter(letter, key=f"trial:{now.isoformat()}", now=now)
    ]
    failures = [outcome for outcome in outcomes if not isinstance(outcome, Sent)]
    return failures[0] if failures else Sent()


def _judged(what: str, outcome: Outcome, success: str) -> Finding:
    match outcome:
        case Sent():
            return Finding(what, Result.OK, success)
        case Retry(reason=reason) | Refused(reason=reason):
            return Finding(what, Result.FAILED, reason)


def _print_problems(error: ConfigError) -> None:
    count = len(error.problems)
    typer.echo(f"{count} mistake{'s' if count > 1 else ''} in the configuration:", err=True)
    typer.echo(str(error), err=True)


def _print(findings: Sequence[Finding]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("what", overflow="fold")
    table.add_column("result", no_wrap=True)
    table.add_column("what was found, and how to mend it", overflow="fold")
    for finding in findings:
        table.add_row(
            Text(printable(finding.what)),
            Text(finding.result, STYLES.get(finding.result, "dim")),
            Text(printable(finding.said)),
        )
    watched = sys.stdout.isatty()
    Console(width=None if watched else PLAIN_WIDTH).print(table)
    failed = sum(finding.result is Result.FAILED for finding in findings)
    typer.echo(
        f"\n{failed} of {len(findings)} failed: mend them and check again"
        if failed
        else "\nEverything that was tried works. `sparkwatch run` starts to listen."
    )
