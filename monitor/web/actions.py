"""Pages that do something: what a button in a mail leads to.

Mail scanners follow every link in a mail, so opening one changes nothing: the page says what would
be done, to which incident and in whose name, and has one button. Only that button, a POST, does it.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Annotated

import attrs
from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from alerts.handling import action_name, response_name
from alerts.i18n import Words, message
from alerts.links import ForgedLinkError, Link
from alerts.untrusted import clean, safe_link
from monitor.acting import act
from monitor.casework import Action, ActionKind, ResponseKind
from monitor.store.unit_of_work import UnitOfWork
from monitor.web.incident import view
from monitor.web.pages import page
from monitor.web.site import Site

__all__ = ["action_routes"]

_WHAT = {
    ActionKind.ACKNOWLEDGE: message(
        "You take this on. Everybody who was told can see it, and nobody else is called."
    ),
    ActionKind.ASSIGN: message("Somebody takes this on, and everybody who was told can see it."),
    ActionKind.SILENCE: message("Nobody gets another message about this incident for a while."),
    ActionKind.NOISE: message(
        "This was not worth an alert, and nothing has to be done about it. It counts when the "
        "rules are judged."
    ),
    ActionKind.USEFUL: message(
        "This alert was worth it. It changes nothing else; it counts when the rules are judged."
    ),
    ActionKind.RESPOND: message(
        "The brand has answered in public. From then on it is measured what the answer did."
    ),
    ActionKind.RESOLVE: message("This is settled, and nothing has to be done about it any more."),
    ActionKind.REOPEN: message("This is not over yet: somebody has to take it on again."),
}

_REPEATABLE = (ActionKind.ASSIGN, ActionKind.SILENCE, ActionKind.RESPOND, ActionKind.REOPEN)
"""What may be done again by the same link, once its page is opened again."""
_HOURS = (1, 4, 24, 72)
_USUAL_HOURS = 4


class Filled(BaseModel):
    """What was filled in. ``once`` is the page's own name: pressing twice counts once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    once: str = Field(default="", pattern=r"^[0-9a-f]{0,32}$")
    to: str = Field(default="", max_length=320)
    hours: int = Field(default=_USUAL_HOURS, ge=1, le=max(_HOURS))
    response: ResponseKind = ResponseKind.HOLDING_STATEMENT
    link: str = Field(default="", max_length=2000)
    note: str = Field(default="", max_length=1000)


@attrs.frozen(kw_only=True)
class Choice:
    """One of the things that can be chosen."""

    value: str
    label: str
    chosen: bool


@attrs.frozen(kw_only=True)
class Ask:
    """What the page asks before it does it."""

    what: str
    who: str
    press: str
    once: str
    people: tuple[Choice, ...] = ()
    hours: tuple[Choice, ...] = ()
    responses: tuple[Choice, ...] = ()
    link: str = ""
    note: str = ""
    mistake: str = ""


def action_routes(site: Site) -> APIRouter:
    """The pages to act from: GET asks, POST does."""
    router = APIRouter()

    def ask(token: str) -> HTMLResponse:
        link, kind = _read(token, site)
        return _asking(link, kind, Filled(once=secrets.token_hex(16)), site)

    def do(token: str, filled: Annotated[Filled, Form()]) -> HTMLResponse:
        link, kind = _read(token, site)
        words, now = site.words(link), site.clock()
        if filled.link and safe_link(filled.link) is None:
            mistake = words.say("The link must be a web address that begins with https://")
            return _asking(link, kind, filled, site, mistake)
        with site.store.read() as work:
            key = _key(link, kind, filled, work)
        action = _action(key, link, kind, filled, site, now)
        acted = act(site.store, action, now)
        with site.store.read() as work:
            banner = words.say("Done.") if acted.is_new else _before(link, action.key, work, words)
            shown = view(site, link, work)
        return page("incident.html.j2", words, incident=shown, ask=None, banner=banner)

    router.add_api_route("/act/{token}", ask, methods=["GET"])
    router.add_api_route("/act/{token}", do, methods=["POST"])
    return router


def _read(token: str, site: Site) -> tuple[Link, ActionKind]:
    link = site.links.read(token, site.clock())
    if link.kind.action is None:
        raise ForgedLinkError
    return link, link.kind.action


def _asking(
    link: Link, kind: ActionKind, filled: Filled, site: Site, mistake: str = ""
) -> HTMLResponse:
    """The page before anything is done; where all was done already, it says so instead."""
    words = site.words(link)
    with site.store.read() as work:
        shown = view(site, link, work)
        before = _before(link, _key(link, kind, filled, work), work, words)
    return page(
        "incident.html.j2",
        words,
        422 if mistake else 200,
        incident=shown,
        ask=None if before else _ask(link, kind, filled, site, mistake),
        banner=before,
    )


def _ask(link: Link, kind: ActionKind, filled: Filled, site: Site, mistake: str) -> Ask:
    words, me = site.words(link), site.person(link)
    asked = Ask(
        what=words.say(_WHAT[kind]),
        who=words.say("You act as {name}.", name=me),
        press=action_name(kind, words),
        once=filled.once,
        mistake=mistake,
    )
    match kind:
        case ActionKind.ASSIGN:
            people = tuple(
                Choice(value=name, label=name, chosen=name == (filled.to or me))
                for name in _assignable(me, site)
            )
            return attrs.evolve(asked, people=people)
        case ActionKind.SILENCE:
            hours = tuple(
                Choice(value=str(n), label=words.hours(n), chosen=n == filled.hours) for n in _HOURS
            )
            return attrs.evolve(asked, hours=hours)
        case ActionKind.RESPOND:
            responses = tuple(
                Choice(value=one, label=response_name(one, words), chosen=one is filled.response)
                for one in ResponseKind
            )
            return attrs.evolve(asked, responses=responses, link=filled.link, note=filled.note)
        case _:
            return asked


def _assignable(me: str, site: Site) -> tuple[str, ...]:
    return tuple(dict.fromkeys((me, *(person.name for person in site.people.known))))


def _key(link: Link, kind: ActionKind, filled: Filled, work: UnitOfWork) -> str:
    """The same for every press of one button, until the incident is reopened.

    What may be repeated is another button on every page that is opened.
    """
    if kind in _REPEATABLE:
        return f"link/{link.id}/{filled.once}"
    done = work.casework.of_incident(work.incidents.merged_into(link.incident) or link.incident)
    return f"link/{link.id}/{sum(one.kind is ActionKind.REOPEN for one in done)}"


def _action(
    key: str, link: Link, kind: ActionKind, filled: Filled, site: Site, now: datetime
) -> Action:
    me = site.person(link)
    action = Action(key=key, incident=link.incident, at=now, by=me, kind=kind)
    match kind:
        case ActionKind.ASSIGN:
            to = filled.to or me
            if to not in _assignable(me, site):
                raise HTTPException(422)
            return attrs.evolve(action, assignee=to)
        case ActionKind.SILENCE:
            return attrs.evolve(action, until=now + timedelta(hours=filled.hours))
        case ActionKind.RESPOND:
            return attrs.evolve(
                action,
                response=filled.response,
                link=safe_link(filled.link) or "",
                note=clean(filled.note),
            )
        case _:
            return action


def _before(link: Link, key: str, work: UnitOfWork, words: Words) -> str:
    """That it was done already; empty where it was not."""
    incident = work.incidents.merged_into(link.incident) or link.incident
    done = [one for one in work.casework.of_incident(incident) if one.key == key]
    if not done:
        return ""
    return words.say("This was done already, {time}.", time=words.when(done[0].at))
