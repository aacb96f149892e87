"""To be left alone by a channel, or to be told by it again.

The address stands in List-Unsubscribe as well: a mail client that takes a receiver off posts
``List-Unsubscribe=One-Click`` here (RFC 8058). Opening it changes nothing. Critical alerts come
whatever is chosen: somebody has to hear of them, and who does is the operator's to say.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from alerts.links import ForgedLinkError, Link, LinkKind
from monitor.web.pages import page
from monitor.web.site import Site

__all__ = ["subscription_routes"]


class Wish(BaseModel):
    """What a receiver wants: by the page's button, or by the one of a mail client."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    do: Literal["leave", "return"] | None = None
    one_click: Literal["One-Click"] | None = Field(default=None, alias="List-Unsubscribe")


def subscription_routes(site: Site) -> APIRouter:
    """The page of one receiver and channel: GET tells how it stands, POST changes it."""
    router = APIRouter()

    def ask(token: str) -> HTMLResponse:
        return _standing(_read(token, site), site)

    def do(token: str, wish: Annotated[Wish, Form()]) -> HTMLResponse:
        link = _read(token, site)
        if wish.do is None and wish.one_click is None:
            raise HTTPException(422)
        with site.store.begin() as work:
            if wish.do == "return":
                work.subscriptions.renew(link.channel, link.address)
            else:
                work.subscriptions.end(link.channel, link.address, site.clock())
        return _standing(link, site)

    router.add_api_route("/unsubscribe/{token}", ask, methods=["GET"])
    router.add_api_route("/unsubscribe/{token}", do, methods=["POST"])
    return router


def _read(token: str, site: Site) -> Link:
    link = site.links.read(token, site.clock())
    if link.kind is not LinkKind.SUBSCRIPTION:
        raise ForgedLinkError
    return link


def _standing(link: Link, site: Site) -> HTMLResponse:
    with site.store.read() as work:
        ended = work.subscriptions.ended([link.channel])
    left = (link.channel, link.address.lower()) in ended
    return page(
        "subscription.html.j2",
        site.words(link),
        address=link.address,
        channel=link.channel,
        left=left,
    )
