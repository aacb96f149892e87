"""The options that every kind of source has, and what several kinds share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    SerializationInfo,
    model_validator,
)

from monitor.domain import Health
from spiders.addresses import checked_web_address
from spiders.page import SourceError

__all__ = [
    "KeyedInterface",
    "OpenInterface",
    "Politeness",
    "RobotsPolicy",
    "Secret",
    "WebAddress",
    "secret_of",
]

RobotsPolicy = Literal["obey", "ignore"]
WebAddress = Annotated[str, AfterValidator(checked_web_address)]


def _as_json(secret: SecretStr, info: SerializationInfo) -> str:
    reveal = isinstance(info.context, dict) and info.context.get("reveal_secrets")
    return secret.get_secret_value() if reveal else str(secret)


Secret: TypeAlias = Annotated[SecretStr, PlainSerializer(_as_json, when_used="json")]
"""A key or token: shown nowhere, and told only to the crawl process (``spiders.handover``)."""


class Politeness(BaseModel):
    """How a source wants to be treated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str = Field(description="Which kind of source it is.")
    robots: RobotsPolicy = Field(
        default="obey",
        description=(
            "Whether robots.txt is obeyed. Ignore it only where you have the operator's leave, or "
            "where the address is an interface that is documented as open to programs."
        ),
    )
    delay_seconds: float = Field(
        default=1.0,
        ge=0,
        le=300,
        description="The pause between two requests to the same host, in seconds.",
    )

    def addresses(self) -> tuple[str, ...]:
        """The addresses that the operator vouches for: every option that is one, or holds some."""
        return tuple(self._web_addresses())

    def _web_addresses(self) -> Iterator[str]:
        for name in type(self).model_fields:
            value = getattr(self, name)
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, str) and one.startswith(("http://", "https://")):
                    yield one


class OpenInterface(Politeness):
    """Options of an interface that is documented as open to programs."""

    robots: RobotsPolicy = Field(
        default="ignore",
        description=(
            "Whether robots.txt is obeyed. It is not by default: this is an interface that is "
            "published for programs, with limits of its own."
        ),
    )


class KeyedInterface(OpenInterface):
    """Options of an interface that answers nobody without a secret.

    ``keyed_by`` is the option that holds it, or names its file; ``had_from`` is where one is had.
    """

    keyed_by: ClassVar[str]
    had_from: ClassVar[str]

    @model_validator(mode="after")
    def _has_its_secret(self) -> Self:
        name = self.keyed_by
        own, file = getattr(self, name), getattr(self, f"{name}_file")
        if own and file:
            raise ValueError(f"{name} and {name}_file are both given: keep one of them")
        if not own and not file:
            raise ValueError(
                f"{self.kind} answers nobody without {name}: give {name}_file, the file that holds "
                f"it; {self.had_from}"
            )
        return self


def secret_of(options: Politeness, name: str) -> str:
    """The secret option ``name``, or what stands in the file ``name_file``; empty if not given.

    Raises ``SourceError`` where the file is of no use.
    """
    secret: SecretStr | None = getattr(options, name)
    if secret:
        return secret.get_secret_value()
    file: Path | None = getattr(options, f"{name}_file", None)
    if not file:
        return ""
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not a text file"
        raise SourceError(
            Health.UNAUTHORIZED,
            f"{name}_file {file} cannot be read ({reason}): put the {name} there or correct it",
        ) from error
    if not text or not text.isprintable():
        raise SourceError(
            Health.UNAUTHORIZED, f"{name}_file {file} does not hold one {name} on one line"
        )
    return text
