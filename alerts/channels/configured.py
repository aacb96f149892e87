"""The channels there are: the union of their options, and the channel for given options."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from alerts.channels.apprise import AppriseChannel, AppriseOptions
from alerts.channels.dingtalk import DingTalkChannel, DingTalkOptions
from alerts.channels.feishu import FeishuChannel, FeishuOptions
from alerts.channels.folder import FolderChannel, FolderOptions
from alerts.channels.receiver import Channel
from alerts.channels.slack import SlackChannel, SlackOptions
from alerts.channels.slack_app import SlackAppChannel, SlackAppOptions
from alerts.channels.smtp import SmtpChannel, SmtpOptions
from alerts.channels.wecom import WeComChannel, WeComOptions
from alerts.links import ActionLinks
from alerts.people import People

__all__ = ["ChannelOptions", "configured_channel"]

AnyOptions: TypeAlias = (
    SlackOptions
    | SlackAppOptions
    | SmtpOptions
    | FolderOptions
    | FeishuOptions
    | WeComOptions
    | DingTalkOptions
    | AppriseOptions
)
ChannelOptions: TypeAlias = Annotated[AnyOptions, Field(discriminator="kind")]


_NOBODY = People(())


def configured_channel(
    options: AnyOptions, people: People = _NOBODY, links: ActionLinks | None = None
) -> Channel:
    """The channel that these options describe.

    ``people`` are those who may act on its alerts, ``links`` by what they do so from a mail.
    """
    match options:
        case SlackOptions():
            return SlackChannel(options)
        case SlackAppOptions():
            return SlackAppChannel(options, people)
        case SmtpOptions():
            return SmtpChannel(options, links=links)
        case FolderOptions():
            return FolderChannel(options)
        case FeishuOptions():
            return FeishuChannel(options)
        case WeComOptions():
            return WeComChannel(options)
        case DingTalkOptions():
            return DingTalkChannel(options)
        case AppriseOptions():
            return AppriseChannel(options)
