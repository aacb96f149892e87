"""One incident, its channel in Slack and the desk, with the pipeline's part done by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import attrs
from pydantic import SecretStr

from alerts.brief import Brief, Update
from alerts.channels.slack_app import SlackAppChannel, SlackAppOptions
from alerts.delivery import Delivered, Outbox, deliver
from alerts.people import People, PersonOptions
from monitor.casework import Action, Case
from monitor.slack.desk import SlackAnswer, SlackDesk
from monitor.store.store import Store
from tests.alerts.examples import DELTA, NOW
from tests.alerts.slack_service import (
    APP_TOKEN,
    BOT_TOKEN,
    CHANNEL,
    SIGNING_SECRET,
    SlackService,
    signed,
)

PEOPLE = People([PersonOptions(name="Mei", slack="U01"), PersonOptions(name="Wei", slack="U02")])
INCIDENT = DELTA.incident.id
HEAD = f"{DELTA.alert.id}:pr"


def app_channel(address: str, **more: object) -> SlackAppChannel:
    options = {
        "kind": "slack-app",
        "name": "pr",
        "channel": CHANNEL,
        "bot_token": SecretStr(BOT_TOKEN),
        "signing_secret": SecretStr(SIGNING_SECRET),
        "app_token": SecretStr(APP_TOKEN),
        "api_url": address,
        "timezone": "Asia/Taipei",
        **more,
    }
    return SlackAppChannel(
        SlackAppOptions.model_validate(options), PEOPLE, timeout=timedelta(seconds=2)
    )


class Office:
    """Everything between a member of Slack and the store."""

    def __init__(self, store: Store, slack: SlackService, **more: object) -> None:
        self.store, self.slack, self.now = store, slack, NOW
        self.channel = app_channel(slack.address, **more)
        self.desk = SlackDesk(store, [self.channel], PEOPLE, lambda: self.now)
        with store.begin() as work:
            work.incidents.save(DELTA.incident)

    def close(self) -> None:
        self.desk.close()

    def post(self, payload: dict[str, Any]) -> SlackAnswer:
        """Let Slack deliver an interaction by a signed request, and wait until it is done."""
        headers, body = signed(payload, self.now.timestamp())
        reply = self.desk(body, headers)
        self.finish()
        return reply

    def finish(self) -> None:
        """Wait until whatever was asked for is done."""
        self.desk.close()
        self.desk = SlackDesk(self.store, [self.channel], PEOPLE, lambda: self.now)

    def tell(self, brief: Brief = DELTA) -> None:
        """Write and send an alert, as the pipeline does."""
        known = brief.alert.id == DELTA.alert.id
        key, head = f"{brief.alert.id}:pr", "" if known else HEAD
        case = attrs.evolve(brief, case=self.case())
        with self.store.begin() as work:
            work.outbox.put(self.channel.write_alert(case, key=key, now=self.now, head=head))
        self.deliver()

    def update(self, brief: Brief = DELTA) -> None:
        """Write and send what was done and not yet told."""
        with self.store.begin() as work:
            for action in work.casework.untold(100):
                update = Update(brief=brief, action=action, case=work.casework.case(INCIDENT))
                key = f"{action.key}/update:pr"
                work.outbox.put(self.channel.write_update(update, key=key, now=self.now, head=HEAD))
                work.casework.told([action.key], self.now)
        self.deliver()

    def deliver(self) -> Delivered:
        @contextmanager
        def outbox() -> Iterator[Outbox]:
            with self.store.begin() as work:
                yield work.outbox

        done = deliver(outbox, {"pr": self.channel}, lambda: self.now)
        assert done.troubles == ()
        return done

    def case(self) -> Case:
        with self.store.read() as work:
            return work.casework.case(INCIDENT)

    def actions(self) -> list[Action]:
        with self.store.read() as work:
            return work.casework.of_incident(INCIDENT)

    def later(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now
