"""``sparkwatch init``: writes a first configuration, from flags or by asking."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import attrs
import typer

from config.draft import Draft, MailDraft, MastodonDraft, hashtags_of, written
from config.load import load
from config.problems import ConfigError, dotted, printable
from monitor.commands.address_guess import Guess, GuessError, fetch, guess, mastodon_server

__all__ = ["init"]

Several = list[str] | None


def init(
    brand: Annotated[str, typer.Option(help="The name to watch.")] = "",
    alias: Annotated[
        Several, typer.Option(help="Another name of it, in any script. Repeat for more.")
    ] = None,
    handle: Annotated[Several, typer.Option(help='An account of it, such as "@acme".')] = None,
    required: Annotated[
        Several, typer.Option(help="A word of its trade, which must stand beside an alias.")
    ] = None,
    language: Annotated[
        Several,
        typer.Option(help="A language of the posts: en, zh-Hans, zh-Hant, de. All if none."),
    ] = None,
    source: Annotated[
        Several, typer.Option(help="A feed, a page that announces one, or a Mastodon server.")
    ] = None,
    mastodon: Annotated[Several, typer.Option(help="A Mastodon server to listen at.")] = None,
    hashtag: Annotated[
        Several, typer.Option(help="A hashtag to follow there; made from the names if none.")
    ] = None,
    hackernews: Annotated[bool, typer.Option("--hackernews", help="Search Hacker News.")] = False,
    slack_webhook_file: Annotated[
        Path | None, typer.Option(help="A file that holds the address of a Slack webhook.")
    ] = None,
    email: Annotated[Several, typer.Option(help="An address that alerts go to.")] = None,
    smtp_host: Annotated[
        str, typer.Option(help="The mail server, as host or host:port.")
    ] = "localhost",
    smtp_user: Annotated[
        str, typer.Option(help="The user to log in as; the password is read from a file.")
    ] = "",
    report_language: Annotated[
        str, typer.Option(help="The language of alerts: en, zh-Hans or zh-Hant.")
    ] = "en",
    timezone: Annotated[
        str,
        typer.Option(
            help="The time zone of alerts, such as Asia/Shanghai; this machine's if none."
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path(
        "sparkwatch.yaml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write a first configuration, with a comment on everything in it.

    Without flags it asks. With --yes, or where nobody can answer, it takes what the flags say.

    [bold]Examples[/bold]

      sparkwatch init

      sparkwatch init --brand "Acme Air" --alias 顶点航空 --mastodon mastodon.social --yes

      sparkwatch init --brand Acme --source example.org/blog --email pr@example.org --yes
    """
    if output.exists() and not force:
        _end(f"{output} exists already; name another with --output, or replace it with --force")
    asks = not yes and _somebody_answers()
    if not brand and not asks:
        _end(
            "nobody can be asked here, so say at least which brand to watch: "
            "sparkwatch init --brand NAME --yes (see --help for sources and channels)",
            status=2,
        )
    answers = _Answers(
        brand=brand,
        aliases=tuple(alias or ()),
        handles=tuple(handle or ()),
        required=tuple(required or ()),
        languages=tuple(language or ()),
        sources=tuple(source or ()),
        mastodon=tuple(mastodon or ()),
        hashtags=tuple(hashtag or ()),
        hackernews=hackernews,
        slack_webhook_file=slack_webhook_file,
        emails=tuple(email or ()),
        smtp_host=smtp_host,
        smtp_user=smtp_user,
        report_language=report_language,
        timezone=timezone or _own_timezone(),
    )
    if asks:
        answers = _asked(answers)
    draft = _draft(answers, output.absolute().parent)
    _write(output, written(draft))
    _tell_what_is_next(output, draft)


@attrs.frozen(kw_only=True)
class _Answers:
    """What was said, by flags or on being asked."""

    brand: str
    aliases: tuple[str, ...]
    handles: tuple[str, ...]
    required: tuple[str, ...]
    languages: tuple[str, ...]
    sources: tuple[str, ...]
    mastodon: tuple[str, ...]
    hashtags: tuple[str, ...]
    hackernews: bool
    slack_webhook_file: Path | None
    emails: tuple[str, ...]
    smtp_host: str
    smtp_user: str
    report_language: str
    timezone: str


def _somebody_answers() -> bool:
    return sys.stdin.isatty()


