"""An access token for an application's own id and secret (OAuth 2.0, client credentials)."""

from __future__ import annotations

import json
from http import HTTPStatus

from monitor.domain import Health
from spiders.addresses import place_of
from spiders.page import SourceError

__all__ = ["application_token"]

_SECONDS = 20.0
_LARGEST_ANSWER = 65_536


async def application_token(
    address: str, *, client_id: str, client_secret: str, user_agent: str
) -> str:
    """The token that the platform gives to the application itself (RFC 6749, section 4.4).

    It is asked for past the port ``Web``, which only reads. Raises ``SourceError`` with what to do;
    neither the secret nor the answer is in its message.
    """
    import httpx  # here: a tenth of a second that no other crawl process need spend

    place = place_of(address)
    try:
        async with (
            httpx.AsyncClient(timeout=_SECONDS, headers={"User-Agent": user_agent}) as client,
            client.stream(
                "POST",
                address,
                auth=(client_id, client_secret),
                data={"grant_type": "client_credentials"},
            ) as answer,
        ):
            body = b""
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > _LARGEST_ANSWER:
                    break
    except httpx.HTTPError as error:
        raise SourceError(
            Health.UNREACHABLE,
            f"{place} gives no token ({type(error).__name__}): it is tried again at the next crawl",
        ) from None
    if answer.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED):
        raise SourceError(
            Health.UNAUTHORIZED,
            f"{place} does not know this application ({answer.status_code}): check client_id and "
            "client_secret",
        )
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        raise SourceError(Health.RATE_LIMITED, f"{place} gives no token for now: crawl less often")
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise SourceError(
            Health.SERVER_ERROR,
            f"{place} gives no token ({answer.status_code}): the fault is the server's",
        )
    return _token_in(body, place, answer.status_code)


def _token_in(body: bytes, place: str, status: int) -> str:
    try:
        token = json.loads(body)["access_token"]
    except (ValueError, LookupError, TypeError, RecursionError):
        token = None
    if status != HTTPStatus.OK or not isinstance(token, str) or not token.isprintable():
        raise SourceError(
            Health.UNAUTHORIZED,
            f"{place} answers {status} without a token: check its address, and that the "
            "application is approved",
        )
    return token
