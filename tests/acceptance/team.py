"""A team of three who live through an archive with nothing but their messages.

Mei in Taipei reads traditional Chinese by mail, Jonas in Berlin has Slack, Ann in New York has
mail. Everything between a post and them is the real thing: the model, the stages in their order,
the store, a mail server, a Slack and the web pages. Only the clock is the archive's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import attrs
import httpx
from parsel import Selector
from typer.testing import CliRunner

from alerts.channels.receiver import fingerprint
from alerts.channels.slack_app import SlackAppChannel
from alerts.channels.slack_controls import BLOCK, Control
from alerts.people import People
from config.load import load
from config.model import Settings
from monitor import app
from monitor.casework import Action, ActionKind, Case, Notice, NoticeState
from monitor.cli import app as commands
from monitor.domain import Alert, DeliveryState, Observation, PostKey
from monitor.incidents.matching import Matcher
from monitor.listener import listening
from monitor.pipeline import Pipeline
from monitor.replay import Replay
from monitor.slack.desk import SlackAnswer, SlackDesk
from monitor.stages.deliver import Deliver
from monitor.store.store import Store
from monitor.web.app import application
from monitor.web.server import WebListener
from tests.alerts.mail_servers import Inbox, mail_server
from tests.alerts.slack_service import (
    BOT_TOKEN,
    CHANNEL,
    SIGNING_SECRET,
    SlackService,
    signed,
    slack_service,
)
from tests.alerts.test_slack import texts

__all__ = ["ANN", "JONAS", "MEI", "Team", "body", "team"]

MEI, ANN = "mei@example.com", "ann@example.com"
JONAS = "U02"
"""Jonas, as Slack knows him."""
_LOOK_EVERY = timedelta(minutes=5)
_LONG = timedelta(days=30)
_URL = "https://pr.example.com/watch"


def _read(path: Path, inbox: Inbox, slack: SlackService, written: dict[str, Any]) -> Settings:
    """The configuration of such a team, from a file as anybody's."""
    mail = {
        "kind": "smtp",
        "host": "127.0.0.1",
        "port": inbox.port,
        "security": "none",
        "sender": "Sparkwatch <alerts@example.com>",
    }
    channels = [
        {
            **mail,
            "name": "mei-mail",
            "recipients": [MEI],
            "language": "zh-Hant",
            "timezone": "Asia/Taipei",
        },
        {
            "kind": "slack-app",
            "name": "jonas-slack",
            "channel": CHANNEL,
            "bot_token": BOT_TOKEN,
            "signing_secret": SIGNING_SECRET,
            "api_url": slack.address,
            "timezone": "Europe/Berlin",
        },
        {**mail, "name": "ann-mail", "recipients": [ANN], "timezone": "America/New_York"},
    ]
    people = [
        {"name": "Mei", "mail": MEI},
        {"name": "Jonas", "slack": JONAS},
        {"name": "Ann", "mail": ANN},
    ]
    web = {"url": _URL, "listen": "127.0.0.1:0", "secret": "a secret that is long enough for this"}
    alerts = {"channels": channels, **written.pop("alerts")}
    written |= {"alerts": alerts, "people": people, "web": web}
    path.write_text(json.dumps(written), encoding="utf-8")  # which is YAML as well
    return load(path)


