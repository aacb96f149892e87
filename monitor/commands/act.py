"""`sparkwatch act`: what a button does, by hand."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import attrs
import typer
from rich.markup import escape

from alerts.handling import action_line, state_lines
from alerts.intervals import parse_interval
from alerts.untrusted import clean, one_line, safe_link
from config.load import load
from config.model import Settings
from config.problems import listed, nearest, printable
from monitor import acting, app
from monitor.casework import Action, ActionKind, ResponseKind
from monitor.commands.showing import ConfigOption, console, words_for
from monitor.commands.stored import StoreOption, known_incident, open_store

__all__ = ["act"]


class Deed(StrEnum):
    """What a person can do about an incident."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    SILENCE = "silence"
    NOISE = "noise"
    USEFUL = "useful"
    RESPOND = "respond"
    RESOLVE = "resolve"
    REOPEN = "reopen"


_BELONGS = {
    "--to": Deed.ASSIGN,
    "--for": Deed.SILENCE,
    "--kind": Deed.RESPOND,
    "--link": Deed.RESPOND,
}


def act(
    incident: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the beginning of it.")],
    deed: Annotated[Deed, typer.Argument(metavar="WHAT", help="; ".join(Deed) + ".")],
    by: Annotated[str, typer.Option(help="Who does it: one of `people:`, where there are any.")],
    to: Annotated[str | None, typer.Option(help="assign: who takes it on.")] = None,
    lasting: Annotated[
        str | None, typer.Option("--for", help="silence: for how long, as 90m, 4h, 2d.")
    ] = None,
    kind: Annotated[ResponseKind | None, typer.Option(help="respond: what was answered.")] = None,
    link: Annotated[str | None, typer.Option(help="respond: where the answer stands.")] = None,
    note: Annotated[str, typer.Option(help="A remark that is kept with it.")] = "",
    config: ConfigOption = Path("sparkwatch.yaml"),
    store_file: StoreOption = None,
) -> None:
    """Take an incident on, give it to somebody, silence it, log a response, resolve it.

    The same as the buttons in messages do. `acknowledge` stops its escalation; `noise` and `useful`
    are votes by which the rules are judged; `respond` logs what the brand answered in public;
    `reopen` takes back `resolve` and `noise`.

    [bold]Examples[/bold]

      sparkwatch act 3f9a acknowledge --by Mei

      sparkwatch act 3f9a assign --by Mei --to Jonas

      sparkwatch act 3f9a silence --by Mei --for 4h --note "the airport knows"

      sparkwatch act 3f9a respond --by Mei --kind apology --link https://example.com/statement
    """
    given = {"--to": to, "--for": lasting, "--kind": kind, "--link": link}
    _refuse_what_is_beside(deed, given)
    settings = load(config)
    for option, name in (("--by", by), ("--to", to)):
        _refuse_strangers(option, name, settings)
    now = app.wall_clock()
    store = open_store(settings, store_file)
    try:
        with store.read() as work:
            named = known_incident(incident, work)
        action = _action(deed, by, note, now, named.id)
        action = _with_details(action, to=to, lasting=lasting, kind=kind, link=link)
        acted = acting.act(store, action, now)
    finally:
        store.close()
    words, out = words_for(settings), console()
    out.print(f"[bold]{escape(one_line(named.title, 120))}[/bold] ({acted.case.incident})")
    out.print(escape(action_line(action, words)))
    for line in state_lines(acted.case, words, now):
        out.print(escape(line))


def _refuse_what_is_beside(deed: Deed, given: dict[str, str | ResponseKind | None]) -> None:
    for option, value in given.items():
        if value is not None and _BELONGS[option] is not deed:
            raise typer.BadParameter(f"belongs to {_BELONGS[option]}", param_hint=option)
    if deed is Deed.SILENCE and given["--for"] is None:
        raise typer.BadParameter("say for how long, as 4h", param_hint="--for")
    if deed is Deed.RESPOND and given["--kind"] is None:
        kinds = ", ".join(ResponseKind)
        raise typer.BadParameter(f"say what was answered: {kinds}", param_hint="--kind")


def _refuse_strangers(option: str, name: str | None, settings: Settings) -> None:
    names = [person.name for person in settings.people]
    if name is None or name in names:
        return
    if names:
        said = f"nobody is called {printable(name)}.{nearest(name, names)} There is {listed(names)}"
        raise typer.BadParameter(said, param_hint=option)
    if not name.strip():
        raise typer.BadParameter("say who", param_hint=option)


def _action(deed: Deed, by: str, note: str, now: datetime, incident: str) -> Action:
    return Action(
        key=f"command/{secrets.token_hex(16)}",
        incident=incident,
        at=now,
        by=by,
        kind=ActionKind(deed.value),
        note=clean(note),
    )


def _with_details(
    action: Action,
    *,
    to: str | None,
    lasting: str | None,
    kind: ResponseKind | None,
    link: str | None,
) -> Action:
    match action.kind:
        case ActionKind.ASSIGN:
            return attrs.evolve(action, assignee=to or action.by)
        case ActionKind.SILENCE:
            try:
                until = action.at + parse_interval(lasting)
            except ValueError as error:
                raise typer.BadParameter(str(error), param_hint="--for") from None
            return attrs.evolve(action, until=until)
        case ActionKind.RESPOND:
            if link is not None and safe_link(link) is None:
                raise typer.BadParameter("is no web address", param_hint="--link")
            return attrs.evolve(action, response=kind, link=safe_link(link) or "")
        case _:
            return action
