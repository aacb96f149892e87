"""The channels there are: the union of their options, and the channel for given options."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from alerts.channels.folder import FolderChannel, FolderOptions
from alerts.channels.receiver import Channel
from alerts.channels.slack import SlackChannel, SlackOptions
from alerts.channels.smtp import SmtpChannel, SmtpOptions

__all__ = ["ChannelOptions", "configured_channel"]

ChannelOptions: TypeAlias = Annotated[
    SlackOptions | SmtpOptions | FolderOptions, Field(discriminator="kind")
]


def configured_channel(options: SlackOptions | SmtpOptions | FolderOptions) -> Channel:
    """The channel that these options describe."""
    match options:
        case SlackOptions():
            return SlackChannel(options)
        case SmtpOptions():
            return SmtpChannel(options)
        case FolderOptions():
            return FolderChannel(options)
