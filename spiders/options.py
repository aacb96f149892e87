"""The options that every kind of source has."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from spiders.addresses import checked_web_address

__all__ = ["Politeness", "RobotsPolicy", "WebAddress"]

RobotsPolicy = Literal["obey", "ignore"]
WebAddress = Annotated[str, AfterValidator(checked_web_address)]


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
        """The addresses that the operator vouches for; each kind says which these are."""
        return ()
