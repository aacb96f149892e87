"""Where Slack sends what people pressed: handed on whole, as its signature is over every byte."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from monitor.slack.desk import SlackAnswer

__all__ = ["TakesPresses", "slack_routes"]

TakesPresses: TypeAlias = Callable[[bytes, Mapping[str, str]], SlackAnswer]
"""Takes a request as it came, with its headers by their names in small letters."""


def slack_routes(desk: TakesPresses) -> APIRouter:
    """The address that stands as Request URL in the Slack app."""
    router = APIRouter()

    async def interactive(request: Request) -> Response:
        body = await request.body()
        answer = await run_in_threadpool(desk, body, dict(request.headers))
        return Response(answer.body, answer.status, media_type="application/json")

    router.add_api_route("/slack/interactive", interactive, methods=["POST"])
    return router
