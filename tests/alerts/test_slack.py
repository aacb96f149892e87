"""Slack through a real endpoint that takes nothing that Slack would not take."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from alerts.alert_letter import alert_letter
from alerts.channels.slack import SlackChannel, SlackOptions
from alerts.channels.slack_blocks import letter_blocks
from alerts.digest import digest_letter
from alerts.i18n import Reader
from alerts.letter import Letter
from alerts.outcome import Cause, Outcome, Refused, Retry, Sent
from monitor.domain import Delivery
from tests.alerts.examples import BRIEFS, DELTA, HOSTILE, NOW, SLOW_BURN, WEEKS
from tests.alerts.mail_servers import scripted_server
from tests.alerts.slack_endpoint import Answer, SlackEndpoint, problems, slack_endpoint

SECRET = "verysecret"


@pytest.fixture
def endpoint() -> Iterator[SlackEndpoint]:
    with slack_endpoint() as endpoint:
        yield endpoint


def channel(address: str, **more: object) -> SlackChannel:
    options = {
        "kind": "slack",
        "name": "pr-slack",
        "webhook_url": SecretStr(address),
        "timezone": "Asia/Taipei",
        **more,
    }
    return SlackChannel(SlackOptions.model_validate(options), timeout=timedelta(seconds=0.5))


def delivery(slack: SlackChannel) -> Delivery:
    (delivery,) = slack.write_alert(DELTA, key="alert-1:pr-slack", now=NOW)
    return delivery


def answered(*script: Answer) -> Outcome:
    with slack_endpoint(*script) as endpoint:
        slack = channel(endpoint.address)
        return slack.send(delivery(slack))


def elements(body: Any) -> Iterator[dict[str, Any]]:
    """Every element of a message, however deep."""
    if isinstance(body, dict):
        yield body
        for value in body.values():
            yield from elements(value)
    elif isinstance(body, list):
        for value in body:
            yield from elements(value)


def texts(body: Any) -> str:
    return "\n".join(e["text"] for e in elements(body) if isinstance(e.get("text"), str))


@pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize("name", BRIEFS)
def test_every_example_keeps_to_slacks_limits(
    endpoint: SlackEndpoint, name: str, language: str
) -> None:
    slack = channel(endpoint.address, language=language)
    (written,) = slack.write_alert(BRIEFS[name], key="k", now=NOW)
    assert problems(json.loads(written.payload)) == []
    assert slack.send(written) == Sent()
    assert endpoint.received == [json.loads(written.payload)]


def test_an_alert_tells_what_changed_first_and_then_what_happened() -> None:
    body = json.loads(delivery(channel("https://hooks.example/x")).payload)
    said = texts(body)
    places = [
        said.index(part)
        for part in (
            "Critical · Delta Air Lines",
            "What changed since the last alert",
            "What happened",
            "What to do now",
            "How far it may go",
            "Why you are told",
            "What could not be seen",
        )
    ]
    assert places == sorted(places)
    assert "210,000 (51,000–910,000)" in said


def test_the_fallback_says_what_the_subject_says() -> None:
    body = json.loads(delivery(channel("https://hooks.example/x")).payload)
    assert body["text"] == "[Critical] Delta Air Lines: soldiers charged fourth checked bag"


def test_crawled_text_never_becomes_markup() -> None:
    (written,) = channel("https://hooks.example/x").write_alert(HOSTILE, key="k", now=NOW)
    body = json.loads(written.payload)
    assert problems(body) == []
    assert "<!channel>" in texts(body["blocks"])
    assert "&lt;!channel&gt;" in body["text"]
    kinds = {element["type"] for element in elements(body) if "type" in element}
    assert not kinds & {"mrkdwn", "broadcast", "user", "usergroup", "channel"}


def test_only_plain_web_links_are_linked() -> None:
    (written,) = channel("https://hooks.example/x").write_alert(HOSTILE, key="k", now=NOW)
    links = [e["url"] for e in elements(json.loads(written.payload)) if e.get("type") == "link"]
    assert links == [
        "https://evil.example/%22%3E%3Cscript%3Ealert(1)%3C/script%3E%7C%3C!channel%3E"
    ]


def test_hidden_and_reordering_characters_are_gone() -> None:
    (written,) = channel("https://hooks.example/x").write_alert(HOSTILE, key="k", now=NOW)
    said = texts(json.loads(written.payload))
    assert not {"\u202e", "\u202c", "\u2066", "\x1b", "\x00"} & set(said)


@pytest.mark.parametrize("name", WEEKS)
def test_a_digest_keeps_to_slacks_limits(endpoint: SlackEndpoint, name: str) -> None:
    slack = channel(endpoint.address)
    (written,) = slack.write_letter(digest_letter(WEEKS[name]), key="k", now=NOW)
    assert slack.send(written) == Sent()


def test_a_letter_of_any_length_keeps_to_slacks_limits() -> None:
    letter = Letter(subject="s" * 400, text="\n\n".join(["word " * 900] * 200), html="")
    assert problems(letter_blocks(letter)) == []


def test_a_letter_as_text_loses_nothing_that_fits() -> None:
    letter = alert_letter(SLOW_BURN, Reader())
    said = texts(letter_blocks(letter))
    assert all(line.strip() in said for line in letter.text.splitlines())


def test_a_message_that_may_be_there_already_says_so(endpoint: SlackEndpoint) -> None:
    slack = channel(endpoint.address, language="zh-Hans")
    assert slack.send(delivery(slack), perhaps_repeated=True) == Sent()
    (body,) = endpoint.received
    note = "本消息可能是重复的：Slack 未确认第一次发送。"
    assert body["text"].startswith(note)
    assert body["blocks"][1]["elements"][0]["text"] == note


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (
            Answer(429, "rate_limited", (("Retry-After", "17"),)),
            Retry("Slack limits the rate", after=timedelta(seconds=17), cause=Cause.RATE_LIMIT),
        ),
        (Answer(429, "rate_limited"), Retry("Slack limits the rate", cause=Cause.RATE_LIMIT)),
        (
            Answer(429, "", (("Retry-After", "99999999"),)),
            Retry("Slack limits the rate", after=timedelta(days=1), cause=Cause.RATE_LIMIT),
        ),
        (
            Answer(429, "", (("Retry-After", "soon"),)),
            Retry("Slack limits the rate", cause=Cause.RATE_LIMIT),
        ),
        (Answer(500, "oops"), Retry("Slack answered 500, an error of its own", cause=Cause.BUSY)),
        (Answer(503, "oops"), Retry("Slack answered 503, an error of its own", cause=Cause.BUSY)),
    ],
)
def test_what_passes_is_tried_again_when_slack_says(answer: Answer, outcome: Outcome) -> None:
    assert answered(answer) == outcome


@pytest.mark.parametrize(
    ("answer", "final", "says"),
    [
        (Answer(400, "invalid_payload"), True, "invalid_payload"),
        (Answer(400, "<b>rude\x1b[31m</b>"), True, "no reason that can be shown"),
        (Answer(403, "action_prohibited"), False, "an administrator"),
        (Answer(403, "invalid_token"), False, "copy the address from Slack again"),
        (Answer(404, "no_service"), False, "create a new one"),
        (Answer(404, "channel_not_found"), False, "create a new webhook"),
        (Answer(410, "channel_is_archived"), False, "restore it"),
        (Answer(401, "what"), False, "not accepted"),
        (Answer(302, "", (("Location", "http://127.0.0.1/"),)), False, "redirect"),
        (Answer(200, "<html>Log in to the guest network"), False, "does not answer as Slack"),
    ],
)
def test_what_a_person_has_to_mend_is_refused(answer: Answer, final: bool, says: str) -> None:
    outcome = answered(answer)
    assert isinstance(outcome, Refused)
    assert outcome.final is final
    assert says in outcome.reason


def test_an_error_then_an_answer_is_one_message() -> None:
    with slack_endpoint(Answer(500, "oops")) as endpoint:
        slack = channel(endpoint.address)
        assert isinstance(slack.send(delivery(slack)), Retry)
        assert slack.send(delivery(slack)) == Sent()
        assert len(endpoint.received) == 1


def test_an_endpoint_that_is_not_there_is_tried_again() -> None:
    with slack_endpoint() as endpoint:
        slack = channel(endpoint.address)
    outcome = slack.send(delivery(slack))
    assert isinstance(outcome, Retry)
    assert "could not be reached" in outcome.reason
    assert not outcome.perhaps_arrived


@pytest.mark.parametrize(
    ("greeting", "says"), [("hang", "did not answer within 0.5 s"), ("close", "broke off")]
)
def test_silence_after_the_request_may_mean_that_it_arrived(greeting: str, says: str) -> None:
    with scripted_server({"": greeting}) as port:
        slack = channel(f"http://127.0.0.1:{port}/services/{SECRET}")
        outcome = slack.send(delivery(slack))
    assert isinstance(outcome, Retry)
    assert outcome.perhaps_arrived
    assert says in outcome.reason


@pytest.mark.parametrize(
    "answer",
    [Answer(400, SECRET), Answer(500, SECRET), Answer(404, SECRET), Answer(200, SECRET)],
)
def test_no_message_shows_the_webhooks_address(answer: Answer) -> None:
    outcome = answered(answer)
    assert not isinstance(outcome, Sent)
    assert "127.0.0.1" not in outcome.reason
    assert SECRET not in outcome.reason


def test_the_address_may_stand_in_a_file_that_is_read_at_each_sending(
    endpoint: SlackEndpoint, tmp_path: Path
) -> None:
    file = tmp_path / "webhook"
    slack = channel("unused", webhook_url=None, webhook_url_file=file)
    missing = slack.send(delivery(slack))
    assert isinstance(missing, Refused)
    assert not missing.final
    assert str(file) in missing.reason
    file.write_text(endpoint.address + "\n", encoding="utf-8")
    assert slack.probe() is None
    assert slack.send(delivery(slack)) == Sent()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b"http://hooks.example.com/x", "https://"),
        (b"hooks.example.com/x", "https://"),
    ],
)
def test_a_file_that_holds_no_address_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "webhook"
    file.write_bytes(content)
    outcome = channel("unused", webhook_url=None, webhook_url_file=file).probe()
    assert isinstance(outcome, Refused)
    assert says in outcome.reason


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"webhook_url": None}, "exactly one"),
        ({"webhook_url_file": "x"}, "exactly one"),
        ({"webhook_url": SecretStr("http://hooks.example.com/x")}, "https://"),
        ({"webhook_url": SecretStr("not an address")}, "https://"),
        ({"name": "two words"}, "name"),
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        channel("https://hooks.example.com/x", **wrong)


def test_options_never_show_the_address() -> None:
    slack = channel(f"https://hooks.example.com/{SECRET}")
    assert SECRET not in repr(slack)
    assert SECRET not in slack.options.model_dump_json()
