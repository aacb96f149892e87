"""The settings of the web pages that links in messages lead to."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from alerts.channels.receiver import SecretError, read_secret
from alerts.links import SECRET_LENGTH

__all__ = ["WebSettings"]

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


class WebSettings(BaseModel):
    """Web pages by which people act from their messages; without them there are none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        description="How receivers reach it: https://pr.example.org, the reverse proxy's address."
    )
    listen: str = Field(
        default="127.0.0.1:8765",
        description="Where it listens, for the reverse proxy: a host and a port.",
    )
    secret: SecretStr | None = Field(
        default=None,
        description=f"What links are signed with: at least {SECRET_LENGTH} characters by chance.",
    )
    secret_file: Path | None = Field(
        default=None, description="A file that holds the secret, instead of secret."
    )

    @field_validator("url")
    @classmethod
    def _a_protected_address(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise ValueError("must be an address such as https://pr.example.org") from None
        local = host in _THIS_MACHINE
        if not host or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
            raise ValueError(
                "must begin with https:// (plain http only to this machine): "
                "whoever reads a link on its way could use it"
            )
        if parts.query or parts.fragment or "@" in parts.netloc or not value.isascii():
            raise ValueError("must be a plain address such as https://pr.example.org")
        return value.rstrip("/")

    @field_validator("listen")
    @classmethod
    def _a_host_and_a_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not (host and port.isascii() and port.isdigit() and int(port) <= 65535):
            raise ValueError("must be a host and a port, such as 127.0.0.1:8765")
        return value

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if (self.secret is None) == (self.secret_file is None):
            raise ValueError("give exactly one of secret and secret_file")
        if self.secret is not None:
            _long_enough(self.secret.get_secret_value())
        return self

    @property
    def address(self) -> tuple[str, int]:
        """The host and the port to listen at; port 0 is any that is free."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    def signing_secret(self) -> str:
        """The secret; raises ``SecretError`` where it cannot be had or is too short."""
        return _long_enough(read_secret(self.secret, self.secret_file))


def _long_enough(secret: str) -> str:
    if len(secret) < SECRET_LENGTH:
        raise SecretError(
            f"the secret of web: has {len(secret)} characters and must have at least "
            f"{SECRET_LENGTH}; make one with: openssl rand -hex 32"
        )
    return secret
