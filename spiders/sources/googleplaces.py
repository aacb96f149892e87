"""Google's reviews of a place, by the Places API (New): the five that it shows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from spiders.kit.allowance import Allowance
from spiders.kit.endpoint import Endpoint
from spiders.kit.fields import Fields, Person
from spiders.kit.source import declare
from spiders.options import KeyedInterface, Secret, WebAddress

__all__ = ["SOURCE", "GoogleplacesOptions"]


class GoogleplacesOptions(KeyedInterface):
    """Which places' reviews to read."""

    keyed_by = "key"
    had_from = "make one at console.cloud.google.com, with the Places API (New) and billing"
    kind: Literal["googleplaces"] = "googleplaces"
    places: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="The ids of the places: ChIJ..., as Google's Place ID Finder shows them."
    )
    api: WebAddress = Field(
        default="https://places.googleapis.com/v1", description="The address of the interface."
    )
    key: Secret | None = Field(default=None, description="The API key of your project.")
    key_file: Path | None = Field(default=None, description="The file that holds the key.")
    calls_per_day: int = Field(
        default=30,
        ge=1,
        description="How many requests may be made in a day; Google bills most of them.",
    )


SOURCE = declare(
    options=GoogleplacesOptions,
    terms="Google Maps Platform terms: reviews are shown with their author, and not kept for good.",
    limits="Five reviews of a place, as Google chooses them; each request is billed, so "
    "calls_per_day keeps to a budget of yours.",
    allowance=Allowance(units=lambda options: options.calls_per_day, zone="America/Los_Angeles"),
    discover=Endpoint(
        url="{api}/places/{query}",
        headers={"X-Goog-Api-Key": "{key}", "X-Goog-FieldMask": "id,displayName,reviews"},
        items="reviews || `[]`",
        fields=Fields(
            id="name",
            text="originalText.text || text.text || ''",
            published_at="publishTime",
            url="googleMapsUri || authorAttribution.uri",
            author=Person(id="authorAttribution.uri", name="authorAttribution.displayName"),
            language="originalText.languageCode || text.languageCode",
            rating="rating",
        ),
        newest_first=False,
        page_size=5,
    ),
    queries=lambda _job, options: options.places,
    relists=True,
    overlap=timedelta(days=7),
    needs="an API key with billing",
)
