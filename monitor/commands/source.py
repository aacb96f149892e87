"""`sparkwatch source`: makes a new kind of source, and tries one without keeping anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alerts.untrusted import one_line
from config.problems import printable
from monitor.commands.new_source.files import SourceTemplate, new_files
from monitor.commands.showing import console
from monitor.domain import Deletion, Health, Observation
from monitor.wire import encode
from spiders.crawl import crawl
from spiders.job import CrawlJob, SourceSpec
from spiders.kinds import KINDS, SourceKind
from spiders.kit.saved import saved_answers
from spiders.options import Politeness
from spiders.page import SourceError
from spiders.web import Fetched

__all__ = ["source"]

_TIME_LIMIT = timedelta(seconds=60)
_OK = 200

source = typer.Typer(
    help="Make a new kind of source, or try one; `sparkwatch sources` lists them.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@source.command("new")
def new_source(
    name: Annotated[str, typer.Argument(help="What the new kind is called: one word.")],
    template: Annotated[
        SourceTemplate, typer.Option(help="What it reads: an interface, pages, or a feed.")
    ] = SourceTemplate.JSON,
    into: Annotated[
        Path,
        typer.Option(
            help="A checkout of Sparkwatch, or a folder for a plug-in package of its own."
        ),
    ] = Path(),
) -> None:
    """Write a new kind of source with a saved answer and a test that is green at once.

    [bold]Examples[/bold]

      sparkwatch source new forum

      sparkwatch source new shop_reviews --template html --into ~/plugins
    """
    if name in KINDS:
        raise typer.BadParameter(f"there is a kind {name} already", param_hint="NAME")
    try:
        made = new_files(name, template, into)
    except ValueError as error:
        raise typer.BadParameter(f"{printable(name)}: {error}", param_hint="NAME") from None
    there = [path for path in made if path.exists()]
    if there:
        raise typer.BadParameter(
            f"{printable(there[0])} is there already: choose another name, or remove it",
            param_hint="NAME",
        )
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        typer.echo(printable(path))
    test = next(path for path in made if path.name.startswith("test_"))
    typer.echo(
        f"\nTry it: pytest {printable(test)}\n"
        "Then put a real answer in place of the saved one, and name its fields in the source."
    )


@source.command("try")
def try_source(
    kind: Annotated[str, typer.Argument(help="A kind of source; `sparkwatch sources` lists them.")],
    query: Annotated[
        list[str] | None, typer.Option("--query", "-q", help="A name to look for; repeatable.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", "-o", help="An option of the source as KEY=VALUE; repeatable."),
    ] = None,
    response: Annotated[
        list[Path] | None,
        typer.Option(
            help="Read this saved answer, or recorded cassette, instead of the network; repeatable."
        ),
    ] = None,
    url: Annotated[str, typer.Option(help="The address that the saved answers came from.")] = "",
    days: Annotated[float, typer.Option(min=0.01, help="How far back to look.")] = 7.0,
    limit: Annotated[int, typer.Option(min=1, help="The most posts of each query.")] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="One observation or deletion a line, as JSON.")
    ] = False,
) -> None:
    """Show what a source would bring, and keep nothing.

    [bold]Examples[/bold]

      sparkwatch source try hackernews --query "Delta Air Lines"

      sparkwatch source try rss --option urls=https://forum.example/latest.rss

      sparkwatch source try v2ex --response latest.json --json
    """
    found = KINDS.get(kind)
    if found is None:
        raise typer.BadParameter(
            f"there is no kind {printable(kind)}; there are {', '.join(sorted(KINDS))}",
            param_hint="KIND",
        )
    if response:
        seen, troubles = _offline(found, response, url)
    else:
        seen, troubles = _online(found, query or [], option or [], days, limit)
    if as_json:
        for value in seen:
            typer.echo(encode(value))
    else:
        _show(seen)
    for trouble in troubles:
        typer.echo(printable(trouble), err=True)
    if troubles and not seen:
        raise typer.Exit(1)


def _offline(
    kind: SourceKind, files: Iterable[Path], url: str
) -> tuple[Sequence[Observation | Deletion], Sequence[str]]:
    """What saved answers hold, the last sight of each post, and what could not be read."""
    seen: dict[object, Observation | Deletion] = {}
    troubles: list[str] = []
    for file in files:
        values, told = _in_file(kind, file, url)
        for value in values:
            key = value.post.key if isinstance(value, Observation) else value.key
            seen[key] = value
        troubles += (f"{file}: {trouble}" for trouble in told)
        if not values and not told:  # nobody's fault: a search may find nothing
            typer.echo(printable(f"{file}: an answer without a public post"), err=True)
    return tuple(seen.values()), troubles


def _in_file(
    kind: SourceKind, file: Path, url: str
) -> tuple[Sequence[Observation | Deletion], Sequence[str]]:
    answers = saved_answers(file, url=url, observed_at=datetime.now(UTC))
    useful = [answer for answer in answers if _is_useful(kind, answer, url)]
    if not useful:
        return (), [f"holds no answer to what {kind.name} asks for"]
    values: list[Observation | Deletion] = []
    troubles: list[str] = []
    for answer in useful:
        try:
            page = kind.parse(answer, source=kind.name)
        except SourceError as error:
            troubles.append(str(error))
            continue
        values += [*page.observations, *page.deletions]
        if page.skipped:
            troubles.append(f"{page.skipped} entries could not be read")
    return values, troubles


def _is_useful(kind: SourceKind, answer: Fetched, url: str) -> bool:
    """Whether the source would have asked for it; what was named by hand is taken at its word."""
    return answer.status == _OK and (answer.url == url or kind.asks(answer.url))


def _online(
    kind: SourceKind, queries: Sequence[str], given: Sequence[str], days: float, limit: int
) -> tuple[Sequence[Observation | Deletion], Sequence[str]]:
    job = CrawlJob(
        source=SourceSpec(name=kind.name, options=_options(kind, given)),
        terms=tuple(queries),
        item_limit=limit,
        since=datetime.now(UTC) - timedelta(days=days),
    )
    seen: list[Observation | Deletion] = []
    with Console(stderr=True).status(f"Asking {kind.name}"):
        health = crawl(job, time_limit=_TIME_LIMIT, on_batch=seen.extend).health
    told = [f"{health.health}: {health.detail}"] if health.health is not Health.OK else []
    return seen, told


def _options(kind: SourceKind, given: Sequence[str]) -> Politeness:
    """The options as they were typed; a setting that is a list takes several, or commas."""
    described = kind.options.model_json_schema()["properties"]
    values: dict[str, object] = {"kind": kind.name}
    lists: dict[str, list[str]] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or name not in described:
            known = ", ".join(described)
            raise typer.BadParameter(
                f"{printable(text)}: write KEY=VALUE; {kind.name} knows {known}",
                param_hint="--option",
            )
        if described[name].get("type") == "array":
            lists.setdefault(name, []).extend(value.split(","))
        else:
            values[name] = value
    try:
        return kind.options.model_validate({**values, **lists})
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or kind.name}: {one['msg']}" for one in error.errors()
        )
        raise typer.BadParameter(printable(said), param_hint="--option") from None


def _show(seen: Sequence[Observation | Deletion]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("published", "author", "counters", "text"):
        table.add_column(name, overflow="fold" if name == "text" else "ellipsis")
    for value in seen:
        table.add_row(*map(Text, _row(value)))
    console().print(table)
    gone = sum(isinstance(value, Deletion) for value in seen)
    typer.echo(f"\n{len(seen) - gone} posts, {gone} deletions; nothing was kept.")


def _row(value: Observation | Deletion) -> tuple[str, str, str, str]:
    if isinstance(value, Deletion):
        return "", "", "deleted", one_line(value.key.native_id, 80)
    post, snapshot = value.post, value.snapshot
    names = ("views", "likes", "shares", "replies")
    counts = ((name, getattr(snapshot, name)) for name in names) if snapshot else ()
    counters = " ".join(f"{name} {count}" for name, count in counts if count is not None)
    author = post.author.handle or post.author.name or "" if post.author else ""
    return (
        f"{post.published_at:%Y-%m-%d %H:%M}",
        one_line(author, 30),
        counters or "–",
        one_line(post.text, 100),
    )
