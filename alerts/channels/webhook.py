"""Posting JSON to a webhook: where that may go, and what came of it.

An address is a secret: no outcome shows it, nor anything of an answer that might repeat it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from alerts.channels.receiver import SecretError
from alerts.outcome import Cause, Outcome, Refused, Retry
from alerts.untrusted import one_line

__all__ = ["answered_json", "checked_address", "post", "retry_after", "said", "unusable"]

_LONGEST_ASKED = timedelta(days=1)


def checked_address(address: str) -> str:
    """The address, if what goes there is protected; raises ``SecretError``."""
    parts = urlsplit(address)
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise SecretError(
            "the webhook's address must begin with https:// (plain http only to this machine)"
        )
    return address


def post(
    service: str,
    address: str,
    body: str,
    timeout: timedelta,
    judge: Callable[[httpx.Response], Outcome],
) -> Outcome:
    """Post a JSON body; ``judge`` says what the service's answer means, where there is one."""
    try:
        response = httpx.post(
            address,
            content=body.encode(),
            headers={"Content-Type": "application/json; charset=utf-8"},
            timeout=timeout.total_seconds(),
            follow_redirects=False,
        )
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError):
        return Retry(f"{service} could not be reached; check the network and the webhook's host")
    except httpx.TimeoutException:
        return Retry(
            f"{service} did not answer within {timeout.total_seconds():g} s", perhaps_arrived=True
        )
    except httpx.HTTPError:
        return Retry(f"the connection to {service} broke off", perhaps_arrived=True)
    except httpx.InvalidURL:
        reason = "the webhook's address is not a valid address"
        return Refused(reason, final=False, cause=Cause.SETTINGS)
    return judge(response)


def unusable(service: str, response: httpx.Response) -> Outcome | None:
    """What an answer's status alone says, alike for every service; ``None`` where nothing."""
    status = response.status_code
    if status == 429:
        reason = f"{service} limits the rate"
        return Retry(reason, after=retry_after(response), cause=Cause.RATE_LIMIT)
    if status >= 500:
        reason = f"{service} answered {status}, an error of its own"
        return Retry(reason, after=retry_after(response), cause=Cause.BUSY)
    if 300 <= status < 400:
        reason = (
            f"{service} answered {status}, a redirect, which is not followed; "
            "check the webhook's address"
        )
        return Refused(reason, final=False, cause=Cause.SETTINGS)
    return None


def answered_json(response: httpx.Response) -> dict[str, Any] | None:
    """The JSON object of an answer; ``None`` where it is something else."""
    try:
        answer = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return None
    return answer if isinstance(answer, dict) else None


def said(text: object, *secrets: str) -> str:
    """What a service said, short and on one line, or nothing where it repeats a secret.

    >>> said("sign not match, more: [https://example.org]", "hunter2")
    'sign not match, more: [https://example.org]'
    >>> said("no robot hunter2", "hunter2")
    '(no reason that can be shown)'
    """
    shown = one_line(str(text), 120)
    words = [w for secret in secrets for w in (secret, *re.split(r"[/?&=]", secret)) if len(w) > 5]
    return "(no reason that can be shown)" if any(word in shown for word in words) else shown


def retry_after(response: httpx.Response) -> timedelta | None:
    """How long to wait, as the answer asks, at most a day; ``None`` where it does not say."""
    header = response.headers.get("Retry-After", "").strip()
    if header.isdigit():
        return min(timedelta(seconds=min(int(header), 10**6)), _LONGEST_ASKED)
    if not header:
        return None
    try:
        moment = parsedate_to_datetime(header)
        since = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return min(max(_utc(moment) - _utc(since), timedelta(0)), _LONGEST_ASKED)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
