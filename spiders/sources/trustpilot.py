"""Trustpilot's reviews of a business, by its public Business Units API."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from spiders.kit.allowance import Allowance
from spiders.kit.endpoint import Endpoint, numbered
from spiders.kit.fields import Fields, Person
from spiders.kit.source import declare
from spiders.options import KeyedInterface, Secret, WebAddress

__all__ = ["SOURCE", "TrustpilotOptions"]


class TrustpilotOptions(KeyedInterface):
    """Which businesses' reviews to read."""

    keyed_by = "key"
    had_from = "an account for businesses has one; see developers.trustpilot.com"
    kind: Literal["trustpilot"] = "trustpilot"
    business_units: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="The ids of the businesses on Trustpilot, of 24 letters and digits."
    )
    api: WebAddress = Field(
        default="https://api.trustpilot.com/v1", description="The address of the interface."
    )
    key: Secret | None = Field(default=None, description="The API key of your application.")
    key_file: Path | None = Field(default=None, description="The file that holds the key.")
    calls_per_day: int = Field(
        default=10_000, ge=1, description="How many requests may be made in a day."
    )


_REVIEW = Fields(
    id="id",
    title="title",
    text="text",
    published_at="createdAt",
    url=lambda review: f"https://www.trustpilot.com/reviews/{review['id']}",
    author=Person(id="consumer.id", name="consumer.displayName"),
    language="language",
    rating="stars",
    likes="numberOfLikes",
    left_out="status && status != 'active'",
)

SOURCE = declare(
    options=TrustpilotOptions,
    terms="Trustpilot's API terms; the key comes with an account for businesses.",
    limits="100 reviews a page; Trustpilot asks for fewer than 833 calls in 5 minutes and 10,000 "
    "an hour; calls_per_day keeps to a budget of yours.",
    allowance=Allowance(units=lambda options: options.calls_per_day),
    overlap=timedelta(days=2),
    discover=Endpoint(
        url="{api}/business-units/{query}/reviews?orderBy=createdat.desc"
        "&perPage={limit}&page={page}",
        headers={"apikey": "{key}"},
        items="reviews",
        fields=_REVIEW,
        next=numbered(),
        first_page="1",
        pages=50,
    ),
    refresh=Endpoint(url="{api}/reviews/{ids}", headers={"apikey": "{key}"}, fields=_REVIEW),
    queries=lambda _job, options: options.business_units,
    can_search=False,
    needs="an API key",
)
