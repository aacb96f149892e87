"""A request to Slack, and what its failures mean: the same for a webhook and for the Web API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from alerts.channels.receiver import SecretError
from alerts.outcome import Refused, Retry

__all__ = ["checked_address", "judge_status", "post", "reason_word"]


def checked_address(address: str, what: str, scheme: str = "https") -> str:
    """The address if a secret may go there; raises ``SecretError``, which calls it ``what``."""
    parts, plain = urlsplit(address), scheme.removesuffix("s")
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not parts.hostname or not (parts.scheme == scheme or (parts.scheme == plain and local)):
        raise SecretError(
            f"{what} must begin with {scheme}:// (plain {plain} only to this machine)"
        )
    return address


def post(
    address: str, content: bytes, headers: Mapping[str, str], timeout: timedelta, where: str
) -> httpx.Response | Retry | Refused:
    """Post, without following redirects: a secret goes nowhere else.

    ``where`` is what holds the address, as a person knows it.
    """
    try:
        return httpx.post(
            address,
            content=content,
            headers=headers,
            timeout=timeout.total_seconds(),
            follow_redirects=False,
        )
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError):
        return Retry(f"Slack could not be reached; check the network and the host of {where}")
    except httpx.TimeoutException:
        return Retry(
            f"Slack did not answer within {timeout.total_seconds():g} s", perhaps_arrived=True
        )
    except httpx.HTTPError:
        return Retry("the connection to Slack broke off", perhaps_arrived=True)
    except httpx.InvalidURL:
        return Refused(f"{where} is not a valid address", final=False)


def judge_status(response: httpx.Response, where: str) -> Retry | Refused | None:
    """What a status says by itself; ``None`` where the answer's own words have to tell."""
    status = response.status_code
    if status == 429:
        return Retry("Slack limits the rate", after=_retry_after(response))
    if status >= 500:
        return Retry(f"Slack answered {status}, an error of its own", after=_retry_after(response))
    if 300 <= status < 400:
        return Refused(
            f"Slack answered {status}, a redirect, which is not followed; check {where}",
            final=False,
        )
    return None


def reason_word(text: str, secret: str) -> str:
    """The word by which Slack names an error, if it is one and gives nothing away."""
    word = text[:60].strip()
    if not re.fullmatch(r"[a-z_]+", word) or word in secret:
        return "(no reason that can be shown)"
    return word


def _retry_after(response: httpx.Response) -> timedelta | None:
    header = response.headers.get("Retry-After", "").strip()
    if header.isdigit():
        return timedelta(seconds=min(int(header), 24 * 3600))
    if not header:
        return None
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    answered = response.headers.get("Date", "")
    try:
        since = parsedate_to_datetime(answered)
    except ValueError:
        return None
    return max(moment.astimezone(UTC) - since.astimezone(UTC), timedelta(0))
