"""Keeps answers that could not be read, so that whoever mends a parser has what broke it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from urllib.parse import urlsplit, urlunsplit

from monitor.domain import FaultyAnswer
from spiders.parse.text import shown
from spiders.web import Around, Fetched, Web

__all__ = ["LARGEST_KEPT", "MOST_KEPT", "Noting", "faulty_answer"]

MOST_KEPT = 3
"""Answers that are kept of one crawl."""
LARGEST_KEPT = 256 * 1024
"""What is kept of one answer, in bytes."""


class Noting(Around):
    """A ``Web`` that remembers what it answered last, for one look at a source.

    What is answered to a login is not: it holds a token.
    """

    def __init__(self, web: Web) -> None:
        super().__init__(web)
        self.last: Fetched | None = None

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        accept: Container[int] = (),
    ) -> Fetched:
        """The answer of the web below."""
        self.last = None
        self.last = await super().get(url, headers=headers, accept=accept)
        return self.last

    async def post(
        self, url: str, *, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Fetched:
        """The answer of the web below, not remembered."""
        self.last = None
        return await super().post(url, body=body, headers=headers)


def faulty_answer(
    answer: Fetched, *, source: str, reason: str, secrets: Sequence[str]
) -> FaultyAnswer:
    """What is kept of an answer: neither what follows its path nor a secret that it repeats."""
    parts = urlsplit(answer.url)
    place = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    body = answer.body
    for secret in secrets:
        place = place.replace(secret, "***")
        body = body.replace(secret.encode(), b"***")
    return FaultyAnswer(
        source=source,
        place=shown(place, 500),
        status=answer.status,
        content_type=shown(answer.headers.get("content-type", ""), 100),
        reason=shown(reason, 500),
        body=body[:LARGEST_KEPT],
        observed_at=answer.observed_at,
    )