@attrs.define
class Team:
    """The three, what is around them, and the moment that it is."""

    folder: Path
    settings: Settings
    store: Store
    pipeline: Pipeline
    inbox: Inbox
    slack: SlackService
    web: httpx.Client
    now: datetime
    coming: list[Observation] = attrs.field(factory=list)
    desk: SlackDesk = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.desk = self._new_desk()

    def take(self, sent: bytes, headers: Mapping[str, str]) -> SlackAnswer:
        """What the pages hand on when Slack sends what was pressed."""
        return self.desk(sent, headers)

    def close(self) -> None:
        """Take no more of what is pressed."""
        self.desk.close()

    # time

    def live(self, until: datetime, every: timedelta = _LOOK_EVERY) -> None:
        """Let time go by: a look at what comes, and at each moment for which a notice waits."""
        while self.now < until:
            self.now = min(self._next_moment(every), until)
            self.look()

    def look(self) -> None:
        """Gather what there is by now, and let every stage do what is undone."""
        due = [one for one in self.coming if one.observed_at <= self.now]
        self.coming = self.coming[len(due) :]
        if due:
            with self.store.begin() as work:
                work.posts.gather(due)
        self.slack.at = max(self.slack.at, self.now.timestamp())
        self.pipeline.run(self.store, self.now)

    def hear(self, observations: Iterable[Observation]) -> None:
        """More that will be said, beside the archive."""
        self.coming = sorted(
            [*self.coming, *observations], key=lambda one: (one.observed_at, one.post.key)
        )

    def _next_moment(self, every: timedelta) -> datetime:
        midnight = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        on_the_beat = self.now + every - (self.now - midnight) % every
        with self.store.read() as work:
            due = work.notices.next_due()
        return min(on_the_beat, due) if due is not None and due > self.now else on_the_beat

    # what they read

    def mails(self, to: str) -> list[EmailMessage]:
        """What one of them has in their mailbox, the newest last."""
        return [letter for letter in self.inbox.letters if letter["To"] == to]

    def mail_about(self, to: str, incident: str) -> EmailMessage:
        """The newest mail that one of them has in the conversation about an incident."""
        conversation = fingerprint("thread", incident)
        return [one for one in self.mails(to) if conversation in one.get("References", "")][-1]

    def buttons_of(self, letter: EmailMessage) -> dict[str, str]:
        """What can be pressed in a mail, and the paths that it leads to."""
        anchors = Selector(body(letter, "html")).css("a")
        found = {"".join(one.css("*::text").getall()): one.attrib["href"] for one in anchors}
        return {
            label: url.removeprefix(_URL) for label, url in found.items() if url.startswith(_URL)
        }

    def posted(self) -> list[str]:
        """What stands in Slack's channel itself, by what a notification shows of it."""
        return [message["text"] for message in self.slack.in_channel()]

    def message_about(self, incident: str) -> dict[str, Any]:
        """The one message in Slack's channel about an incident."""
        [message] = [one for one in self.slack.in_channel() if _is_about(one, incident)]
        return message

    def thread_about(self, incident: str) -> list[str]:
        """The first lines of what stands in its thread."""
        thread = self.slack.thread(self.message_about(incident))
        return [texts(one["blocks"]).splitlines()[0] for one in thread]

    # what they do

    def press(self, incident: str, control: Control, chosen: str = "") -> None:
        """Jonas presses a button; Slack sends it by a signed request, and it is done."""
        pressed = self.slack.press(self.message_about(incident), control, JONAS, chosen)
        headers, content = signed(pressed, self.now.timestamp())
        answer = self.web.post("/slack/interactive", content=content, headers=headers)
        assert answer.status_code == 200, answer.text
        self.desk.close()
        self.desk = self._new_desk()

    def follow(self, letter: EmailMessage, label: str, **filled: str) -> Selector:
        """Open a link of a mail by what stands on it, fill in its page and press its button."""
        path = self.buttons_of(letter)[label]
        page = Selector(self.web.get(path).text)
        [form] = page.css("form")
        fields = {one.attrib["name"]: one.attrib["value"] for one in form.css("input[name]")}
        for button in form.css("button[name]"):
            fields[button.attrib["name"]] = button.attrib["value"]
        answer = self.web.post(path, data=fields | filled)
        assert answer.status_code == 200, answer.text
        return Selector(answer.text)

    def tell(self, *arguments: str) -> list[str]:
        """What a command says about this store, line by line."""
        config = str(self.folder / "sparkwatch.yaml")
        said = CliRunner().invoke(
            commands, [*arguments, "--config", config], env={"NO_COLOR": "1", "COLUMNS": "400"}
        )
        assert said.exit_code == 0, said.output
        return [re.sub(r" +", " ", line).strip() for line in said.output.splitlines()]

    # what is known of it

    def alerts(self) -> list[Alert]:
        """Every alert that the policy raised."""
        with self.store.read() as work:
            return work.alerts.between(self.now - _LONG, self.now + _LONG)

    def notices(self) -> list[Notice]:
        """For each alert and team, whether it was told."""
        with self.store.read() as work:
            names = {alert.incident for alert in work.alerts.between(self.now - _LONG, self.now)}
            return [one for name in sorted(names) for one in work.notices.of_incident(name)]

    def case(self, incident: str) -> Case:
        """How an incident is being handled."""
        with self.store.read() as work:
            return work.casework.case(incident)

    def escalations(self, incident: str) -> list[Action]:
        """Each time that a team was told again because nobody had taken it on."""
        with self.store.read() as work:
            done = work.casework.of_incident(incident)
        return [one for one in done if one.kind is ActionKind.ESCALATE]

    def first_post(self, incident: str) -> PostKey:
        """The post that an incident began with."""
        with self.store.read() as work:
            return work.incidents.get_all({incident})[incident].first_post

    def title(self, incident: str) -> str:
        """What an incident is called now."""
        with self.store.read() as work:
            return work.incidents.get_all({incident})[incident].title

    def nobody_was_told_twice_and_nothing_is_lost(self) -> None:
        """Every alert has a decision for each team; no message waits, or came more than once."""
        teams = {one.name for one in app.teams(self.settings)}
        notices = self.notices()
        decided = {(one.alert, one.team) for one in notices if one.reason is not None}
        assert decided == {(alert.id, name) for alert in self.alerts() for name in teams}
        assert NoticeState.WAITING not in {one.state for one in notices}
        with self.store.read() as work:
            assert {one.state for one in work.outbox.find()} == {DeliveryState.SENT}
        mails = [(letter["To"], letter["Message-ID"]) for letter in self.inbox.letters]
        posted = [
            json.loads(form["metadata"])["event_payload"]["key"]
            for method, form in self.slack.calls
            if method == "chat.postMessage"
        ]
        assert len(mails) == len(set(mails))
        assert len(posted) == len(set(posted))

    def _new_desk(self) -> SlackDesk:
        """Where Jonas' buttons arrive."""
        ways = [way for way in app.channels(self.settings) if isinstance(way, SlackAppChannel)]
        return SlackDesk(self.store, ways, People(self.settings.people), lambda: self.now)


