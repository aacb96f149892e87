"""Posting and editing in Slack, each message once.

Every message carries its key as metadata, so that one whose fate is unknown is looked for before it
is posted again. An edit carries the moment at which it was written: one that is late never undoes a
newer one.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import attrs

from alerts.channels.slack_api import Answer, Fault, SlackApi
from alerts.channels.slack_blocks import Json, as_json, with_repeat_note
from alerts.i18n import Words
from alerts.outcome import Outcome, Refused, Retry, Sent
from monitor.domain import Delivery

__all__ = ["Part", "Written", "send_written"]

_EVENT = "sparkwatch_alert"
_CLOCKS_DIFFER = timedelta(minutes=5)
_PAGE = 500
_MOST_PAGES = 4


class Part(StrEnum):
    """What a message in the outbox does."""

    WHOLE = "whole"
    """It is posted."""
    EDIT = "edit"
    """It replaces the message that it follows."""
    LINE = "line"
    """It stands in the thread of the message that it follows."""


@attrs.frozen(kw_only=True)
class Written:
    """The payload of a message in the outbox.

    ``lasting`` tells that it matters without the message that it follows: should that one be gone
    (or never have arrived), this one is posted by itself.
    """

    part: Part
    body: Json
    written_at: str
    lasting: bool

    @classmethod
    def at(cls, now: datetime, *, part: Part, body: Json, lasting: bool) -> Written:
        """What is written now."""
        moment = now.astimezone(UTC).isoformat(timespec="microseconds")
        return cls(part=part, body=body, written_at=moment, lasting=lasting)

    @classmethod
    def read(cls, payload: str) -> Written:
        """What stands in the outbox."""
        given: dict[str, Any] = json.loads(payload)
        return cls(**{**given, "part": Part(given["part"])})

    def payload(self) -> str:
        """As it stands in the outbox."""
        return as_json(attrs.asdict(self))


def send_written(
    api: SlackApi,
    channel: str,
    delivery: Delivery,
    words: Words,
    *,
    perhaps_repeated: bool,
    head: str,
) -> Outcome:
    """Post or edit a message, and say what Slack answered; ``head`` is ``channel:ts``."""
    written = Written.read(delivery.payload)

    def post(into: str) -> Outcome | None:
        return _post(api, into or f"{channel}:", written, delivery, words, perhaps_repeated)

    outcome: Outcome | None = None
    if written.part is Part.EDIT and head:
        outcome = _edit(api, written, delivery, head)
    elif written.part is Part.LINE and head:
        outcome = post(head)
    if outcome is not None:
        return outcome
    if not written.lasting:
        return Refused(
            "the message that it would change is not in Slack, or cannot be edited any more"
        )
    return post("") or Refused("Slack answered that a new message is not there")


def _post(
    api: SlackApi,
    into: str,
    written: Written,
    delivery: Delivery,
    words: Words,
    perhaps_repeated: bool,
) -> Outcome | None:
    """Post it into ``channel:thread``, the thread may be empty; ``None`` where that is gone."""
    channel, _, thread = into.partition(":")
    body = written.body
    if perhaps_repeated:
        found = _found(api, channel, thread, delivery)
        if isinstance(found, str):
            return Sent(f"{channel}:{found}")
        if isinstance(found, Fault):
            if isinstance(found.outcome, Retry):
                return attrs.evolve(found.outcome, perhaps_arrived=True)
            body = with_repeat_note(body, words)
    said = body | {"channel": channel, "metadata": _metadata(delivery.key, written)}
    if thread:
        said["thread_ts"] = thread
    else:
        said.pop("reply_broadcast", None)
    answer = api.call("chat.postMessage", **said)
    if isinstance(answer, Answer):
        return Sent(f"{answer.body.get('channel', channel)}:{answer.body.get('ts', '')}")
    return None if thread and answer.gone else answer.outcome


def _edit(api: SlackApi, written: Written, delivery: Delivery, head: str) -> Outcome | None:
    """Replace a message; ``None`` where it is gone. One that is newer already is left as it is."""
    channel, _, ts = head.rpartition(":")
    if delivery.attempts > 1:
        there = api.call(
            "conversations.history",
            channel=channel,
            oldest=ts,
            latest=ts,
            inclusive=True,
            limit=1,
            include_all_metadata=True,
        )
        if isinstance(there, Answer) and any(
            message.get("ts") == ts and _payload(message).get("written_at", "") > written.written_at
            for message in there.body.get("messages", ())
        ):
            return Sent(head)
    said = {name: written.body[name] for name in ("text", "blocks")}
    answer = api.call(
        "chat.update", channel=channel, ts=ts, metadata=_metadata(delivery.follows, written), **said
    )
    if isinstance(answer, Answer):
        return Sent(head)
    return None if answer.gone else answer.outcome


def _metadata(key: str, written: Written) -> Json:
    payload = {"key": key, "written_at": written.written_at}
    return {"event_type": _EVENT, "event_payload": payload}


def _payload(message: Json) -> Json:
    metadata = message.get("metadata") or {}
    payload: Json = metadata.get("event_payload") or {}
    return payload if metadata.get("event_type") == _EVENT else {}


def _found(api: SlackApi, channel: str, thread: str, delivery: Delivery) -> str | Fault | None:
    """The ``ts`` of a message that was posted already; ``None`` where it was not."""
    since = (delivery.created_at - _CLOCKS_DIFFER).timestamp()
    where: Json = {"channel": channel, "oldest": f"{since:.6f}", "limit": _PAGE}
    method = "conversations.history"
    if thread:
        method, where = "conversations.replies", where | {"ts": thread}
    cursor = ""
    for _ in range(_MOST_PAGES):
        page = api.call(method, include_all_metadata=True, cursor=cursor, **where)
        if isinstance(page, Fault):
            return None if thread and page.gone else page
        for message in page.body.get("messages", ()):
            if _payload(message).get("key") == delivery.key:
                return str(message["ts"])
        cursor = (page.body.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            return None
    return Fault(Refused("the channel has too many messages to look through"))
