"""Yelp's excerpts of reviews of a business, by its Places (Fusion) API."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from spiders.kit.allowance import Allowance
from spiders.kit.endpoint import Endpoint
from spiders.kit.fields import Fields, Person, local_time
from spiders.kit.source import declare
from spiders.options import KeyedInterface, Secret, WebAddress

__all__ = ["SOURCE", "YelpOptions"]

_PAGE_SIZE = 50


class YelpOptions(KeyedInterface):
    """Which businesses' reviews to read."""

    keyed_by = "key"
    had_from = "make an application at yelp.com/developers"
    kind: Literal["yelp"] = "yelp"
    businesses: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="The ids or aliases of the businesses: acme-air-san-francisco."
    )
    locale: str = Field(
        default="en_US", pattern=r"^[a-z]{2}_[A-Z]{2}$", description="The language and country."
    )
    api: WebAddress = Field(
        default="https://api.yelp.com/v3", description="The address of the interface."
    )
    key: Secret | None = Field(default=None, description="The API key of your application.")
    key_file: Path | None = Field(default=None, description="The file that holds the key.")
    calls_per_day: int = Field(
        default=300, ge=1, description="How many requests may be made in a day."
    )


SOURCE = declare(
    options=YelpOptions,
    terms="Yelp's API terms: show excerpts with a link to Yelp, keep them for 24 hours only.",
    limits="300 calls a day on the smallest plan, counted from midnight UTC; 3 to 7 excerpts of a "
    "business, of 160 characters each.",
    allowance=Allowance(units=lambda options: options.calls_per_day),
    discover=Endpoint(
        url="{api}/businesses/{query}/reviews?locale={locale}&sort_by=newest&limit={limit}",
        headers={"Authorization": "Bearer {key}"},
        items="reviews",
        fields=Fields(
            id="id",
            text="text",
            published_at=local_time("time_created", "America/Los_Angeles"),
            url="url",
            author=Person(id="user.id", name="user.name"),
            rating="rating",
        ),
        page_size=_PAGE_SIZE,
    ),
    queries=lambda _job, options: options.businesses,
    relists=True,
    overlap=timedelta(days=7),
    needs="an API key",
)
