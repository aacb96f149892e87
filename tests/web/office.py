"""A brand's office: a store with one incident, people, a real web server, mails about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import attrs
import httpx
from parsel import Selector

from alerts.brief import Brief
from alerts.channels.smtp import SmtpChannel, SmtpOptions
from alerts.links import ActionLinks, Link, LinkKind
from alerts.outcome import Sent
from config.model import Settings
from monitor.casework import Action, Case
from monitor.domain import (
    Author,
    Incident,
    IncidentState,
    Level,
    Mention,
    Observation,
    Post,
    PostKey,
)
from monitor.store.store import Store
from monitor.web.app import application
from monitor.web.server import WebListener
from monitor.web.slack import TakesPresses
from tests.alerts.examples import DELTA, NOW
from tests.alerts.mail_servers import Inbox
from tests.store.making import conclude

INCIDENT = DELTA.incident.id
MEI, JONAS = "mei@example.com", "jonas@example.com"
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> \u202e{{ 7 * 7 }} \x1b[31m'


@attrs.define
class Office:
    """Everything that a test asks for; ``now`` is what the clock says."""

    store: Store
    settings: Settings
    links: ActionLinks
    web: httpx.Client
    now: datetime = NOW

    def link(self, kind: LinkKind, address: str = MEI, incident: str = INCIDENT) -> str:
        """The path of a link that was sent to this receiver just now."""
        about = "" if kind is LinkKind.SUBSCRIPTION else incident
        link = Link(
            kind=kind, channel="pr-mail", address=address, incident=about, alert="", signed_at=NOW
        )
        return self.links.url(link).removeprefix(self.links.base_url)

    def page(self, path: str) -> Selector:
        """The page at a path, which must be there."""
        answer = self.web.get(path)
        assert answer.status_code == 200, answer.text
        return Selector(answer.text)

    def press(self, path: str, page: Selector | None = None, **filled: str) -> httpx.Response:
        """Fill in the page's form and press its button, as a browser does."""
        page = page or self.page(path)
        (form,) = page.css("form")
        assert form.attrib == {"method": "post", "action": ""}
        fields = {one.attrib["name"]: one.attrib["value"] for one in form.css("input[name]")}
        for select in form.css("select"):
            fields[select.attrib["name"]] = select.css("option[selected]::attr(value)").get("")
        for area in form.css("textarea"):
            fields[area.attrib["name"]] = area.css("::text").get("")
        for button in form.css("button[name]"):
            fields[button.attrib["name"]] = button.attrib["value"]
        return self.web.post(path, data=fields | filled)

    def case(self, incident: str = INCIDENT) -> Case:
        """How the incident is being handled."""
        with self.store.read() as work:
            return work.casework.case(incident)

    def actions(self) -> list[Action]:
        """All that was done about it."""
        with self.store.read() as work:
            return work.casework.of_incident(INCIDENT)


def said(page: Selector, css: str) -> list[str]:
    """The text of the elements that match."""
    return [" ".join("".join(one.css("*::text").getall()).split()) for one in page.css(css)]


@contextmanager
def office(
    folder: Path, *, text: str = "", language: str = "en", slack: TakesPresses | None = None
) -> Iterator[Office]:
    """Open it; ``text`` stands as title, author and post of the incident."""
    store = Store.open(f"sqlite:///{folder}/sparkwatch.db")
    _fill(store, text)
    settings = _settings(language)
    assert settings.web is not None
    links = ActionLinks(settings.web.url, settings.web.signing_secret())
    with closing(store), httpx.Client() as web:
        opened = Office(store, settings, links, web)
        listener = WebListener(
            application(settings, store, links, lambda: opened.now, slack), settings.web.address
        )
        listener.start()
        web.base_url = httpx.URL(f"http://127.0.0.1:{listener.port}")
        try:
            yield opened
        finally:
            listener.stop()


def _settings(language: str) -> Settings:
    return Settings.model_validate(
        {
            "brands": [{"name": "Delta Air Lines", "id": "delta"}],
            "people": [{"name": "Mei", "mail": MEI}, {"name": "Jonas <b>", "mail": JONAS}],
            "alerts": {
                "channels": [
                    {
                        "kind": "smtp",
                        "name": "pr-mail",
                        "host": "127.0.0.1",
                        "security": "none",
                        "sender": "Sparkwatch <alerts@example.com>",
                        "recipients": [MEI, JONAS],
                        "language": language,
                        "timezone": "Asia/Taipei",
                    }
                ]
            },
            "web": {
                "url": "https://pr.example.com/watch",
                "listen": "127.0.0.1:0",
                "secret": "a secret that is long enough for this test",
            },
        }
    )


def _fill(store: Store, text: str) -> None:
    texts = (text, f"{text} again") if text else ("They charged a soldier for his bag!", "Shame!")
    posts = [
        Post(
            key=PostKey("mastodon", str(number)),
            text=said_so,
            published_at=NOW - timedelta(minutes=30 - number),
            url="https://mastodon.example/1" if not text else "javascript:alert(3)",
            author=Author(native_id=str(number), name=text or "Kay"),
        )
        for number, said_so in enumerate(texts, start=1)
    ]
    with store.begin() as work:
        work.posts.gather([Observation(post=post, observed_at=NOW) for post in posts])
        work.mentions.match(
            "f", {post.key: [Mention(post=post.key, brand="delta")] for post in posts}
        )
        conclude(work, 1, 2, brand="delta")
        work.incidents.save(incident(title=text or DELTA.incident.title))
        work.mentions.group("delta", {post.key: INCIDENT for post in posts}, NOW)


def incident(name: str = INCIDENT, title: str = "fourth bag", version: int = 1) -> Incident:
    """An incident that is open."""
    return attrs.evolve(
        DELTA.incident,
        id=name,
        title=title,
        first_post=PostKey("mastodon", "1"),
        state=IncidentState.OPEN,
        level=Level.CRITICAL,
        version=version,
    )


def mailed(opened: Office, inbox: Inbox, brief: Brief = DELTA) -> dict[str, EmailMessage]:
    """The alert's mails as they arrived through a real server, by receiver."""
    options = opened.settings.alerts.channels[0].model_dump() | {"port": inbox.port}
    channel = SmtpChannel(SmtpOptions.model_validate(options), links=opened.links)
    for delivery in channel.write_alert(brief, key=f"{brief.alert.id}:pr-mail", now=NOW):
        assert channel.send(delivery) == Sent()
    return dict(zip((to for (to,) in inbox.recipients), inbox.letters, strict=True))


def body(letter: EmailMessage, kind: str) -> str:
    """The mail's text or HTML."""
    part = letter.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


def links_in_html(letter: EmailMessage, opened: Office) -> dict[str, str]:
    """What can be pressed in the mail: labels and paths."""
    anchors = Selector(body(letter, "html")).css("a")
    found = {"".join(one.css("::text").getall()): one.attrib["href"] for one in anchors}
    return _own(found, opened)


def links_in_text(letter: EmailMessage, opened: Office) -> dict[str, str]:
    """The same of its plain text."""
    pairs = re.findall(r"^(.+)\n(https://pr\.example\.com/\S+)$", body(letter, "plain"), re.M)
    return _own(dict(pairs), opened)


def _own(found: dict[str, str], opened: Office) -> dict[str, str]:
    base = opened.links.base_url
    return {label: url.removeprefix(base) for label, url in found.items() if url.startswith(base)}
