"""Webhooks: their addresses, posting JSON to them, and what came of it.

An address is a secret: no outcome shows it, nor anything of an answer that might repeat it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import attrs
import httpx
from pydantic import Field, SecretStr, field_validator, model_validator

from alerts.channels.attempt import Service, checked_address
from alerts.channels.receiver import ReceiverOptions, SecretError, read_secret
from alerts.outcome import Cause, Outcome, Refused, Retry, Sent
from alerts.untrusted import one_line

__all__ = ["SignedWebhookOptions", "Verdict", "WebhookOptions", "judged", "post"]

_ADDRESS = "the webhook's address"


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
            checked_address(value.get_secret_value(), _ADDRESS)
        return value

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.webhook_url is None) == (self.webhook_url_file is None):
            raise ValueError("give exactly one of webhook_url and webhook_url_file")
        return self

    def address(self) -> str:
        """The address as it is now; raises ``SecretError``."""
        secret = read_secret(self.webhook_url, self.webhook_url_file)
        return checked_address(secret, _ADDRESS)

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


def post(
    service: Service,
    address: str,
    body: str,
    timeout: timedelta,
    judge: Callable[[httpx.Response], Outcome],
) -> Outcome:
    """Post a JSON body; ``judge`` says what the service's answer means, where there is one."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    response = service.post(address, body.encode(), headers, timeout)
    return judge(response) if isinstance(response, httpx.Response) else response


@attrs.frozen
class Verdict:
    """What a service's own error code means: whose fault it is, what to do, how long to wait."""

    cause: Cause
    advice: str
    after: timedelta | None = None


def judged(
    service: Service,
    response: httpx.Response,
    codes: tuple[str, str],
    verdicts: Mapping[int, Verdict],
    *secrets: str,
) -> Outcome:
    """What an answer means in which a code and a text stand, under the names in ``codes``.

    A code that is not known is tried again: losing an alert to it would be worse.
    """
    outcome = service.judge_status(response)
    if outcome is not None:
        return outcome
    answer = _answered_json(response)
    code = answer.get(codes[0])
    if not isinstance(code, int):
        return service.answers_otherwise()
    if code == 0:
        return Sent()
    told = f"{service.name} answered {code}: {_said(answer.get(codes[1], ''), *secrets)}"
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