def _asked(known: _Answers) -> _Answers:
    """Ask for what the flags left open; an empty answer leaves it so."""
    brand = known.brand or typer.prompt("Which brand shall be watched?")
    aliases = known.aliases or _ask_list("What else is it called, in any script?")
    handles = known.handles or _ask_list('Its accounts, such as "@acme"?')
    required = known.required
    if aliases and not required:
        required = _ask_list("Words of its trade, to tell it from namesakes?")
    sources = known.sources or _ask_list("Pages, feeds or Mastodon servers to listen at?")
    hackernews = known.hackernews or typer.confirm("Search Hacker News?", default=True)
    slack = known.slack_webhook_file
    if slack is None:
        file = _ask("A file that holds the address of a Slack webhook?")
        slack = Path(file) if file else None
    emails = known.emails or _ask_list("Mail addresses that alerts go to?")
    host, user = known.smtp_host, known.smtp_user
    if emails and not known.emails:
        host = typer.prompt("The mail server, as host or host:port", default=host)
        user = user or _ask("The user to log in there as?")
    return attrs.evolve(
        known,
        brand=brand,
        aliases=aliases,
        handles=handles,
        required=required,
        sources=sources,
        hackernews=hackernews,
        slack_webhook_file=slack,
        emails=emails,
        smtp_host=host,
        smtp_user=user,
        report_language=typer.prompt(
            "The language of alerts (en, zh-Hans, zh-Hant)", default=known.report_language
        ),
        timezone=typer.prompt("The time zone of alerts", default=known.timezone),
    )


def _ask(question: str) -> str:
    answer: str = typer.prompt(f"{question} (empty for none)", default="", show_default=False)
    return answer.strip()


def _ask_list(question: str) -> tuple[str, ...]:
    answer = _ask(f"{question} Commas between several")  # of a Chinese keyboard as well
    return tuple(part.strip() for part in answer.replace("，", ",").split(",") if part.strip())


def _draft(answers: _Answers, folder: Path) -> Draft:
    guesses = [_guessed(address) for address in answers.sources]
    hashtags = answers.hashtags or hashtags_of([answers.brand, *answers.aliases])
    servers = {
        mastodon_server(address): MastodonDraft(server=mastodon_server(address), hashtags=hashtags)
        for address in answers.mastodon
    }
    for found in guesses:
        if found.kind == "mastodon":
            server = servers.get(
                found.address, MastodonDraft(server=found.address, hashtags=hashtags)
            )
            accounts = (*server.accounts, *([found.account] if found.account else []))
            servers[found.address] = attrs.evolve(server, accounts=accounts)
    feeds = tuple(dict.fromkeys(found.address for found in guesses if found.kind == "rss"))
    return Draft(
        brand=answers.brand.strip(),
        aliases=answers.aliases,
        handles=answers.handles,
        required=answers.required,
        languages=answers.languages,
        feeds=feeds,
        mastodon=tuple(servers.values()),
        hackernews=answers.hackernews or not (feeds or servers),
        slack_webhook_file=_seen_from(folder, answers.slack_webhook_file),
        mail=_mail(answers),
        language=answers.report_language,
        timezone=answers.timezone,
    )


def _guessed(address: str) -> Guess:
    try:
        return guess(address, fetch)
    except GuessError as error:
        _end(str(error))


def _mail(answers: _Answers) -> MailDraft | None:
    if not answers.emails:
        return None
    host, _, port = answers.smtp_host.partition(":")
    if port and not port.isdigit():
        _end(f"--smtp-host {answers.smtp_host}: the port must be a number", status=2)
    return MailDraft(
        recipients=answers.emails,
        host=host,
        port=int(port) if port else None,
        user=answers.smtp_user or None,
    )


def _seen_from(folder: Path, file: Path | None) -> str | None:
    """A file as the configuration names it: beside it by its name, elsewhere in full."""
    if file is None:
        return None
    file = file.expanduser().absolute()
    return str(file.relative_to(folder) if file.is_relative_to(folder) else file)


def _own_timezone() -> str:
    """This machine's time zone, where its name is known."""
    _, found, name = str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")
    name = os.environ.get("TZ", "").lstrip(":") or (name if found else "UTC")
    return "UTC" if name == "Etc/UTC" else name


def _write(output: Path, text: str) -> None:
    """Write the configuration once it is known to load; until then nothing is changed."""
    trial = output.with_name(f".{output.name}.part")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        trial.write_text(text, encoding="utf-8")
        try:
            load(trial)
            trial.replace(output)
        except ConfigError as error:
            said = "\n".join(
                f"  {dotted(problem.location)}: {problem.message}" for problem in error.problems
            )
            _end(f"{output} was not written, since it would not work:\n{said}")
        finally:
            trial.unlink(missing_ok=True)
    except OSError as error:
        _end(f"{output} cannot be written: {error.strerror}")


def _tell_what_is_next(output: Path, draft: Draft) -> None:
    option = "" if output == Path("sparkwatch.yaml") else f" --config {output}"
    steps = [f"look at {output}: every line says what it is for"]
    if draft.slack_webhook_file is not None:
        steps.append(f"see that {draft.slack_webhook_file} holds the webhook's address")
    if draft.mail is not None and draft.mail.user is not None:
        steps.append(
            f"write the mail password into {output.parent / 'smtp-password'}, for your eyes only"
        )
    steps.append(f"sparkwatch check{option} --send-test")
    steps.append(f"sparkwatch run{option}")
    typer.echo(printable(f"Wrote {output}. What to do next:"))
    for number, step in enumerate(steps, start=1):
        typer.echo(printable(f"  {number}. {step}"))


def _end(message: str, status: int = 1) -> NoReturn:
    for line in message.splitlines():
        typer.echo(printable(line), err=True)
    raise typer.Exit(status)
