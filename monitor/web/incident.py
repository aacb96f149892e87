"""What is known of an incident, how it is being handled, and what its reader can do about it."""

from __future__ import annotations

import attrs
from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from alerts.brief import Quote
from alerts.buttons import Button, offered
from alerts.handling import action_line, action_name, state_lines
from alerts.i18n import Words
from alerts.links import ForgedLinkError, Link, LinkKind
from alerts.untrusted import isolated, one_line, safe_link
from monitor.acting import UnknownIncidentError
from monitor.casework import Action
from monitor.domain import Incident
from monitor.stages.briefing import quotes
from monitor.store.unit_of_work import UnitOfWork
from monitor.web.pages import page
from monitor.web.site import Site

__all__ = ["Cited", "Done", "View", "incident_routes", "view"]

_QUOTES = 3


@attrs.frozen(kw_only=True)
class Cited:
    """A post as it is cited."""

    text: str
    by: str
    link: str | None


@attrs.frozen(kw_only=True)
class Done:
    """Something that was done, with what was noted beside it."""

    line: str
    note: str
    link: str | None


@attrs.frozen(kw_only=True)
class View:
    """An incident as its page shows it."""

    id: str
    title: str
    level: str
    status: str
    state: tuple[str, ...]
    facts: tuple[str, ...]
    quotes: tuple[Cited, ...]
    history: tuple[Done, ...]
    buttons: tuple[Button, ...]
    zone: str


def view(site: Site, link: Link, work: UnitOfWork) -> View:
    """The incident that a link is about, or the one that it became part of.

    Raises ``UnknownIncidentError``.
    """
    words = site.words(link)
    incident = work.incidents.get(work.incidents.merged_into(link.incident) or link.incident)
    if incident is None:
        raise UnknownIncidentError(link.incident)
    now = site.clock()
    case = work.casework.case(incident.id)
    remarks = work.mentions.of_incident(incident.id)
    snapshots = work.posts.snapshots([remark.post.key for remark in remarks])
    brand = one_line(site.brands.get(incident.brand, incident.brand), 60)
    level = [words.level(incident.level)] if incident.level else []
    return View(
        id=incident.id,
        title=isolated(one_line(incident.title, 120)),
        level=incident.level or "calm",
        status=" · ".join((*level, brand)),
        state=state_lines(case, words, now),
        facts=tuple(_facts(incident, words)),
        quotes=tuple(_cited(one, words) for one in quotes(incident, remarks, snapshots)[:_QUOTES]),
        history=tuple(_done(one, words) for one in work.casework.of_incident(incident.id)),
        buttons=tuple(
            Button(label=action_name(kind.action, words), url=site.links.url(_toward(link, kind)))
            for kind in offered(case)
            if kind.action is not None and kind is not link.kind
        ),
        zone=words.zone_note(now),
    )


def _toward(link: Link, kind: LinkKind) -> Link:
    """A link to do something else, as old as this one: a page does not make links last longer."""
    return attrs.evolve(link, kind=kind)


def _facts(incident: Incident, words: Words) -> list[str]:
    posts = words.count("{n} post", "{n} posts", incident.posts)
    people = words.count("{n} person", "{n} people", incident.authors)
    return [
        words.say("{posts} by {people}", posts=posts, people=people),
        words.say("First post: {time}", time=words.when(incident.first_post_at)),
        words.say("Last post: {time}", time=words.when(incident.last_post_at)),
    ]


def _cited(quote: Quote, words: Words) -> Cited:
    author = [isolated(one_line(quote.author_name, 60))] if quote.author_name else []
    by = (*author, one_line(quote.source, 60), words.when(quote.published_at))
    text = one_line(quote.text, 300) or words.say("(a post without words)")
    return Cited(text=text, by=" · ".join(by), link=safe_link(quote.url))


def _done(action: Action, words: Words) -> Done:
    return Done(
        line=action_line(action, words),
        note=one_line(action.note, 300),
        link=safe_link(action.link) if action.link else None,
    )


def incident_routes(site: Site) -> APIRouter:
    """The page of an incident; looking changes nothing."""
    router = APIRouter()

    def look(token: str) -> HTMLResponse:
        link = site.links.read(token, site.clock())
        if link.kind is not LinkKind.LOOK:
            raise ForgedLinkError
        with site.store.read() as work:
            shown = view(site, link, work)
        return page("incident.html.j2", site.words(link), incident=shown, ask=None, banner="")

    router.add_api_route("/incident/{token}", look, methods=["GET"])
    return router
