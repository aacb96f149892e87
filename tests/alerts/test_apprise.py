"""Apprise's services pointed at a real endpoint that checks what each of them is sent."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apprise.plugins.pagerduty
import pytest
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.slack import NotifySlack
from apprise.plugins.telegram import NotifyTelegram
from pydantic import TypeAdapter, ValidationError

from alerts.channels.apprise import AppriseChannel
from alerts.channels.configured import ChannelOptions, configured_channel
from alerts.digest import digest_letter
from alerts.outcome import Cause, Outcome, Refused, Retry, Sent
from tests.alerts.examples import BRIEFS, DELTA, HOSTILE, NOW, WEEKS
from tests.alerts.http_service import HttpService, Reply, Request, http_service
from tests.alerts.mail_servers import scripted_server, write_certificate

OPTIONS: TypeAdapter[Any] = TypeAdapter(ChannelOptions)
SECRET = "verysecretpart"
SERVICES = ("json", "telegram", "pagerduty", "slack", "discord", "teams")


def channel(url: str, **more: object) -> AppriseChannel:
    given = {"kind": "apprise", "name": "other", "timezone": "Asia/Taipei", **more}
    if "url_file" not in more:
        given["url"] = url
    made = configured_channel(OPTIONS.validate_python(given))
    assert isinstance(made, AppriseChannel)
    return made


@pytest.fixture(params=SERVICES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def service(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HttpService]:
    """The endpoint that the service's plugin is pointed at, as strict as the service itself."""

    def answer(request: Request) -> Reply:
        found = list(CHECKS[name](request))
        if found:
            return Reply(400, "; ".join(found))
        return Reply(200, "ok" if name == "slack" else '{"ok": true, "result": {}}')

    tls = write_certificate(tmp_path) if name == "teams" else None
    if tls is not None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls))
    with http_service(answer, tls=tls) as service:
        monkeypatch.setattr(NotifyTelegram, "notify_url", f"{service.address}/bot")
        monkeypatch.setattr(NotifySlack, "webhook_url", f"{service.address}/services")
        monkeypatch.setattr(NotifyDiscord, "notify_url", f"{service.address}/api/webhooks")
        regions = apprise.plugins.pagerduty.PAGERDUTY_API_LOOKUP
        for region in regions:
            monkeypatch.setitem(regions, region, f"{service.address}/v2/enqueue")
        yield service


def url(name: str, service: HttpService) -> str:
    return {
        "json": f"json://127.0.0.1:{service.port}/hook/{SECRET}",
        "telegram": f"tgram://123456789:{SECRET}_{'x' * 26}/-1001234/",
        "pagerduty": f"pagerduty://{'A' * 32}@{'B' * 20}",
        "slack": f"slack://T1JJ3T3L2/A1BRTD4JD/{'T' * 24}",
        "discord": f"discord://4174216298/{SECRET}",
        "teams": f"workflows://127.0.0.1:{service.port}/workflow/{SECRET}",
    }[name]


def _json(request: Request) -> Iterator[str]:
    body = request.body
    if not {"version", "title", "message", "type"} <= body.keys():
        yield f"keys {sorted(body)}"
    if request.path != f"/hook/{SECRET}":
        yield request.path


def _telegram(request: Request) -> Iterator[str]:
    body = request.body if request.raw.startswith(b"{") else {}
    if not request.path.endswith("/sendMessage"):
        yield request.path
    if str(body.get("chat_id")) != "-1001234":
        yield f"chat {body.get('chat_id')}"
    text = body.get("text", "")
    if not 1 <= len(text) <= 4096:
        yield f"{len(text)} characters"
    if body.get("parse_mode") == "HTML":
        for tag in ("<script", "<img", "<!"):
            if tag in text:
                yield tag


