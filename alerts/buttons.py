"""What a mail offers to do about its incident: signed links that act in its reader's name."""

from __future__ import annotations

from datetime import datetime

import attrs

from alerts.brief import Brief
from alerts.handling import action_name
from alerts.i18n import Words
from alerts.links import ActionLinks, Link, LinkKind
from monitor.casework import ActionKind, Case, Handling

__all__ = ["Button", "Buttons", "buttons_for", "offered"]

_ALL = (
    LinkKind.ASSIGN,
    LinkKind.SILENCE,
    LinkKind.RESPOND,
    LinkKind.RESOLVE,
    LinkKind.NOISE,
    LinkKind.USEFUL,
)

_NEXT = {
    Handling.ACKNOWLEDGED: LinkKind.RESPOND,
    Handling.ASSIGNED: LinkKind.RESPOND,
    Handling.RESPONDING: LinkKind.RESOLVE,
    Handling.RESOLVED: LinkKind.REOPEN,
    Handling.NOISE: LinkKind.REOPEN,
}


_BESIDE: dict[Handling, tuple[LinkKind, ...]] = {
    Handling.RESOLVED: (LinkKind.USEFUL,),
    Handling.NOISE: (),
}
"""What is offered beside the next step once it is over."""


@attrs.frozen(kw_only=True)
class Button:
    """A link with what stands on it."""

    label: str
    url: str


@attrs.frozen(kw_only=True)
class Buttons:
    """The links of one alert for one receiver; ``first`` is the one to press first."""

    heading: str
    first: Button
    others: tuple[Button, ...]
    note: str
    unsubscribe: Button


def offered(case: Case) -> tuple[LinkKind, ...]:
    """What still makes sense to do, the next step first."""
    first = LinkKind.ACKNOWLEDGE if case.needs_somebody else _NEXT[case.handling]
    others = _BESIDE.get(case.handling, _ALL)
    return (first, *(kind for kind in others if kind is not first))


def buttons_for(
    brief: Brief,
    links: ActionLinks,
    words: Words,
    *,
    channel: str,
    address: str,
    now: datetime,
) -> Buttons:
    """What one receiver of an alert can do from their mail."""

    def button(kind: LinkKind, label: str) -> Button:
        about = "" if kind is LinkKind.SUBSCRIPTION else brief.incident.id
        link = Link(
            kind=kind,
            channel=channel,
            address=address,
            incident=about,
            alert=brief.alert.id if about else "",
            signed_at=now,
        )
        return Button(label=label, url=links.url(link))

    case = brief.case or Case(incident=brief.incident.id)
    look = button(LinkKind.LOOK, words.say("Open the incident"))
    all_buttons = [
        *(button(kind, _label(kind.action, words)) for kind in offered(case) if kind.action),
        look,
    ]
    return Buttons(
        heading=words.say("Do it from here"),
        first=all_buttons[0],
        others=tuple(all_buttons[1:]),
        note=words.say(
            "Each asks once more before anything is done. What you do is done in the name of "
            "{address}: do not forward this mail.",
            address=address,
        ),
        unsubscribe=button(LinkKind.SUBSCRIPTION, words.say("Unsubscribe")),
    )


def _label(kind: ActionKind, words: Words) -> str:
    """In a mail some say more than their name: what the page has chosen already."""
    match kind:
        case ActionKind.ASSIGN:
            return words.say("Assign to me")
        case ActionKind.SILENCE:
            return words.say("Silence 4 h")
        case _:
            return action_name(kind, words)
