"""The settings of Sparkwatch: what may stand in the configuration, and what it becomes.

The options of a kind of source or channel live beside that kind; here they are put together.
"""

from __future__ import annotations

import datetime

import attrs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from alerts.channels.configured import ChannelOptions
from alerts.i18n import Language
from alerts.muting import INHIBITION, InhibitionOptions
from alerts.people import PersonOptions
from alerts.policy import PolicyOptions
from alerts.quiet import Weekday
from alerts.routing import GroupingOptions, RouteOptions, TeamOptions
from config.clashes import brand_id
from config.schema import FLATTENED
from config.values import Interval, LanguageTag, Word, ZoneName
from config.web import WebSettings
from monitor.domain import Brand
from monitor.incidents.query import QuerySyntaxError, Term, parse
from spiders.job import SourceSpec
from spiders.kinds import SourceOptions

DEFAULT_STORE = "sqlite:///sparkwatch.db"


class Section(BaseModel):
    """A group of settings: frozen, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BrandSettings(Section):
    """A name that is watched, and how to tell it from its namesakes."""

    name: Word = Field(description="What people call the brand; a post that holds it matches.")
    id: str = Field(
        default="",
        pattern=r"^[\w-]*$",
        description="Its name in commands and records; made from the name if absent.",
    )
    aliases: tuple[Word, ...] = Field(
        default=(),
        description="Other names, in any script. They match alone only where `required` is empty.",
    )
    handles: tuple[Word, ...] = Field(
        default=(), description='Account names such as "@Delta", in quotes; they match alone.'
    )
    required: tuple[Word, ...] = Field(
        default=(),
        description="Words of the trade; where given, an alias matches only beside one of them.",
    )
    excluded: tuple[Word, ...] = Field(
        default=(),
        description="Words that betray a namesake; such a post matches only through a handle.",
    )
    languages: frozenset[LanguageTag] = Field(
        default=frozenset(),
        description="Language tags of the posts to keep (en, zh-Hans, zh-Hant, de); all if empty.",
    )
    query: str | None = Field(
        default=None,
        description="A boolean query that a post must satisfy as well: (bag OR 行李) AND NOT job.",
    )

    taxonomy: Word | None = Field(
        default=None,
        description="The touchpoints of its industry: `airline`, or a file of your own (.yaml).",
    )

    imports: tuple[Word, ...] = Field(
        default=(),
        description="Names given to `sparkwatch import --source` whose posts are all about it, "
        "though hardly one names it: tickets, surveys.",
    )

    @model_validator(mode="before")
    @classmethod
    def _id_from_name(cls, data: object) -> object:
        if isinstance(data, dict) and "id" not in data and isinstance(data.get("name"), str):
            return {**data, "id": brand_id(data["name"])}
        return data

    @field_validator("name", "aliases", "handles", "required", "excluded")
    @classmethod
    def _words_can_be_searched(cls, words: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for word in (words,) if isinstance(words, str) else words:
            Term(word)
        return words

    @field_validator("query")
    @classmethod
    def _query_can_be_read(cls, query: str | None) -> str | None:
        if query is not None:
            try:
                parse(query)
            except QuerySyntaxError as error:
                where = f"at character {error.position + 1}"
                raise ValueError(f"is not a query; {where}: {error.expected}") from error
        return query

    def brand(self) -> Brand:
        """The brand as the pipeline knows it."""
        return Brand(
            id=self.id,
            name=self.name,
            aliases=self.aliases,
            handles=self.handles,
            required=self.required,
            excluded=self.excluded,
            languages=self.languages,
            query=self.query,
            taxonomy=self.taxonomy,
            sources=frozenset(self.imports),
        )


class SourceSettings(BaseModel):
    """A place to listen at: its name, its rhythm, and the options of its kind beside them."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={FLATTENED: "options"})

    name: str = Field(
        pattern=r"^[\w.-]+$",
        description="How the source is called in alerts and records: one word, unique, lasting.",
    )
    every: Interval = Field(
        default=datetime.timedelta(minutes=5), description="How often it is read: 90s, 5m, 1h, 1d."
    )
    region: Word | None = Field(
        default=None,
        description="Where its people are, in words of your own; for routes and silences.",
    )
    about: str | None = Field(
        default=None,
        description="The name or id of the brand that all posts are about, though hardly one names "
        "it: reviews of it, its own forum.",
    )
    options: SourceOptions

    @model_validator(mode="before")
    @classmethod
    def _options_stand_beside_the_name(cls, data: object) -> object:
        if not isinstance(data, dict) or "options" in data:
            return data
        own = {key: value for key, value in data.items() if key in cls.model_fields}
        return {**own, "options": {key: value for key, value in data.items() if key not in own}}

    def spec(self) -> SourceSpec:
        """The source as the spiders know it."""
        return SourceSpec(name=self.name, options=self.options)


