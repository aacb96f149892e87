"""Saved answers: a body as the platform sent it, or a cassette that a test has recorded (VCR).

Both are read without a network, so that a source can be tried and tested on them.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import yaml

from monitor.domain import Health
from spiders.page import SourceError
from spiders.parse.text import shown
from spiders.web import Fetched

__all__ = ["SavedWeb", "saved_answers"]

_LARGEST = 64 * 1024 * 1024
_OK = 200
_ASKING = ("GET", "POST")
_CONTENT_TYPES = {
    ".json": "application/json",
    ".html": "text/html",
    ".htm": "text/html",
    ".xml": "application/xml",
    ".rss": "application/rss+xml",
    ".atom": "application/atom+xml",
}


def saved_answers(file: Path, *, url: str, observed_at: datetime) -> tuple[Fetched, ...]:
    """The answers in a file: those of a cassette, or the file itself as the answer from ``url``.

    Of a cassette, what was asked by GET or POST. Raises ``OSError`` where the file cannot be read.
    """
    body = file.read_bytes()[:_LARGEST]
    recorded = _cassette(file, body)
    if recorded is not None:
        return tuple(_played(recorded, observed_at))
    headers = {}
    if file.suffix.lower() in _CONTENT_TYPES:
        headers["content-type"] = _CONTENT_TYPES[file.suffix.lower()]
    return (Fetched(url=url, status=_OK, headers=headers, body=body, observed_at=observed_at),)


def _cassette(file: Path, body: bytes) -> Sequence[Any] | None:
    """What a cassette has recorded; ``None`` where the file is none."""
    if b"interactions" not in body:
        return None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        if file.suffix.lower() in (".yaml", ".yml"):
            recorded = yaml.load(body, loader)  # noqa: S506  it is the safe loader, where there is one in C
        else:
            recorded = json.loads(body)
    except (ValueError, RecursionError, yaml.YAMLError):
        return None
    if not isinstance(recorded, Mapping):
        return None
    found = recorded.get("interactions", recorded.get("http_interactions"))
    return found if isinstance(found, list) else None


def _played(recorded: Sequence[Any], observed_at: datetime) -> Iterator[Fetched]:
    for interaction in recorded:
        try:
            request, response = interaction["request"], interaction["response"]
            if str(request.get("method", "GET")).upper() not in _ASKING:
                continue
            headers = {
                str(name).lower(): ", ".join(map(str, v)) if isinstance(v, list) else str(v)
                for name, v in (response.get("headers") or {}).items()
            }
            yield Fetched(
                url=str(request["uri"]),
                status=int(response["status"]["code"]),
                headers=headers,
                body=_unpacked(_body(response.get("body"))),
                observed_at=observed_at,
            )
        except (LookupError, TypeError, ValueError, AttributeError):
            continue  # what is no recorded answer is no answer


def _body(body: Any) -> bytes:
    if isinstance(body, Mapping):
        if "base64_string" in body:
            try:
                return base64.b64decode(body["base64_string"])
            except (binascii.Error, ValueError, TypeError):
                return b""
        body = body.get("string")
    if isinstance(body, str):
        return body.encode("utf-8", "surrogateescape")
    return body if isinstance(body, bytes) else b""


def _unpacked(body: bytes) -> bytes:
    """A recorded body without its compression, up to a bound."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpacking = zlib.decompressobj(wbits=31)
    try:
        return unpacking.decompress(body, _LARGEST)
    except (zlib.error, gzip.BadGzipFile):
        return body


@attrs.define
class SavedWeb:
    """The port ``Web`` on saved answers; ``asked`` keeps every address that was asked for.

    An answer serves each address with its path that has at least its parameters; the one that
    names most of them is taken. What is not there answers 404.
    """

    answers: Sequence[Fetched]
    now: datetime
    asked: list[str] = attrs.field(factory=list)

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Container[int] = (),
    ) -> Fetched:
        """The saved answer, if its status is 200 or one of ``accept``."""
        return self._saved(url, accept)

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """The saved answer, whatever the login says."""
        return self._saved(url)

    def _saved(self, url: str, accept: Container[int] = ()) -> Fetched:
        self.asked.append(url)
        wanted = set(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        best: Fetched | None = None
        most = -1
        for answer in self.answers:
            given = set(parse_qsl(urlsplit(answer.url).query, keep_blank_values=True))
            same = urlsplit(answer.url)[:3] == urlsplit(url)[:3]
            if same and given <= wanted and len(given) > most:
                best, most = answer, len(given)
        status = best.status if best else 404
        body = best.body if best else b'{"error": "not saved"}'
        answer = Fetched(
            url=url,
            status=status,
            headers=best.headers if best else {},
            body=body,
            observed_at=self.now,
        )
        if status != _OK and status not in accept:
            raise SourceError(Health.UNREADABLE, f"{shown(url, 200)} answers {status}", answer)
        return answer