def _pagerduty(request: Request) -> Iterator[str]:
    body = request.body
    if body.get("event_action") != "trigger" or not body.get("routing_key"):
        yield f"keys {sorted(body)}"
    if not 1 <= len(body["payload"]["summary"]) <= 1024:
        yield "summary"
    if body["payload"]["severity"] not in ("critical", "error", "warning", "info"):
        yield f"severity {body['payload']['severity']}"
    if not 1 <= len(body.get("dedup_key", "")) <= 255:
        yield "dedup_key"


def _slack(request: Request) -> Iterator[str]:
    said = json.dumps(request.body, ensure_ascii=False)
    if len(said) > 40_000:
        yield "too long"
    if "<!" in said or "<@" in said or "<script" in said:
        yield "markup"


def _discord(request: Request) -> Iterator[str]:
    content = request.body.get("content", "")
    if not 1 <= len(content) <= 2000:
        yield f"{len(content)} characters"
    for mention in ("@everyone", "@here", "<@"):
        if mention in content:
            yield mention


def _teams(request: Request) -> Iterator[str]:
    body = request.body
    (card,) = body["attachments"]
    if body["type"] != "message" or card["content"]["type"] != "AdaptiveCard":
        yield "no card"
    if len(request.raw) > 28 * 1024:
        yield f"{len(request.raw)} bytes"
    if "entities" in card["content"]["msteams"]:
        yield "a mention"


CHECKS: dict[str, Callable[[Request], Iterator[str]]] = {
    "json": _json,
    "telegram": _telegram,
    "pagerduty": _pagerduty,
    "slack": _slack,
    "discord": _discord,
    "teams": _teams,
}


@pytest.mark.parametrize("language", ["en", "zh-Hant"])
@pytest.mark.parametrize("brief", BRIEFS)
def test_every_alert_keeps_to_the_services_rules(
    service: HttpService, name: str, brief: str, language: str
) -> None:
    other = channel(url(name, service), language=language)
    (written,) = other.write_alert(BRIEFS[brief], key="alert-1:other", now=NOW)
    assert other.send(written, perhaps_repeated=True) == Sent()
    assert len(service.requests) == 1, "one message in one piece"


@pytest.mark.parametrize("week", WEEKS)
def test_every_digest_keeps_to_the_services_rules(
    service: HttpService, name: str, week: str
) -> None:
    other = channel(url(name, service))
    (written,) = other.write_letter(digest_letter(WEEKS[week]), key="k", now=NOW)
    assert other.send(written) == Sent()
    assert len(service.requests) == 1


def test_what_happened_is_in_every_alert_with_its_whole_link(
    service: HttpService, name: str
) -> None:
    other = channel(url(name, service))
    (written,) = other.write_alert(DELTA, key="k", now=NOW)
    assert other.send(written) == Sent()
    said = service.requests[0].raw.decode().encode().decode("unicode_escape")
    assert "fourth checked bag" in said
    assert "youtube.com/watch?v=kx1" in said


def test_a_repeat_says_so_but_to_pagerduty_it_is_the_same_incident(
    service: HttpService, name: str
) -> None:
    other = channel(url(name, service))
    (written,) = other.write_alert(DELTA, key="k", now=NOW)
    assert other.send(written) == Sent()
    assert other.send(written, perhaps_repeated=True) == Sent()
    first, second = (request.raw.decode() for request in service.requests)
    if name == "pagerduty":
        assert json.loads(first)["dedup_key"] == json.loads(second)["dedup_key"] == "k"
        assert "repeat" not in second
    else:
        assert "This may be a repeat" not in first
        assert "This may be a repeat" in second


def outcome_of(reply: Reply) -> Outcome:
    with http_service(lambda _: reply) as service:
        other = channel(f"json://127.0.0.1:{service.port}/{SECRET}")
        (written,) = other.write_alert(DELTA, key="k", now=NOW)
        return other.send(written)


