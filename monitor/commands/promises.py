"""`sparkwatch promises`: what the brands promised in public, and whether they kept it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeAlias

import attrs
import typer
from rich.markup import escape
from rich.table import Table

from alerts.aftermath import promise_name
from alerts.i18n import Words
from alerts.untrusted import one_line, safe_link
from config.load import load
from config.problems import printable
from monitor import app
from monitor.casework import Promise
from monitor.commands.showing import ConfigOption, console, words_for
from monitor.commands.stored import StoreOption, open_store
from monitor.domain import Post, PostKey
from monitor.store.store import Store

__all__ = ["promises"]

_SETTLED_SINCE = timedelta(days=28)
_CITED = 70

promises = typer.Typer(rich_markup_mode="rich")

PostArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="POST", help="The post that promises, as the list shows it.")
]
ByOption: TypeAlias = Annotated[
    str, typer.Option("--by", envvar="USER", help="Who says so; your account's name if absent.")
]


@promises.callback(invoke_without_command=True)
def listing(
    context: typer.Context,
    config: ConfigOption = Path("sparkwatch.yaml"),
    brand: Annotated[str | None, typer.Option(help="Only of this brand (its id).")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those kept or dropped in the last four weeks.")
    ] = False,
    store_file: StoreOption = None,
) -> None:
    """What the brands promised in public, and by when: those that are open, the first due first.

    [bold]Examples[/bold]

      sparkwatch promises

      sparkwatch promises --all --brand delta

      sparkwatch promises keep mastodon:1234 --by Mei
    """
    if context.invoked_subcommand is not None:
        return
    settings = load(config)
    words, now = words_for(settings), app.wall_clock()
    store = open_store(settings, store_file)
    try:
        with store.read() as work:
            found = work.promises.open()
            if everything:
                settled = work.promises.between(now - _SETTLED_SINCE, now)
                found += [one for one in settled if one.kept_at or one.dropped_at]
            found = [one for one in found if brand in (None, one.brand)]
            posts = work.posts.get({one.post for one in found})
    finally:
        store.close()
    out = console()
    if not found:
        out.print("No promises." if everything else "No open promises; --all shows kept ones.")
        return
    out.print(_table(found, posts, words, now))
    late = sum(one.is_overdue(now) for one in found)
    zone = words.zone_note(now)
    out.print(f"{len(found)} promises, {late} of them overdue. Times are in {zone}.")


@promises.command()
def keep(
    post: PostArgument,
    config: ConfigOption = Path("sparkwatch.yaml"),
    by: ByOption = "the command line",
    store_file: StoreOption = None,
) -> None:
    """Say that what a post promises was kept, though nobody can see it in public.

    [bold]Example[/bold]

      sparkwatch promises keep mastodon:1234 --by Mei
    """
    now = app.wall_clock()
    _settle(
        post, config, store_file, "kept", lambda one: attrs.evolve(one, kept_at=now, kept_by=by)
    )


@promises.command()
def drop(
    post: PostArgument,
    config: ConfigOption = Path("sparkwatch.yaml"),
    store_file: StoreOption = None,
) -> None:
    """Say that what a post promises need not be kept, or was no promise.

    [bold]Example[/bold]

      sparkwatch promises drop mastodon:1234
    """
    now = app.wall_clock()
    _settle(post, config, store_file, "dropped", lambda one: attrs.evolve(one, dropped_at=now))


def _settle(
    written: str,
    config: Path,
    store_file: Path | None,
    what: str,
    settle: Callable[[Promise], Promise],
) -> None:
    store = open_store(load(config), store_file)
    try:
        settled = _settled(_key(written), settle, store)
    finally:
        store.close()
    if not settled:
        raise typer.BadParameter(
            printable(f"{written} has no open promise; `sparkwatch promises` lists them"),
            param_hint="POST",
        )
    console().print(escape(printable(f"{written}: {len(settled)} {what}.")))


def _settled(key: PostKey, settle: Callable[[Promise], Promise], store: Store) -> list[Promise]:
    with store.begin() as work:
        settled = [
            settle(one)
            for one in work.promises.of_post(key)
            if one.kept_at is None and one.dropped_at is None
        ]
        for one in settled:
            work.promises.save(one)
    return settled


def _key(written: str) -> PostKey:
    try:
        return PostKey.parse(written)
    except ValueError as error:
        raise typer.BadParameter(printable(str(error)), param_hint="POST") from error


def _table(
    found: Sequence[Promise], posts: dict[PostKey, Post], words: Words, now: datetime
) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("post", "brand", "promised", "due", "", "what it says"):
        table.add_column(heading, no_wrap=heading != "what it says", overflow="fold")
    for one in found:
        table.add_row(
            escape(one_line(str(one.post), 80)),
            escape(one.brand),
            escape(promise_name(one.kind, words)),
            words.when(one.due_at),
            _state(one, words, now),
            _cited(one, posts.get(one.post)),
        )
    return table


def _state(promise: Promise, words: Words, now: datetime) -> str:
    if promise.kept_at is not None:
        return f"kept {words.when(promise.kept_at)}"
    if promise.dropped_at is not None:
        return "dropped"
    if not promise.is_overdue(now):
        return "open"
    return f"[red]overdue {words.hours((now - promise.due_at) / timedelta(hours=1))}[/red]"


def _cited(promise: Promise, post: Post | None) -> str:
    if post is None:
        return ""
    begin, end = promise.span
    said = escape(one_line(post.text[max(0, begin - 20) : end + _CITED], _CITED))
    link = safe_link(post.url)
    return f"“{said}” {escape(link)}" if link else f"“{said}”"
