"""V2EX (a Chinese forum of engineers): the newest topics, and known ones again by number."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from spiders.kit.allowance import Allowance
from spiders.kit.endpoint import Endpoint
from spiders.kit.fields import Fields, Person, html
from spiders.kit.source import declare
from spiders.options import OpenInterface, WebAddress

__all__ = ["SOURCE", "V2exOptions"]


class V2exOptions(OpenInterface):
    """What to read of V2EX."""

    kind: Literal["v2ex"] = "v2ex"
    api: WebAddress = Field(
        default="https://www.v2ex.com/api", description="The address of the open interface."
    )


_TOPIC = Fields(
    id="id",
    title="title",
    text=html("content_rendered || content || ''"),
    published_at="created",
    url="url",
    author=Person(id="member.id", handle="member.username"),
    replies="replies",
    deleted="deleted == `1`",
)

SOURCE = declare(
    options=V2exOptions,
    terms="The open interface (v1) that V2EX documents at v2ex.com/p/7v9TEc53.",
    limits="120 requests an hour from one address; shows the newest topics only, and no search.",
    allowance=Allowance(units=120, per=timedelta(hours=1)),
    discover=Endpoint(url="{api}/topics/latest.json", fields=_TOPIC),
    refresh=Endpoint(url="{api}/topics/show.json?id={ids}", fields=_TOPIC, missing_are_gone=True),
)
