"""One attempt to post to a service, and what its failures mean, alike for all of them.

Where a secret may go, and that no outcome shows one, is settled here.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from urllib.parse import urlsplit

import attrs
import httpx

from alerts.channels.receiver import SecretError
from alerts.outcome import Cause, Refused, Retry

__all__ = ["Service", "checked_address", "reason_word"]

_LONGEST_ASKED = timedelta(days=1)


def checked_address(address: str, what: str, scheme: str = "https") -> str:
    """The address if a secret may go there; raises ``SecretError``, which calls it ``what``."""
    parts, plain = urlsplit(address), scheme.removesuffix("s")
    local = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not parts.hostname or not (parts.scheme == scheme or (parts.scheme == plain and local)):
        raise SecretError(
            f"{what} must begin with {scheme}:// (plain {plain} only to this machine)"
        )
    return address


@attrs.frozen
class Service:
    """A service by its name, and ``where`` its address stands, as a person knows it."""

    name: str
    where: str = "the webhook's address"

    def post(
        self, address: str, content: bytes, headers: Mapping[str, str], timeout: timedelta
    ) -> httpx.Response | Retry | Refused:
        """Post once, without following redirects: a secret goes nowhere else."""
        try:
            return httpx.post(
                address,
                content=content,
                headers=headers,
                timeout=timeout.total_seconds(),
                follow_redirects=False,
                verify=_authorities(),
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError):
            return Retry(
                f"{self.name} could not be reached; check the network and the host of {self.where}"
            )
        except httpx.TimeoutException:
            reason = f"{self.name} did not answer within {timeout.total_seconds():g} s"
            return Retry(reason, perhaps_arrived=True)
        except httpx.HTTPError:
            return Retry(f"the connection to {self.name} broke off", perhaps_arrived=True)
        except httpx.InvalidURL:
            return self.misconfigured(f"{self.where} is not a valid address")

    def judge_status(self, response: httpx.Response) -> Retry | Refused | None:
        """What a status says by itself; ``None`` where the answer's own words have to tell."""
        status = response.status_code
        if status == 429:
            reason = f"{self.name} limits the rate"
            return Retry(reason, after=_retry_after(response), cause=Cause.RATE_LIMIT)
        if status >= 500:
            reason = f"{self.name} answered {status}, an error of its own"
            return Retry(reason, after=_retry_after(response), cause=Cause.BUSY)
        if 300 <= status < 400:
            return self.misconfigured(
                f"{self.name} answered {status}, a redirect, which is not followed; "
                f"check {self.where}"
            )
        return None

    def answers_otherwise(self) -> Refused:
        """At that address there is something else."""
        return self.misconfigured(f"{self.where} does not answer as {self.name} does; check it")

    def misconfigured(self, reason: str) -> Refused:
        """What a setting has to be changed for."""
        return Refused(reason, final=False, cause=Cause.SETTINGS)


def reason_word(text: str, secret: str) -> str:
    """The word by which a service names an error, if it is one and gives nothing away."""
    word = text[:60].strip()
    if not re.fullmatch(r"[a-z_]+", word) or word in secret:
        return "(no reason that can be shown)"
    return word


@cache
def _authorities() -> ssl.SSLContext:
    """Those that the system trusts: reading them takes longer than a message."""
    return httpx.create_ssl_context()


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
