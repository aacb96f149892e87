"""Webhooks: their addresses, posting JSON to them, and what came of it.

An address is a secret: no outcome shows it, nor anything of an answer that might repeat it.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import attrs
import httpx
from pydantic import Field, SecretStr, field_validator, model_validator

from alerts.channels.receiver import ReceiverOptions, SecretError, read_secret
from alerts.outcome import Cause, Outcome, Refused, Retry, Sent
from alerts.untrusted import one_line

__all__ = ["SignedWebhookOptions", "Verdict", "WebhookOptions", "judged", "post", "unusable"]

_LONGEST_ASKED = timedelta(days=1)


class WebhookOptions(ReceiverOptions):
    """A webhook, by its address or by a file that holds it."""

    webhook_url: SecretStr | None = Field(
        default=None, description="The webhook's address; it is a secret."
    )
    webhook_url_file: Path | None = Field(
        default=None, description="A file that holds that address, instead of webhook_url."
    )

    @field_validator("webhook_url")
    @classmethod
    def _an_address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            checked_address(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.webhook_url is None) == (self.webhook_url_file is None):
            raise ValueError("give exactly one of webhook_url and webhook_url_file")
        return self

    def address(self) -> str:
        """The address as it is now; raises ``SecretError``."""
        return checked_address(read_secret(self.webhook_url, self.webhook_url_file))

    def probe(self) -> Outcome | None:
        """Only whether there is an address: a webhook cannot be tried without posting."""
        try:
            self.address()
        except SecretError as error:
            return Refused(str(error), final=False, cause=Cause.SETTINGS)
        return None


class SignedWebhookOptions(WebhookOptions):
    """A webhook that may want its messages signed."""

    secret: SecretStr | None = Field(
        default=None, description="The key to sign with, where the bot's settings ask for it."
    )
    secret_file: Path | None = Field(
        default=None, description="A file that holds that key, instead of secret."
    )

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if self.secret is not None and self.secret_file is not None:
            raise ValueError("give only one of secret and secret_file")
        return self

    def signing_key(self) -> str:
        """The key as it is now, empty where nothing is signed; raises ``SecretError``."""
        if self.secret is None and self.secret_file is None:
            return ""
        return read_secret(self.secret, self.secret_file)


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
            verify=_authorities(),
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


@cache
def _authorities() -> ssl.SSLContext:
    """Those that the system trusts: reading them takes longer than a message."""
    return httpx.create_ssl_context()


def unusable(service: str, response: httpx.Response) -> Outcome | None:
    """What an answer's status alone says, alike for every service; ``None`` where nothing."""
    status = response.status_code
    if status == 429:
        reason = f"{service} limits the rate"
        return Retry(reason, after=_retry_after(response), cause=Cause.RATE_LIMIT)
    if status >= 500:
        reason = f"{service} answered {status}, an error of its own"
        return Retry(reason, after=_retry_after(response), cause=Cause.BUSY)
    if 300 <= status < 400:
        reason = (
            f"{service} answered {status}, a redirect, which is not followed; "
            "check the webhook's address"
        )
        return Refused(reason, final=False, cause=Cause.SETTINGS)
    return None


@attrs.frozen
class Verdict:
    """What a service's own error code means: whose fault it is, what to do, how long to wait."""

    cause: Cause
    advice: str
    after: timedelta | None = None


def judged(
    service: str,
    response: httpx.Response,
    codes: tuple[str, str],
    verdicts: Mapping[int, Verdict],
    *secrets: str,
) -> Outcome:
    """What an answer means in which a code and a text stand, under the names in ``codes``.

    A code that is not known is tried again: losing an alert to it would be worse.
    """
    outcome = unusable(service, response)
    if outcome is not None:
        return outcome
    answer = _answered_json(response)
    code = answer.get(codes[0])
    if not isinstance(code, int):
        reason = f"the webhook's address does not answer as {service} does; check it"
        return Refused(reason, final=False, cause=Cause.SETTINGS)
    if code == 0:
        return Sent()
    told = f"{service} answered {code}: {_said(answer.get(codes[1], ''), *secrets)}"
    verdict = verdicts.get(code)
    if verdict is None:
        return Retry(told, cause=Cause.REFUSED)
    reason = f"{told}; {verdict.advice}"
    if verdict.cause in (Cause.RATE_LIMIT, Cause.BUSY):
        return Retry(reason, after=verdict.after, cause=verdict.cause)
    return Refused(reason, final=verdict.cause is Cause.REFUSED, cause=verdict.cause)


def _answered_json(response: httpx.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _said(text: object, *secrets: str) -> str:
    """What a service said, short and on one line, or nothing where it repeats a secret.

    >>> _said("sign not match, more: [https://example.org]", "hunter2")
    'sign not match, more: [https://example.org]'
    >>> _said("no robot hunter2", "https://example.org/robot?token=hunter2")
    '(no reason that can be shown)'
    """
    shown = one_line(str(text), 120)
    words = [w for secret in secrets for w in re.split(r"[/?&=]", secret) if len(w) > 5]
    hosts = [word for word in words if "." in word]
    repeated = any(word in shown for word in words if word not in hosts)
    return "(no reason that can be shown)" if repeated else shown


def _retry_after(response: httpx.Response) -> timedelta | None:
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
