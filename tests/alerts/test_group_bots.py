"""Feishu, WeCom and DingTalk through a real endpoint that checks what their guides ask for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from pydantic import TypeAdapter, ValidationError

from alerts.channels.configured import ChannelOptions, configured_channel
from alerts.channels.dingtalk import DingTalkChannel
from alerts.channels.feishu import FeishuChannel
from alerts.channels.markup import parted
from alerts.channels.receiver import Channel
from alerts.channels.wecom import WeComChannel
from alerts.digest import digest_letter
from alerts.outcome import Cause, Outcome, Refused, Retry, Sent
from tests.alerts.examples import BRIEFS, DELTA, HOSTILE, NOW, WEEKS
from tests.alerts.http_service import HttpService, Json, Reply, Request, http_service

SECRET, KEY = "verysecretpart", "SEC000signing"
OPTIONS: TypeAdapter[Any] = TypeAdapter(ChannelOptions)
KINDS = ("feishu", "wecom", "dingtalk")
COLOURS = {"blue", "wathet", "turquoise", "green", "yellow", "orange", "red", "grey"}
CLOCK = 1_700_000_000.25


def problems(kind: str, request: Request) -> list[str]:
    """What the service would not take, or would take for something else than text."""
    checks: dict[str, Callable[[Request], Iterator[str]]] = {
        "feishu": _feishu,
        "wecom": _wecom,
        "dingtalk": _dingtalk,
    }
    found = list(checks[kind](request))
    if not request.headers.get("Content-Type", "").startswith("application/json"):
        found.append("content type")
    return found


def _feishu(request: Request) -> Iterator[str]:
    body = request.body
    if len(request.raw) > 20 * 1024:
        yield f"{len(request.raw)} bytes"
    if body.keys() - {"msg_type", "card", "timestamp", "sign"} or body["msg_type"] != "interactive":
        yield f"keys {sorted(body)}"
    if "sign" in body:
        said = f"{body['timestamp']}\n{KEY}".encode()
        wanted = base64.b64encode(hmac.new(said, b"", hashlib.sha256).digest()).decode()
        if body["sign"] != wanted:
            yield "sign match fail"
    card = body["card"]
    if card["schema"] != "2.0" or card.keys() - {"schema", "config", "header", "body"}:
        yield f"card {sorted(card)}"
    if card["header"]["title"]["tag"] != "plain_text" or not card["header"]["title"]["content"]:
        yield "header"
    if card["header"]["template"] not in COLOURS:
        yield f"colour {card['header']['template']}"
    elements = card["body"]["elements"]
    if not 1 <= len(elements) <= 200:
        yield f"{len(elements)} elements"
    for element in elements:
        if element.keys() != {"tag", "content"} or element["tag"] != "markdown":
            yield f"element {element}"
        if not element["content"].strip():
            yield "an empty element"
        if "<" in element["content"]:
            yield "a tag"


def _wecom(request: Request) -> Iterator[str]:
    body = request.body
    if body.keys() != {"msgtype", "markdown"} or body["markdown"].keys() != {"content"}:
        yield f"keys {sorted(body)}"
    size = len(body["markdown"]["content"].encode())
    if not 1 <= size <= 4096:
        yield f"{size} bytes"
    yield from _unmarked(body["markdown"]["content"])


def _dingtalk(request: Request) -> Iterator[str]:
    body = request.body
    if len(request.raw) > 20_000:
        yield f"{len(request.raw)} bytes"
    kind = body["msgtype"]
    content = body[kind]
    card = {"title", "text", "singleTitle", "singleURL"}
    wanted = {"actionCard": card, "markdown": {"title", "text"}}[kind]
    if content.keys() != wanted or not all(content.values()):
        yield f"{kind} {sorted(content)}"
    if kind == "actionCard" and not content["singleURL"].startswith("https://"):
        yield "button"
    if "sign" in request.query:
        said = f"{request.query['timestamp']}\n{KEY}".encode()
        digest = hmac.new(KEY.encode(), said, hashlib.sha256).digest()
        if request.query["sign"] != base64.b64encode(digest).decode():
            yield "sign not match"
    yield from _unmarked(content["text"])


def _unmarked(text: str) -> Iterator[str]:
    """Only our own links; no mention, tag, image or style that was crawled."""
    for mark in ("<@", "<!", "<s", "<a", "<b", "<f", "![", "@a", "@e", "`", "javascript:", "data:"):
        if mark in text.replace("](https://", ""):
            yield f"{mark!r} in it"


OK = {
    "feishu": '{"code":0,"data":{},"msg":"success"}',
    "wecom": '{"errcode":0,"errmsg":"ok"}',
    "dingtalk": '{"errcode":0,"errmsg":"ok"}',
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def service(kind: str) -> Iterator[HttpService]:
    def answer(request: Request) -> Reply:
        found = problems(kind, request)
        if found:
            return Reply(400, json.dumps(found))
        return Reply(200, OK[kind])

    with http_service(answer) as service:
        yield service


def channel(kind: str, address: str, *, signs: bool = False, **more: object) -> Channel:
    given: dict[str, object] = {"kind": kind, "name": "group", "timezone": "Asia/Shanghai", **more}
    if "webhook_url_file" not in more:
        given["webhook_url"] = f"{address}/robot/send?access_token={SECRET}"
    if signs:
        given["secret"] = KEY
    made = configured_channel(OPTIONS.validate_python(given))
    assert isinstance(made, FeishuChannel | DingTalkChannel | WeComChannel)
    if not isinstance(made, WeComChannel):
        made = attrs.evolve(made, clock=lambda: CLOCK)
    return attrs.evolve(made, timeout=timedelta(seconds=1))


def text_of(kind: str, body: Json) -> str:
    if kind == "feishu":
        return "\n".join(element["content"] for element in body["card"]["body"]["elements"])
    text: str = body["markdown"]["content"] if kind == "wecom" else body[body["msgtype"]]["text"]
    return text


@pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant"])
@pytest.mark.parametrize("name", BRIEFS)
def test_every_alert_keeps_to_the_services_rules(
    service: HttpService, kind: str, name: str, language: str
) -> None:
    group = channel(kind, service.address, signs=kind != "wecom", language=language)
    (written,) = group.write_alert(BRIEFS[name], key="k", now=NOW)
    assert group.send(written) == Sent()
    assert group.send(written, perhaps_repeated=True) == Sent()
    first, second = service.requests
    assert len(second.raw) > len(first.raw), "the repeat says that it may be one"


@pytest.mark.parametrize("name", WEEKS)
def test_every_digest_keeps_to_the_services_rules(
    service: HttpService, kind: str, name: str
) -> None:
    group = channel(kind, service.address)
    (written,) = group.write_letter(digest_letter(WEEKS[name]), key="k", now=NOW)
    assert group.send(written) == Sent()


def test_an_alert_tells_what_matters_in_its_order(service: HttpService, kind: str) -> None:
    group = channel(kind, service.address)
    (written,) = group.write_alert(DELTA, key="k", now=NOW)
    assert group.send(written) == Sent()
    said = text_of(kind, service.requests[0].body)
    for sign in ("&#58;", "&#40;", "&#41;", "&#45;", "&#36;", "&#43;", "&#64;"):
        said = said.replace(sign, chr(int(sign[2:-1])))
    places = [
        said.index(part)
        for part in (
            "Critical · Delta Air Lines",
            "What changed since the last alert",
            "What happened",
            "https://www.youtube.com/watch?v=kx1",
            "What to do now",
            "How far it may go",
        )
    ]
    assert places == sorted(places)
    assert "Incident" in said.splitlines()[-1], "the footer is never left out"


def test_hostile_words_are_shown_and_do_nothing(service: HttpService, kind: str) -> None:
    group = channel(kind, service.address)
    (written,) = group.write_alert(HOSTILE, key="k", now=NOW)
    assert group.send(written) == Sent()
    text = text_of(kind, service.requests[0].body)
    assert "script" in text
    assert "\r" not in text
    assert "\u202e" not in text


def test_a_signed_message_is_signed_at_the_time_of_sending() -> None:
    with http_service(lambda request: Reply(200, OK["dingtalk"])) as service:
        group = channel("dingtalk", service.address, signs=True)
        (written,) = group.write_alert(DELTA, key="k", now=NOW)
        assert "sign" not in written.payload
        group.send(written)
        (request,) = service.requests
    assert request.query["timestamp"] == "1700000000250"
    assert request.query["access_token"] == SECRET


def answered(kind: str, *, status: int = 200, body: object = "", **headers: str) -> Outcome:
    said = body if isinstance(body, str) else json.dumps(body)
    reply = Reply(status, said, tuple(headers.items()))
    with http_service(lambda _: reply) as service:
        group = channel(kind, service.address, signs=kind != "wecom")
        (written,) = group.write_alert(DELTA, key="k", now=NOW)
        return group.send(written)


@pytest.mark.parametrize(
    ("kind", "code", "message", "cause", "final"),
    [
        ("feishu", 19001, "param invalid: incoming webhook access token invalid", "auth", False),
        ("feishu", 19021, "sign match fail", "auth", False),
        ("feishu", 19022, "Ip Not Allowed", "settings", False),
        ("feishu", 19024, "Key Words Not Found", "settings", False),
        ("feishu", 9499, "Bad Request", "refused", True),
        ("wecom", 93000, "invalid webhook url", "auth", False),
        ("wecom", 40058, "markdown.content exceed max length 4096", "refused", True),
        ("dingtalk", 310000, "sign not match", "settings", False),
        ("dingtalk", 300001, "token is not exist", "auth", False),
        ("dingtalk", 460101, "message too long", "refused", True),
    ],
)
def test_a_refusal_inside_a_good_answer_is_named(
    kind: str, code: int, message: str, cause: str, final: bool
) -> None:
    names = ("code", "msg") if kind == "feishu" else ("errcode", "errmsg")
    outcome = answered(kind, body={names[0]: code, names[1]: message})
    assert isinstance(outcome, Refused)
    assert (outcome.cause.value, outcome.final) == (cause, final)
    assert str(code) in outcome.reason
    assert message in outcome.reason


@pytest.mark.parametrize(
    ("kind", "code"), [("feishu", 11232), ("wecom", 45009), ("dingtalk", 130101)]
)
def test_a_limited_rate_is_waited_for(kind: str, code: int) -> None:
    name = "code" if kind == "feishu" else "errcode"
    outcome = answered(kind, body={name: code})
    assert isinstance(outcome, Retry)
    assert outcome.cause is Cause.RATE_LIMIT
    assert outcome.after is not None
    assert outcome.after >= timedelta(minutes=1)


def test_what_is_not_known_is_tried_again(kind: str) -> None:
    name = "code" if kind == "feishu" else "errcode"
    outcome = answered(kind, body={name: 987654})
    assert isinstance(outcome, Retry)
    assert outcome.cause is Cause.REFUSED
    assert answered(kind, status=503, body="oops") == Retry(
        f"{outcome.reason.split()[0]} answered 503, an error of its own", cause=Cause.BUSY
    )
    limited = answered(kind, status=429, body="", **{"Retry-After": "17"})
    assert isinstance(limited, Retry)
    assert limited.after == timedelta(seconds=17)


@pytest.mark.parametrize("body", ["<html>Log in</html>", "[]", '"ok"', "", '{"errcode": null}'])
def test_an_answer_of_something_else_is_told(kind: str, body: str) -> None:
    outcome = answered(kind, body=body)
    assert isinstance(outcome, Refused)
    assert not outcome.final
    assert "does not answer as" in outcome.reason


def test_no_outcome_shows_a_secret(kind: str) -> None:
    name = ("code", "msg") if kind == "feishu" else ("errcode", "errmsg")
    for code in (1, 19001, 93000, 310000):
        for said in (SECRET, KEY):
            outcome = answered(kind, body={name[0]: code, name[1]: f"no {said} here"})
            assert not isinstance(outcome, Sent)
            if said == SECRET or kind != "wecom":
                assert said not in outcome.reason


def test_a_bot_that_is_not_there_is_tried_again(kind: str) -> None:
    with http_service() as service:
        group = channel(kind, service.address)
    (written,) = group.write_alert(DELTA, key="k", now=NOW)
    outcome = group.send(written)
    assert isinstance(outcome, Retry)
    assert not outcome.perhaps_arrived


def test_a_file_may_hold_the_address(kind: str, service: HttpService, tmp_path: Path) -> None:
    file = tmp_path / "hook"
    group = channel(kind, "", webhook_url_file=file)
    missing = group.probe()
    assert isinstance(missing, Refused)
    assert str(file) in missing.reason
    file.write_text(f"{service.address}/x\n")
    assert group.probe() is None
    (written,) = group.write_alert(DELTA, key="k", now=NOW)
    assert group.send(written) == Sent()


def test_only_one_secret_can_be_given() -> None:
    with pytest.raises(ValidationError, match="only one of secret"):
        channel("feishu", "https://x.example", secret="a", secret_file="b")


@pytest.mark.parametrize(
    "text", ["@everyone", "<!channel>", "<@U1>", "[a](https://x)", "![a](https://x)", "**a** `b`"]
)
def test_parted_text_looks_the_same_and_means_nothing(text: str) -> None:
    done = parted(text)
    assert done != text
    shown = done.replace("\u2060", "").replace("＊", "*").replace("｀", "`")
    assert shown == text
