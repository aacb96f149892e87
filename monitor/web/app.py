"""The web application: which pages there are, and what is answered where there is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from alerts.links import ActionLinks, ExpiredLinkError, ForgedLinkError
from config.model import Settings
from monitor.acting import UnknownIncidentError
from monitor.store.errors import StoreError
from monitor.store.store import Store
from monitor.web.actions import action_routes
from monitor.web.guard import Guard
from monitor.web.incident import incident_routes
from monitor.web.pages import notice, style_source
from monitor.web.site import Site
from monitor.web.slack import TakesPresses, slack_routes
from monitor.web.subscription import subscription_routes

__all__ = ["application"]

_log = structlog.get_logger(__name__)


def application(
    settings: Settings,
    store: Store,
    links: ActionLinks,
    clock: Callable[[], datetime],
    slack: TakesPresses | None = None,
) -> ASGIApp:
    """The pages that links lead to; ``slack`` takes what is pressed in Slack, where it is used."""
    site = Site.of(settings, store, links, clock)
    web = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    web.include_router(action_routes(site))
    web.include_router(incident_routes(site))
    web.include_router(subscription_routes(site))
    if slack is not None:
        web.include_router(slack_routes(slack))
    web.add_api_route("/health", _health(site), methods=["GET"])
    _explain_failures(web, site)
    return Guard(web, style_source())


def _health(site: Site) -> Callable[[], PlainTextResponse]:
    def health() -> PlainTextResponse:
        """Whether the store answers; says nothing else to anybody."""
        with site.store.read() as work:
            work.outbox.next_due()
        return PlainTextResponse("ok\n")

    return health


def _explain_failures(web: FastAPI, site: Site) -> None:
    """A page for everything that can go wrong, which tells a stranger nothing."""
    words = site.words()

    def forged(_request: Request, _error: Exception) -> HTMLResponse:
        return notice(
            words,
            404,
            words.say("There is nothing here"),
            words.say("The link is not whole. Open it from the mail again, or copy all of it."),
        )

    def expired(_request: Request, error: Exception) -> HTMLResponse:
        assert isinstance(error, ExpiredLinkError)  # noqa: S101 -- it is registered for these only
        theirs = site.words(error.link)
        return notice(
            theirs,
            410,
            theirs.say("This link has expired"),
            theirs.say("Links in mails work for two weeks. Take one from a newer mail."),
        )

    def unknown(_request: Request, _error: Exception) -> HTMLResponse:
        return notice(
            words,
            404,
            words.say("This incident is not known any more"),
            words.say("Nothing was done. Its posts may have been deleted where they stood."),
        )

    def not_understood(_request: Request, _error: Exception) -> HTMLResponse:
        return notice(
            words,
            422,
            words.say("This was not understood"),
            words.say("Nothing was done. Go back, look at what you filled in, and try again."),
        )

    def other(request: Request, error: Exception) -> HTMLResponse:
        assert isinstance(error, HTTPException)  # noqa: S101 -- it is registered for these only
        if error.status_code == 404:
            return forged(request, error)
        answer = not_understood(request, error)
        answer.status_code = error.status_code
        answer.headers.update(error.headers or {})
        return answer

    def no_store(_request: Request, error: Exception) -> HTMLResponse:
        _log.error("page not shown, the store does not answer", reason=str(error))
        return notice(
            words,
            503,
            words.say("Not now"),
            words.say("Nothing was done: the records cannot be reached. Try again in a minute."),
        )

    web.add_exception_handler(ForgedLinkError, forged)
    web.add_exception_handler(ExpiredLinkError, expired)
    web.add_exception_handler(UnknownIncidentError, unknown)
    web.add_exception_handler(RequestValidationError, not_understood)
    web.add_exception_handler(HTTPException, other)
    web.add_exception_handler(StoreError, no_store)
