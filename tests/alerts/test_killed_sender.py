"""A sender that is killed between sending and marking loses nothing, and a repeat can be told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from alerts.channels.configured import configured_channel
from alerts.channels.receiver import Channel
from alerts.channels.slack import SlackOptions
from alerts.channels.slack_app import SlackAppOptions
from alerts.channels.smtp import SmtpOptions
from alerts.delivery import LEASE, Delivered, Outbox, deliver
from benchmarks.crashes import killed_again_and_again
from benchmarks.receivers import receivers
from monitor.domain import DeliveryState
from monitor.store.store import Store
from tests.alerts.examples import NOW, SLOW_BURN
from tests.alerts.mail_servers import mail_server
from tests.alerts.slack_endpoint import slack_endpoint
from tests.alerts.slack_service import BOT_TOKEN, CHANNEL, slack_service

ROOT = Path(__file__).parents[2]


def channel(kind: str, address: str) -> Channel:
    if kind == "slack":
        return configured_channel(
            SlackOptions.model_validate({"kind": "slack", "name": "c", "webhook_url": address})
        )
    if kind == "slack-app":
        return configured_channel(
            SlackAppOptions.model_validate(
                {
                    "kind": "slack-app",
                    "name": "c",
                    "channel": CHANNEL,
                    "bot_token": BOT_TOKEN,
                    "api_url": address,
                }
            )
        )
    return configured_channel(
        SmtpOptions.model_validate(
            {
                "kind": "smtp",
                "name": "c",
                "host": "127.0.0.1",
                "port": int(address),
                "security": "none",
                "sender": "alerts@example.com",
                "recipients": ("pr@example.com",),
            }
        )
    )


class _StopsBeforeMarking:
    """An outbox whose owner says that a message went out, and then never gets to mark it."""

    def __init__(self, outbox: Outbox) -> None:
        self.claim = outbox.claim
        self.retry = outbox.retry
        self.fail = outbox.fail
        self.reference = outbox.reference
        self.release = outbox.release
        self.rest = outbox.rest

    def sent(self, key: str, at: datetime, reference: str = "") -> None:
        sys.stdout.write(f"sent {key}\n")
        sys.stdout.flush()
        sys.stdin.read()


def be_the_sender(database: str, kind: str, address: str) -> None:
    """Run in a process of its own, to be killed."""
    store = Store.open(database)

    @contextmanager
    def begin() -> Iterator[Outbox]:
        with store.begin() as work:
            yield _StopsBeforeMarking(work.outbox)

    deliver(begin, {"c": channel(kind, address)}, lambda: NOW)


def _killed_midway_then_delivered(folder: Path, kind: str, address: str) -> Delivered:
    database = f"sqlite:///{folder / 'outbox.db'}"
    store = Store.open(database)
    try:
        with store.begin() as work:
            work.outbox.put(channel(kind, address).write_alert(SLOW_BURN, key="k", now=NOW))
        script = (
            "from tests.alerts.test_killed_sender import be_the_sender;"
            f"be_the_sender({database!r}, {kind!r}, {address!r})"
        )
        sender = subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with sender:
            assert sender.stdout is not None
            assert sender.stdout.readline().startswith(b"sent k")
            sender.send_signal(signal.SIGKILL)
        assert sender.returncode == -signal.SIGKILL

        @contextmanager
        def begin() -> Iterator[Outbox]:
            with store.begin() as work:
                yield work.outbox

        channels = {"c": channel(kind, address)}
        assert deliver(begin, channels, lambda: NOW) == Delivered()
        after = deliver(begin, channels, lambda: NOW + LEASE)
        with store.read() as work:
            (row,) = work.outbox.find()
        assert row.state is DeliveryState.SENT
        assert row.attempts == 2
        return after
    finally:
        store.close()


def test_a_mail_whose_sender_was_killed_goes_out_again_under_the_same_id(tmp_path: Path) -> None:
    with mail_server() as inbox:
        assert _killed_midway_then_delivered(tmp_path, "smtp", str(inbox.port)).sent == 1
        first, second = inbox.letters
    assert first["Message-ID"] == second["Message-ID"]
    assert first.as_bytes() == second.as_bytes()


def test_a_slack_message_whose_sender_was_killed_says_that_it_may_be_a_repeat(
    tmp_path: Path,
) -> None:
    with slack_endpoint() as endpoint:
        assert _killed_midway_then_delivered(tmp_path, "slack", endpoint.address).sent == 1
        first, second = endpoint.received
    assert "repeat" not in first["text"]
    assert (
        second["text"]
        == f"This may be a repeat: Slack did not confirm the first attempt. {first['text']}"
    )


def test_senders_killed_at_every_step_and_any_moment_lose_nothing_and_double_nothing_unnoticed(
    tmp_path: Path,
) -> None:
    with receivers() as ways:
        found = killed_again_and_again(tmp_path, ways, kills=25, seed=7)
    assert sum(found.kills.values()) == 25
    assert len(found.kills) >= 5, "more than one step was struck"
    assert [(fate.receiver, fate.lost, fate.unnoticed) for fate in found.fates] == [
        ("mail", 0, 0),
        ("apprise-json", 0, 0),
        ("idempotent", 0, 0),
        ("slack-app", 0, 0),
    ]
    assert all(fate.out_of_order == 0 for fate in found.fates)
    assert [fate.doubled for fate in found.fates[2:]] == [0, 0]


def test_a_message_of_the_slack_app_whose_sender_was_killed_is_there_once(tmp_path: Path) -> None:
    with slack_service() as slack:
        assert _killed_midway_then_delivered(tmp_path, "slack-app", slack.address).sent == 1
        [message] = slack.messages
    assert "repeat" not in message["text"]