@pytest.mark.parametrize(
    ("status", "expected", "cause", "final"),
    [
        (401, Refused, Cause.AUTH, False),
        (404, Refused, Cause.AUTH, False),
        (302, Refused, Cause.AUTH, False),
        (400, Refused, Cause.REFUSED, True),
        (413, Refused, Cause.REFUSED, True),
        (429, Retry, Cause.RATE_LIMIT, None),
        (500, Retry, Cause.BUSY, None),
        (503, Retry, Cause.BUSY, None),
    ],
)
def test_the_cause_of_a_failure_is_named(
    status: int, expected: type, cause: Cause, final: bool | None
) -> None:
    outcome = outcome_of(Reply(status, SECRET, (("Location", "http://127.0.0.1:1/"),)))
    assert isinstance(outcome, Refused | Retry)
    assert isinstance(outcome, expected)
    assert outcome.cause is cause
    assert getattr(outcome, "final", None) is final
    assert SECRET not in outcome.reason
    assert "127.0.0.1" not in outcome.reason


def test_a_service_that_is_not_there_took_nothing() -> None:
    with http_service() as service:
        other = channel(f"json://127.0.0.1:{service.port}/{SECRET}")
    (written,) = other.write_alert(DELTA, key="k", now=NOW)
    outcome = other.send(written)
    assert isinstance(outcome, Retry)
    assert (outcome.cause, outcome.perhaps_arrived) == (Cause.NETWORK, False)


def test_a_service_that_breaks_off_may_have_taken_it() -> None:
    with scripted_server({"": "close"}) as port:
        other = channel(f"json://127.0.0.1:{port}/{SECRET}")
        (written,) = other.write_alert(DELTA, key="k", now=NOW)
        outcome = other.send(written)
    assert isinstance(outcome, Retry)
    assert (outcome.cause, outcome.perhaps_arrived) == (Cause.NETWORK, True)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What reaches the program's own log, however much it wants to hear."""
    heard = io.StringIO()
    handler, root = logging.StreamHandler(heard), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield heard
    root.setLevel(before)
    root.removeHandler(handler)


def test_no_log_and_no_message_holds_the_address(log: io.StringIO) -> None:
    outcome_of(Reply(500, SECRET))
    other = channel(f"json://127.0.0.1:1/{SECRET}")
    (written,) = other.write_alert(DELTA, key="k", now=NOW)
    logging.getLogger("of.the.program").debug("heard")
    assert "heard" in log.getvalue()
    for shown in (
        log.getvalue(),
        repr(other),
        other.options.model_dump_json(),
        written.payload,
        written.key,
    ):
        assert SECRET not in shown


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"url": "pigeon://roof"}, "knows no service"),
        ({"url": "not an address"}, "knows no service"),
        ({"url": f"tgram://123456789:{SECRET}_{'x' * 26}/1/2/"}, "reaches 2 targets"),
        ({"url": "json://localhost", "url_file": "x"}, "exactly one"),
        ({"url": None}, "exactly one"),
    ],
)
def test_an_address_that_cannot_work_is_refused_without_being_shown(
    wrong: dict[str, object], says: str
) -> None:
    with pytest.raises(ValidationError, match=says) as error:
        OPTIONS.validate_python({"kind": "apprise", "name": "c", **wrong})
    assert SECRET not in str(error.value)


def test_an_address_in_a_file_is_read_at_each_sending(tmp_path: Path) -> None:
    file = tmp_path / "address"
    other = channel("", url_file=file)
    (short,) = other.write_alert(HOSTILE, key="k", now=NOW)
    assert len(json.loads(short.payload)["body"]) <= 1000, "the service is not known"
    missing = other.send(short)
    assert isinstance(missing, Refused)
    assert (missing.final, missing.cause) == (False, Cause.SETTINGS)
    assert str(file) in missing.reason
    with http_service() as service:
        file.write_text(f"json://127.0.0.1:{service.port}/\n", encoding="utf-8")
        assert other.probe() is None
        assert other.send(short) == Sent()
