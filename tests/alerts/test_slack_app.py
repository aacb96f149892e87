"""The Slack app, against a Slack that keeps what is posted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from alerts.brief import Brief, Update
from alerts.channels.slack_app import SlackAppChannel, SlackAppOptions
from alerts.channels.slack_blocks import action_blocks
from alerts.i18n import Reader, Words
from alerts.outcome import Cause, Outcome, Refused, Retry, Sent
from alerts.people import People, PersonOptions
from alerts.trial import trial_letter
from monitor.casework import Action, ActionKind, Handling, ResponseKind, case_of
from monitor.domain import Delivery
from tests.alerts.examples import BRIEFS, DELTA, HOSTILE, NOW
from tests.alerts.slack_endpoint import problems
from tests.alerts.slack_service import (
    APP_TOKEN,
    BOT_TOKEN,
    CHANNEL,
    SCOPES,
    SIGNING_SECRET,
    SlackService,
    Trouble,
    slack_service,
)
from tests.alerts.test_slack import elements, texts

PEOPLE = People([PersonOptions(name="Mei", slack="U01"), PersonOptions(name="Wei", slack="U02")])
INCIDENT = DELTA.incident.id
KEY = f"{DELTA.alert.id}:pr"


@pytest.fixture
def slack() -> Iterator[SlackService]:
    with slack_service() as service:
        yield service


def channel(address: str = "http://127.0.0.1:1/api/", **more: object) -> SlackAppChannel:
    options = {
        "kind": "slack-app",
        "name": "pr",
        "channel": CHANNEL,
        "bot_token": SecretStr(BOT_TOKEN),
        "signing_secret": SecretStr(SIGNING_SECRET),
        "api_url": address,
        "timezone": "Asia/Taipei",
        **more,
    }
    given = {name: value for name, value in options.items() if value is not None}
    return SlackAppChannel(
        SlackAppOptions.model_validate(given), PEOPLE, timeout=timedelta(seconds=1)
    )


def written(app: SlackAppChannel, brief: Brief = DELTA) -> Delivery:
    (delivery,) = app.write_alert(brief, key=KEY, now=NOW)
    return delivery


def done(kind: ActionKind, by: str = "Mei", at: datetime = NOW, **more: Any) -> Action:
    key = f"{kind}-{at:%H%M}"
    return Action(key=key, incident=INCIDENT, at=at, by=by, kind=kind, **more)


def update(*actions: Action, brief: Brief = DELTA) -> Update:
    return Update(brief=brief, action=actions[-1], case=case_of(INCIDENT, actions))


def reference(outcome: Outcome) -> str:
    assert isinstance(outcome, Sent), outcome
    return outcome.reference


def labels(message: dict[str, Any]) -> list[str]:
    """What can be pressed."""
    return [
        (element.get("text") or element["placeholder"])["text"]
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def again(delivery: Delivery) -> Delivery:
    return attrs.evolve(delivery, attempts=2)


# --- what is said ---------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize("name", BRIEFS)
def test_every_example_is_taken_with_its_buttons(
    slack: SlackService, name: str, language: str
) -> None:
    app = channel(slack.address, language=language)
    sent = reference(app.send(written(app, BRIEFS[name])))
    (message,) = slack.messages
    assert sent == f"{CHANNEL}:{message['ts']}"
    assert len(labels(message)) == 7
    assert message["metadata"]["event_payload"]["key"] == KEY


def test_whoever_is_suggested_is_mentioned_until_somebody_has_it() -> None:
    asked = attrs.evolve(DELTA, owner="Wei")
    taken = attrs.evolve(asked, case=case_of(INCIDENT, [TOOK]))
    for brief, mentioned in [(asked, ["U02"]), (taken, [])]:
        body = json.loads(written(channel(), brief).payload)["body"]
        assert [e["user_id"] for e in elements(body) if e.get("type") == "user"] == mentioned


def test_the_buttons_stand_with_what_to_do_before_the_figures() -> None:
    body = json.loads(written(channel()).payload)["body"]
    kinds = [block["type"] for block in body["blocks"]]
    (fields,) = [n for n, block in enumerate(body["blocks"]) if "fields" in block]
    assert max(n for n, kind in enumerate(kinds) if kind == "actions") < fields


def test_without_a_way_back_there_are_no_buttons() -> None:
    assert labels(json.loads(written(channel(signing_secret=None)).payload)["body"]) == []


def test_crawled_text_mentions_nobody() -> None:
    body = json.loads(written(channel(), HOSTILE).payload)["body"]
    assert problems(body) == []
    assert [e for e in elements(body) if e.get("type") == "user"] == []


TOOK = done(ActionKind.ACKNOWLEDGE)
LATER = NOW + timedelta(minutes=20)


@pytest.mark.parametrize(
    ("actions", "says", "buttons"),
    [
        (
            [TOOK],
            "Acknowledged by Mei, Nov 18, 09:47",
            ["Log response", "Assign to …", "Silence …", "Resolve", "Useful", "Noise"],
        ),
        (
            [TOOK, done(ActionKind.ASSIGN, at=LATER, assignee="Wei")],
            "Assigned to Wei by Mei, Nov 18, 10:07",
            ["Log response", "Assign to …", "Silence …", "Resolve", "Useful", "Noise"],
        ),
        (
            [TOOK, done(ActionKind.SILENCE, at=LATER, until=LATER + timedelta(hours=4))],
            "Silenced until Nov 18, 14:07",
            ["Log response", "Assign to …", "Silence …", "Resolve", "Useful", "Noise"],
        ),
        (
            [TOOK, done(ActionKind.RESPOND, at=LATER, response=ResponseKind.APOLOGY)],
            "Public response logged by Mei, Nov 18, 10:07",
            ["Resolve", "Assign to …", "Silence …", "Log response", "Useful"],
        ),
        (
            [TOOK, done(ActionKind.RESOLVE, at=LATER)],
            "Resolved by Mei, Nov 18, 10:07",
            ["Useful", "Reopen"],
        ),
        ([done(ActionKind.NOISE)], "Called noise by Mei, Nov 18, 09:47", ["Reopen"]),
        (
            [done(ActionKind.NOISE), done(ActionKind.REOPEN, by="sparkwatch", at=LATER)],
            "Nobody has taken this on yet",
            [
                *("Acknowledge", "Assign to …", "Silence …"),
                *("Log response", "Resolve", "Useful", "Noise"),
            ],
        ),
    ],
)
def test_the_message_shows_the_state_and_only_the_buttons_that_make_sense(
    slack: SlackService, actions: list[Action], says: str, buttons: list[str]
) -> None:
    app = channel(slack.address)
    head = reference(app.send(written(app)))
    for part in app.write_update(update(*actions), key="u:pr", now=NOW, head=KEY):
        assert part.follows == KEY
        assert part.key.startswith("u:pr:")
        reference(app.send(part, head=head))
    (message,) = slack.in_channel()
    assert message["edited"]
    assert says in texts(message)
    assert labels(message) == buttons


@pytest.mark.parametrize(
    ("action", "says"),
    [
        (TOOK, "Nov 18, 09:47: Mei took it on"),
        (done(ActionKind.ASSIGN, assignee="Wei"), "Nov 18, 09:47: Mei gave it to Wei"),
        (
            done(ActionKind.SILENCE, until=LATER),
            "Nov 18, 09:47: Mei silenced it until Nov 18, 10:07",
        ),
        (
            done(ActionKind.RESPOND, response=ResponseKind.REFUND),
            "Nov 18, 09:47: Mei logged a public response (refund)",
        ),
        (
            done(ActionKind.RESPOND, by="sparkwatch", response=ResponseKind.ANSWER),
            "Nov 18, 09:47: Sparkwatch logged a public response (another answer)",
        ),
        (done(ActionKind.RESOLVE), "Nov 18, 09:47: Mei resolved it"),
        (done(ActionKind.NOISE), "Nov 18, 09:47: Mei called it noise"),
        (done(ActionKind.USEFUL), "Nov 18, 09:47: Mei found the alert useful"),
        (
            done(ActionKind.ESCALATE, by="sparkwatch"),
            "Nov 18, 09:47: nobody had taken it on, so others were told",
        ),
        (done(ActionKind.REOPEN), "Nov 18, 09:47: Mei reopened it"),
        (done(ActionKind.REOPEN, by="sparkwatch"), "Nov 18, 09:47: it came back and is open again"),
    ],
)
def test_the_thread_says_who_did_what(slack: SlackService, action: Action, says: str) -> None:
    app = channel(slack.address)
    head = reference(app.send(written(app)))
    _, line = app.write_update(update(action), key="u:pr", now=NOW, head=KEY)
    reference(app.send(line, head=head))
    (told,) = slack.thread(slack.in_channel()[0])
    assert told["text"] == says
    assert texts(told["blocks"]).startswith(says)
    assert not told["broadcast"]


def test_whoever_it_is_given_to_is_mentioned_in_the_thread() -> None:
    given = update(done(ActionKind.ASSIGN, assignee="Wei"))
    _, line = channel().write_update(given, key="u", now=NOW, head=KEY)
    body = json.loads(line.payload)["body"]
    assert [e["user_id"] for e in elements(body) if e.get("type") == "user"] == ["U02"]


def test_a_note_and_a_name_are_shown_letter_by_letter(slack: SlackService) -> None:
    app = channel(slack.address)
    head = reference(app.send(written(app)))
    noted = done(
        ActionKind.RESPOND,
        by="<!channel>\u202e",
        note="see <https://evil.example|this>\x1b[31m",
        link="javascript:alert(1)",
        response=ResponseKind.ANSWER,
    )
    for part in app.write_update(update(noted), key="u", now=NOW, head=KEY):
        reference(app.send(part, head=head))
    (told,) = slack.thread(slack.in_channel()[0])
    assert "&lt;!channel&gt; logged" in told["text"]
    assert "see <https://evil.example|this>[31m" in texts(told["blocks"])
    assert [e for e in elements(told) if e.get("type") in ("link", "user", "broadcast")] == []


@given(by=st.text(), note=st.text(), link=st.text(), assignee=st.text())
def test_whatever_people_write_is_a_line_that_slack_takes(
    by: str, note: str, link: str, assignee: str
) -> None:
    for kind in (ActionKind.ASSIGN, ActionKind.RESPOND):
        action = done(kind, by=by, note=note, link=link, assignee=assignee)
        assert problems(action_blocks(action, Words(Reader()))) == []


def test_a_change_is_told_in_the_thread_and_shown_in_the_channel(slack: SlackService) -> None:
    app = channel(slack.address)
    head = reference(app.send(written(app)))
    for part in app.write_alert(DELTA, key="next:pr", now=LATER, head=KEY):
        reference(app.send(part, head=head))
    (message,) = slack.in_channel()
    (line,) = slack.thread(message)
    assert message["edited"]
    assert line["broadcast"]
    said = texts(line["blocks"])
    assert said.startswith("🔴 Critical · Delta Air Lines · more serious than before")
    assert len(said) < 600


def test_a_letter_can_be_sent_too(slack: SlackService) -> None:
    app = channel(slack.address)
    letter = trial_letter("pr", app.options.reader, NOW)
    (delivery,) = app.write_letter(letter, key="trial", now=NOW)
    reference(app.send(delivery))
    assert slack.messages[0]["text"] == "[Test] Sparkwatch can reach you"


# --- once ---------------------------------------------------------------------------------------


def test_a_message_that_arrived_is_found_and_not_posted_again() -> None:
    with slack_service(Trouble("chat.postMessage", closes=True, after=True)) as slack:
        app = channel(slack.address)
        lost = app.send(written(app))
        assert isinstance(lost, Retry)
        assert lost.perhaps_arrived
        found = app.send(again(written(app)), perhaps_repeated=True)
        assert found == Sent(f"{CHANNEL}:{slack.messages[0]['ts']}")
        assert len(slack.messages) == 1


def test_a_message_that_did_not_arrive_is_posted(slack: SlackService) -> None:
    app = channel(slack.address)
    reference(app.send(again(written(app)), perhaps_repeated=True))
    assert "repeat" not in slack.messages[0]["text"]


def test_it_is_found_however_much_was_posted_since(slack: SlackService) -> None:
    slack.page = 3
    app = channel(slack.address)
    first = reference(app.send(written(app)))
    for n in range(10):
        (other,) = app.write_alert(DELTA, key=f"other-{n}", now=NOW)
        reference(app.send(other))
    assert app.send(again(written(app)), perhaps_repeated=True) == Sent(first)


def test_a_line_is_looked_for_in_its_thread(slack: SlackService) -> None:
    app = channel(slack.address)
    head = reference(app.send(written(app)))
    _, line = app.write_update(update(TOOK), key="u", now=NOW, head=KEY)
    first = reference(app.send(line, head=head))
    second = app.send(again(line), perhaps_repeated=True, head=head)
    assert second == Sent(first)
    assert len(slack.thread(slack.in_channel()[0])) == 1


def test_an_edit_can_be_repeated(slack: SlackService) -> None:
    app = channel(slack.address)
    head = reference(app.send(written(app)))
    edit, _ = app.write_update(update(TOOK), key="u", now=NOW, head=KEY)
    assert app.send(edit, head=head) == Sent(head)
    assert app.send(again(edit), perhaps_repeated=True, head=head) == Sent(head)
    assert len(slack.messages) == 1


def test_an_edit_that_is_late_does_not_undo_a_newer_one(slack: SlackService) -> None:
    app = channel(slack.address)
    head = reference(app.send(written(app)))
    took, _ = app.write_update(update(TOOK), key="u1", now=NOW, head=KEY)
    settled = update(TOOK, done(ActionKind.RESOLVE, at=LATER))
    newer, _ = app.write_update(settled, key="u2", now=LATER, head=KEY)
    reference(app.send(newer, head=head))
    assert app.send(again(took), head=head) == Sent(head)
    assert "Resolved by Mei" in texts(slack.messages[0])


def test_a_look_that_is_not_allowed_does_not_hold_up_the_alert() -> None:
    refused = Trouble("conversations.history", "missing_scope", body=None)
    with slack_service(refused) as slack:
        app = channel(slack.address)
        reference(app.send(again(written(app)), perhaps_repeated=True))
        assert slack.messages[0]["text"].startswith("This may be a repeat")


def test_a_look_that_fails_is_tried_again_and_the_doubt_stays() -> None:
    with slack_service(Trouble("conversations.history", status=500)) as slack:
        app = channel(slack.address)
        outcome = app.send(again(written(app)), perhaps_repeated=True)
        assert isinstance(outcome, Retry)
        assert outcome.perhaps_arrived
        assert slack.messages == []


# --- a message that is gone -----------------------------------------------------------------


def test_a_change_whose_message_was_deleted_is_posted_anew(slack: SlackService) -> None:
    app = channel(slack.address)
    head = reference(app.send(written(app)))
    slack.delete(slack.messages[0])
    slack.at = LATER.timestamp()
    edit, line = app.write_alert(DELTA, key="next:pr", now=LATER, head=KEY)
    anew = reference(app.send(edit, head=head))
    assert anew != head
    reference(app.send(line, head=head))
    assert len(slack.in_channel()) == 2
    assert app.send(again(edit), perhaps_repeated=True, head=head) == Sent(anew)


def test_a_change_whose_message_was_given_up_is_posted_by_itself(slack: SlackService) -> None:
    app = channel(slack.address)
    edit, _ = app.write_alert(DELTA, key="next:pr", now=LATER, head=KEY)
    reference(app.send(edit, head=""))
    assert len(slack.in_channel()) == 1


def test_a_state_is_not_posted_anew_where_the_alert_was_deleted(slack: SlackService) -> None:
    app = channel(slack.address)
    head = reference(app.send(written(app)))
    slack.delete(slack.messages[0])
    edit, line = app.write_update(update(TOOK), key="u", now=NOW, head=KEY)
    outcome = app.send(edit, head=head)
    assert isinstance(outcome, Refused)
    assert outcome.final
    reference(app.send(line, head=head))
    assert [message["text"] for message in slack.in_channel()] == ["Nov 18, 09:47: Mei took it on"]


# --- what Slack says ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [
        (
            Trouble("*", "ratelimited", 429, (("Retry-After", "17"),)),
            Retry("Slack limits the rate", after=timedelta(seconds=17), cause=Cause.RATE_LIMIT),
        ),
        (
            Trouble("*", "ratelimited"),
            Retry("Slack limits the rate (ratelimited)", cause=Cause.RATE_LIMIT),
        ),
        (
            Trouble("*", status=502),
            Retry("Slack answered 502, an error of its own", cause=Cause.BUSY),
        ),
        (
            Trouble("*", "fatal_error"),
            Retry("Slack had a fatal error (fatal_error)", perhaps_arrived=True, cause=Cause.BUSY),
        ),
        (
            Trouble("*", hangs=True),
            Retry("Slack did not answer within 1 s", perhaps_arrived=True),
        ),
        (
            Trouble("*", closes=True),
            Retry("the connection to Slack broke off", perhaps_arrived=True),
        ),
    ],
)
def test_what_passes_is_tried_again(trouble: Trouble, outcome: Outcome) -> None:
    with slack_service(trouble) as slack:
        app = channel(slack.address)
        assert app.send(written(app)) == outcome


@pytest.mark.parametrize(
    ("trouble", "final", "says"),
    [
        (Trouble("*", "invalid_auth"), False, "copy it from the app's settings"),
        (Trouble("*", "not_in_channel"), False, "/invite"),
        (Trouble("*", "channel_not_found"), False, "check `channel`"),
        (Trouble("*", "is_archived"), False, "restore it"),
        (Trouble("*", "token_revoked"), False, "install the app again"),
        (
            Trouble("*", body={"ok": False, "error": "missing_scope", "needed": "chat:write"}),
            False,
            "chat:write",
        ),
        (Trouble("*", "msg_too_long"), True, "msg_too_long"),
        (Trouble("*", "<b>rude\x1b[31m</b>"), True, "no reason that can be shown"),
        (Trouble("*", body={"welcome": "guest"}), False, "does not answer as Slack"),
        (Trouble("*", "x", 302, (("Location", "http://127.0.0.1/"),)), False, "redirect"),
    ],
)
def test_what_a_person_has_to_mend_is_refused(trouble: Trouble, final: bool, says: str) -> None:
    with slack_service(trouble) as slack:
        app = channel(slack.address)
        outcome = app.send(written(app))
    assert isinstance(outcome, Refused)
    assert outcome.final is final
    assert says in outcome.reason


def test_a_slack_that_is_not_there_is_tried_again() -> None:
    app = channel("http://127.0.0.1:1/api/")
    outcome = app.send(written(app))
    assert isinstance(outcome, Retry)
    assert not outcome.perhaps_arrived


# --- trying it ------------------------------------------------------------------------------


def test_a_probe_tries_the_tokens_and_the_channel(slack: SlackService) -> None:
    app = channel(slack.address, app_token=SecretStr(APP_TOKEN))
    assert app.probe() == Sent()
    assert [method for method, _ in slack.calls] == [
        "auth.test",
        "conversations.info",
        "apps.connections.open",
    ]


@pytest.mark.parametrize(
    ("options", "state", "says"),
    [
        ({"bot_token": "xoxb-other"}, {}, "invalid_auth"),
        ({"app_token": "xapp-other"}, {}, "invalid_auth"),
        ({"channel": "C0OTHER"}, {}, "channel_not_found"),
        ({}, {"scopes": SCOPES.replace("chat:write,", "")}, "lacks the scopes chat:write;"),
        ({}, {"scopes": "chat:write"}, "users:read, channels:history, channels:read"),
        ({}, {"channel": {"id": CHANNEL, "is_member": False}}, "/invite"),
        ({}, {"channel": {"id": CHANNEL, "is_archived": True}}, "archived"),
        (
            {},
            {
                "channel": {"id": CHANNEL, "is_private": True},
                "scopes": SCOPES.replace(",groups:history", ""),
            },
            "groups:history",
        ),
    ],
)
def test_a_probe_says_what_is_missing(
    slack: SlackService, options: dict[str, str], state: dict[str, Any], says: str
) -> None:
    for name, value in state.items():
        setattr(slack, name, value)
    outcome = channel(slack.address, **options).probe()
    assert isinstance(outcome, Refused)
    assert not outcome.final
    assert says in outcome.reason


# --- options --------------------------------------------------------------------------------


def test_secrets_may_stand_in_files_that_are_read_at_each_use(
    slack: SlackService, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    app = channel(slack.address, bot_token=None, bot_token_file=file)
    missing = app.send(written(app))
    assert isinstance(missing, Refused)
    assert str(file) in missing.reason
    file.write_text(BOT_TOKEN + "\n")
    reference(app.send(written(app)))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"bot_token": None}, "exactly one"),
        ({"bot_token_file": "x"}, "exactly one"),
        ({"signing_secret_file": "x"}, "only one of signing_secret"),
        ({"app_token": "x", "app_token_file": "x"}, "only one of app_token"),
        ({"api_url": "http://slack.example.com/api/"}, "https://"),
        ({"channel": "#general"}, "channel"),
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        channel(**wrong)


def test_no_secret_is_shown(slack: SlackService) -> None:
    app = channel(slack.address, app_token=SecretStr(APP_TOKEN))
    shown = f"{app!r} {app.api()!r} {app.options.model_dump_json()}"
    slack.troubles.append(Trouble("*", "secret"))
    shown += repr(app.send(written(app)))
    assert "secret" not in shown.replace("signing_secret", "")


def test_every_state_of_a_case_has_buttons_of_its_own() -> None:
    for handling in Handling:
        case = attrs.evolve(case_of(INCIDENT, [TOOK]), handling=handling)
        body = json.loads(
            channel().write_alert(attrs.evolve(DELTA, case=case), key="k", now=NOW)[0].payload
        )["body"]
        assert labels(body)
        assert problems(body) == []


def test_the_manifest_in_the_documentation_asks_for_what_a_probe_wants() -> None:
    page = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
    [manifest] = re.findall(r"```yml\n(.*?)```", page, re.S)
    told = yaml.safe_load(manifest)
    assert sorted(told["oauth_config"]["scopes"]["bot"]) == sorted(SCOPES.split(","))
    assert told["settings"]["socket_mode_enabled"] is True