class ModelSettings(Section):
    """The model that reads posts."""

    model: Word = Field(
        default="embedded",
        description="`embedded` (ships with Sparkwatch), a Hugging Face hub id, or a folder.",
    )
    labels: dict[str, str] = Field(
        default_factory=dict,
        description="What a model's own labels mean: `LABEL_0: negative`; only for other models.",
    )
    threads: int = Field(
        default=1,
        ge=1,
        le=256,
        description="Processor threads for the model; more pay off only where they are idle.",
    )


class StoreSettings(Section):
    """Where everything is kept."""

    url: SecretStr = Field(
        default=SecretStr(DEFAULT_STORE),
        description="`sqlite:///file.db` or `postgresql+psycopg://user:password@host/database`.",
    )

    @field_validator("url")
    @classmethod
    def _a_store_that_is_known(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
        return url


class AlertSettings(Section):
    """Where alerts go, and from where on an incident is worth one."""

    channels: tuple[ChannelOptions, ...] = Field(
        default=(),
        description="Slack, mail, other services or a folder; each gets every alert of its level.",
    )
    teams: tuple[TeamOptions, ...] = Field(
        default=(), description="Who is told together; one team with every channel if empty."
    )
    routes: tuple[RouteOptions, ...] = Field(
        default=(), description="Which alerts go to which team; all go to every team if empty."
    )
    inhibit: tuple[InhibitionOptions, ...] = Field(
        default=INHIBITION, description="Which incidents make lesser ones unimportant."
    )
    grouping: GroupingOptions = Field(
        default=GroupingOptions.model_validate({}),
        description="How long alerts wait for each other, and when they are told again.",
    )
    policy: PolicyOptions = Field(
        default=PolicyOptions.model_validate({}),
        description="From where on an incident is watch, high or critical.",
    )


class ReaderSettings(Section):
    """Somebody who reads the weekly digest."""

    name: Word = Field(description="Who reads it; unique.")
    channel: Word = Field(description="The name of the channel in `alerts.channels` to send it by.")
    language: Language = Field(
        default=Language.ENGLISH,
        description="The language it is written in; `language` above if absent.",
    )
    timezone: ZoneName = Field(
        default="UTC", description="The zone that its week ends in; `timezone` above if absent."
    )
    weekday: Weekday = Field(default="monday", description="The day it is sent.")
    time: datetime.time = Field(
        default=datetime.time(8, 0), description="The local time it is sent at."
    )


class PromiseSettings(Section):
    """What the brands promise in public."""

    due_hours: float = Field(
        default=48.0,
        gt=0,
        description="Hours after which a promise falls due that names no time, or soon.",
    )


class DigestSettings(Section):
    """The weekly summary for those who decide."""

    readers: tuple[ReaderSettings, ...] = Field(
        default=(), description="Who reads it; nobody gets one if empty."
    )


class Settings(Section):
    """Everything that can be set."""

    brands: tuple[BrandSettings, ...] = Field(min_length=1, description="The names to watch.")
    sources: tuple[SourceSettings, ...] = Field(
        default=(), description="Where to listen; may be empty for `replay` and `import`."
    )
    alerts: AlertSettings = Field(default=AlertSettings(), description="Where alerts go.")
    digest: DigestSettings = Field(default=DigestSettings(), description="The weekly summary.")
    promises: PromiseSettings = Field(
        default=PromiseSettings(), description="What the brands promise in public."
    )
    nlp: ModelSettings = Field(default=ModelSettings(), description="The model that reads posts.")
    store: StoreSettings = Field(default=StoreSettings(), description="Where everything is kept.")
    people: tuple[PersonOptions, ...] = Field(
        default=(), description="Who acts on alerts: so that a button or a link names a person."
    )
    web: WebSettings | None = Field(
        default=None, description="Web pages to act from messages; there are none if absent."
    )
    language: Language = Field(
        default=Language.ENGLISH,
        description="The language of alerts and digests: en, zh-Hans or zh-Hant.",
    )
    timezone: ZoneName = Field(
        default="UTC", description="The time zone of alerts and digests, such as Asia/Shanghai."
    )

    def routes(self) -> tuple[RouteOptions, ...]:
        """The routes, with their brands by id."""
        ids = {brand.name: brand.id for brand in self.brands}
        return tuple(
            route.model_copy(update={"brands": tuple(ids.get(name, name) for name in route.brands)})
            for route in self.alerts.routes
        )

    def regions(self) -> dict[str, str]:
        """The region of each source that names one."""
        return {source.name: source.region for source in self.sources if source.region}

    def watched(self) -> tuple[Brand, ...]:
        """The brands as the pipeline knows them."""
        found = [brand.brand() for brand in self.brands]
        return tuple(
            attrs.evolve(
                brand,
                sources=brand.sources.union(
                    source.name for source in self.sources if source.about in (brand.id, brand.name)
                ),
            )
            for brand in found
        )
