"""A real HTTP endpoint that takes messages as strictly as Slack's published limits say.

The limits: at most 50 blocks; a header is plain text of 1 to 150 characters; a section's text has 1
to 3,000 and each of its at most 10 fields 1 to 2,000; a context has 1 to 10 elements; rich text is
made of sections, lists and quotes; links are http(s); nothing has a key that is not documented. An
actions block has 1 to 25 elements; an action_id and a block_id have up to 255 characters, the text
of a button up to 75, the value of an option up to 150.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs

Json = dict[str, Any]

_TOP = {"text", "blocks", "unfurl_links", "unfurl_media"}
_STYLES = {"bold", "italic", "strike", "code"}


def problems(body: Json) -> list[str]:
    """What Slack would not take, or would take for markup."""
    return list(_of_body(body))


def _of_body(body: Json) -> Iterator[str]:
    yield from _keys("message", body, _TOP, {"text", "blocks"})
    text = body.get("text", "")
    if not isinstance(text, str) or not 1 <= len(text) <= 40_000:
        yield "text: 1 to 40,000 characters"
    if any(mark in text for mark in ("<", ">")):
        yield f"text: unescaped markup in {text!r}"
    if text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").count("&"):
        yield f"text: unescaped ampersand in {text!r}"
    blocks = body.get("blocks", [])
    if not 1 <= len(blocks) <= 50:
        yield f"blocks: 1 to 50, not {len(blocks)}"
    for number, block in enumerate(blocks):
        for problem in _of_block(block):
            yield f"block {number}: {problem}"


def _of_block(block: Json) -> Iterator[str]:
    match block.get("type"):
        case "header":
            yield from _keys("header", block, {"type", "text"}, {"text"})
            yield from _plain(block["text"], 150)
        case "section":
            yield from _keys("section", block, {"type", "text", "fields"}, set())
            if not ("text" in block or "fields" in block):
                yield "a section has a text or fields"
            if "text" in block:
                yield from _plain(block["text"], 3000)
            if not len(block.get("fields", [])) <= 10:
                yield "at most 10 fields"
            for field in block.get("fields", []):
                yield from _plain(field, 2000)
        case "context":
            yield from _keys("context", block, {"type", "elements"}, {"elements"})
            if not 1 <= len(block["elements"]) <= 10:
                yield "1 to 10 elements"
            for element in block["elements"]:
                yield from _plain(element, 3000)
        case "actions":
            yield from _keys("actions", block, {"type", "block_id", "elements"}, {"elements"})
            if not 1 <= len(block["block_id"]) <= 255:
                yield "a block_id of more than 255 characters"
            if not 1 <= len(block["elements"]) <= 25:
                yield "1 to 25 elements"
            for element in block["elements"]:
                yield from _of_control(element)
        case "rich_text":
            yield from _keys("rich_text", block, {"type", "elements"}, {"elements"})
            yield from _rich(block["elements"])
        case other:
            yield f"unknown block {other!r}"


def problems_of_view(view: Json) -> list[str]:
    """What Slack would not take as a window."""
    return list(_of_view(view))


def _of_view(view: Json) -> Iterator[str]:
    needed = {"type", "callback_id", "title", "blocks", "submit"}
    yield from _keys("view", view, {*needed, "private_metadata", "close"}, needed)
    if view.get("type") != "modal":
        yield f"view {view.get('type')!r}"
    for name in ("title", "submit", "close"):
        yield from _plain(view[name], 24)
    if not len(view["private_metadata"]) <= 3000:
        yield "private_metadata of more than 3,000 characters"
    for block in view["blocks"]:
        allowed = {"type", "block_id", "label", "element", "optional"}
        yield from _keys("input", block, allowed, {"type", "label", "element"})
        yield from _plain(block["label"], 2000)
        yield from _of_control(block["element"])


_CONTROLS = {
    "button": {"text", "style", "confirm"},
    "static_select": {"placeholder", "options"},
    "users_select": {"placeholder"},
    "plain_text_input": {"multiline", "max_length"},
    "url_text_input": set(),
}


def _of_control(element: Json) -> Iterator[str]:
    kind = element.get("type", "")
    if kind not in _CONTROLS:
        yield f"unknown control {kind!r}"
        return
    yield from _keys(kind, element, {"type", "action_id", *_CONTROLS[kind]}, {"action_id"})
    if not 1 <= len(element["action_id"]) <= 255:
        yield "an action_id of more than 255 characters"
    if kind == "button":
        yield from _plain(element["text"], 75)
    if element.get("style", "primary") not in ("primary", "danger"):
        yield f"style {element['style']!r}"
    if "placeholder" in element:
        yield from _plain(element["placeholder"], 150)
    if "confirm" in element:
        confirm = element["confirm"]
        names = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
        yield from _keys("confirm", confirm, set(names), set(names))
        for name, limit in names.items():
            yield from _plain(confirm[name], limit)
    if kind == "static_select" and not 1 <= len(element["options"]) <= 100:
        yield "1 to 100 options"
    for option in element.get("options", []):
        yield from _keys("option", option, {"text", "value"}, {"text", "value"})
        yield from _plain(option["text"], 75)
        if not 1 <= len(option["value"]) <= 150:
            yield "a value of more than 150 characters"


def _plain(text: Json, limit: int) -> Iterator[str]:
    """Only plain text is used here: nothing in it can be markup."""
    yield from _keys("text", text, {"type", "text", "emoji"}, {"type", "text"})
    if text.get("type") != "plain_text":
        yield f"{text.get('type')!r} instead of plain_text"
    if not 1 <= len(text["text"]) <= limit:
        yield f"1 to {limit} characters, not {len(text['text'])}"


def _rich(elements: list[Json]) -> Iterator[str]:
    if not elements:
        yield "rich text without elements"
    for element in elements:
        match element.get("type"):
            case "rich_text_section" | "rich_text_quote":
                yield from _keys("rich", element, {"type", "elements"}, {"elements"})
                yield from _inline(element["elements"])
            case "rich_text_list":
                yield from _keys("list", element, {"type", "style", "elements"}, {"style"})
                if element["style"] not in ("bullet", "ordered"):
                    yield f"list style {element['style']!r}"
                if any(item.get("type") != "rich_text_section" for item in element["elements"]):
                    yield "a list holds sections"
                yield from _rich(element["elements"])
            case other:
                yield f"unknown rich text {other!r}"


def _inline(elements: list[Json]) -> Iterator[str]:
    if not elements:
        yield "an empty section"
    for element in elements:
        match element.get("type"):
            case "text":
                yield from _keys("text", element, {"type", "text", "style"}, {"text"})
                if not element["text"]:
                    yield "an empty text"
            case "link":
                yield from _keys("link", element, {"type", "url", "text", "style"}, {"url"})
                if not element["url"].startswith(("https://", "http://")):
                    yield f"link {element['url']!r}"
                if not len(element["url"]) <= 3000:
                    yield "a link of more than 3,000 characters"
            case "user":
                yield from _keys("user", element, {"type", "user_id"}, {"user_id"})
            case other:
                yield f"unknown element {other!r}"
        if not set(element.get("style", {})) <= _STYLES:
            yield f"style {element['style']!r}"


def _keys(what: str, value: Json, allowed: set[str], needed: set[str]) -> Iterator[str]:
    if value.keys() - allowed:
        yield f"{what}: unknown keys {sorted(value.keys() - allowed)}"
    if needed - value.keys():
        yield f"{what}: missing keys {sorted(needed - value.keys())}"


@attrs.frozen
class Answer:
    """What the endpoint says to one request."""

    status: int
    body: str = "ok"
    headers: tuple[tuple[str, str], ...] = ()


@attrs.define
class SlackEndpoint:
    """The messages that were taken, and what is answered until the script has run out."""

    address: str = ""
    received: list[Json] = attrs.field(factory=list)
    script: list[Answer] = attrs.field(factory=list)
    before_answer: Callable[[], None] | None = None

    def answer(self, raw: bytes, content_type: str) -> Answer:
        body = json.loads(raw)
        found = problems(body)
        if not content_type.startswith("application/json"):
            found.append(f"content type {content_type!r}")
        if found:
            return Answer(400, "invalid_blocks", (("X-Problems", "; ".join(found)[:500]),))
        answer = self.script.pop(0) if self.script else Answer(200)
        if answer.status == 200:
            self.received.append(body)
        if self.before_answer is not None:
            self.before_answer()
        return answer


@contextmanager
def slack_endpoint(*script: Answer) -> Iterator[SlackEndpoint]:
    """An endpoint on 127.0.0.1, at a port that the system chose."""
    endpoint = SlackEndpoint(script=list(script))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            answer = endpoint.answer(raw, self.headers.get("Content-Type", ""))
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
            """Keep the test's output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    endpoint.address = f"http://127.0.0.1:{server.server_port}/services/T0/B0/verysecret"
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