def _is_about(message: dict[str, Any], incident: str) -> bool:
    name = f"{BLOCK}/1/{incident}"
    return any(block.get("block_id", "").startswith(name) for block in message["blocks"])


def body(letter: EmailMessage, kind: str = "plain") -> str:
    """A mail's text, or its HTML."""
    part = letter.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


@contextmanager
def team(
    folder: Path, written: dict[str, Any], archive: Sequence[Observation], starts: datetime
) -> Iterator[Team]:
    """They begin to listen; ``written`` is what their configuration says beside who they are."""
    with mail_server() as inbox, slack_service() as slack, httpx.Client() as web:
        written["store"] = {"url": f"sqlite:///{folder}/sparkwatch.db"}
        settings = _read(folder / "sparkwatch.yaml", inbox, slack, written)
        ways, links = app.channels(settings), app.links(settings)
        scores = Replay(observations=archive).read_ahead(
            app.scorer(settings), Matcher(settings.watched())
        )
        made = app.stages(settings, scores, ways)
        assert links is not None
        with closing(app.open_store(settings)) as store:
            opened = Team(
                folder=folder,
                settings=settings,
                store=store,
                pipeline=Pipeline((*made.looking, *made.telling, Deliver(ways))),
                inbox=inbox,
                slack=slack,
                now=starts,
                web=web,
            )
            opened.hear(archive)
            slack.at = starts.timestamp()
            pages = application(
                settings,
                store,
                links,
                lambda: opened.now,
                lambda sent, headers: opened.desk(sent, headers),
            )
            listener = WebListener(pages, ("127.0.0.1", 0))
            with closing(opened), listening([listener]):
                web.base_url = httpx.URL(f"http://127.0.0.1:{listener.port}")
                yield opened
