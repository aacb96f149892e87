"""A token for a login: what a platform gives an application, or an account, of the operator's."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus

from monitor.domain import Health
from spiders.addresses import place_of
from spiders.page import SourceError
from spiders.parse.answers import json_answer
from spiders.web import Web

__all__ = ["Login", "application_token", "token_for"]

_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class Login:
    """One login for all that a crawl asks at once; one that was refused is not tried again."""

    def __init__(self, sign_in: Callable[[Web], Awaitable[str]]) -> None:
        self._sign_in = sign_in
        self._token = ""
        self._refused: SourceError | None = None
        self._gate = asyncio.Lock()

    async def token(self, web: Web) -> str:
        """The token; raises ``SourceError`` where there is none to be had."""
        async with self._gate:
            if self._refused:
                raise self._refused
            try:
                self._token = self._token or await self._sign_in(web)
            except SourceError as error:
                self._refused = error
                raise
        return self._token


async def application_token(
    web: Web, address: str, *, client_id: str, client_secret: str, user_agent: str
) -> str:
    """The token that the platform gives to the application itself (RFC 6749, section 4.4).

    Raises ``SourceError`` with what to do; neither the secret nor the answer is in its message.
    """
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return await token_for(
        web,
        address,
        body=b"grant_type=client_credentials",
        headers={
            "Authorization": f"Basic {b64encode(pair.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": user_agent,
        },
        field="access_token",
        advice="check client_id and client_secret, and that the application is approved",
    )


async def token_for(
    web: Web, address: str, *, body: bytes, headers: Mapping[str, str], field: str, advice: str
) -> str:
    """The token in ``field`` of the answer to a login; ``advice`` is for one that is refused."""
    place = place_of(address)
    try:
        answer = await web.post(address, body=body, headers=headers)
    except SourceError as error:
        status = error.answer.status if error.answer else None
        if status in _REFUSED:
            raise SourceError(
                Health.UNAUTHORIZED, f"{place} refuses the login (status {status}): {advice}"
            ) from None
        raise SourceError(error.health, f"no login: {error.detail}") from None
    try:
        told: Any = json_answer(answer.body, url=address, expected="where one signs in")
    except SourceError:
        told = None
    token = told.get(field) if isinstance(told, Mapping) else None
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise SourceError(
            Health.UNAUTHORIZED, f"{place} answers a login without a token: {advice}"
        ) from None
    return token
