"""Isso, a server of comments for web sites: the newest of all its pages."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spiders.kit.endpoint import Endpoint
from spiders.kit.fields import Fields, Person, html
from spiders.kit.source import declare
from spiders.options import OpenInterface, WebAddress

__all__ = ["SOURCE", "IssoOptions"]


class IssoOptions(OpenInterface):
    """Which server to read."""

    kind: Literal["isso"] = "isso"
    server: WebAddress = Field(description="The server's address, such as https://isso.acme.com.")


_COMMENT = Fields(
    id="id",
    text=html("text"),
    published_at="created",
    author=Person(handle="author"),
    parent="parent",
    thread="uri",
    likes="likes",
    deleted="mode == `4`",  # with replies below it, which keep its place
    left_out="mode == `2`",  # waits for a moderator
)
SOURCE = declare(
    options=IssoOptions,
    terms="The server's own operator's; it must allow the list (latest-enabled in its [general]).",
    limits="None stated; the newest 100 comments of all pages.",
    discover=Endpoint(url="{server}/latest?limit=100", fields=_COMMENT, newest_first=False),
    also_reads=(Endpoint(url="{server}/", items="replies[].[@, replies][][]", fields=_COMMENT),),
    relists=True,  # one comment by itself is shown to its author alone
)
