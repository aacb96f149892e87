"""Channels from their options, and the examples in the documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from alerts.channels.apprise import AppriseChannel
from alerts.channels.configured import ChannelOptions, configured_channel
from alerts.channels.dingtalk import DingTalkChannel
from alerts.channels.feishu import FeishuChannel
from alerts.channels.folder import FolderChannel
from alerts.channels.slack import SlackChannel
from alerts.channels.slack_app import SlackAppChannel
from alerts.channels.smtp import SmtpChannel
from alerts.channels.wecom import WeComChannel
from alerts.i18n import Language, Reader
from alerts.trial import trial_letter
from monitor.domain import Level
from tests.alerts.examples import NOW

OPTIONS: TypeAdapter[Any] = TypeAdapter(ChannelOptions)
DOCUMENT = Path(__file__).parents[2] / "docs" / "alerts.md"

GIVEN: dict[str, dict[str, object]] = {
    "slack": {"webhook_url": "https://hooks.example.com/x"},
    "slack-app": {"channel": "C0ALERTS", "bot_token": "xoxb-1"},
    "smtp": {"host": "localhost", "sender": "a@example.com", "recipients": ["b@example.com"]},
    "folder": {"path": "sent"},
    "feishu": {"webhook_url": "https://open.feishu.example/hook/x"},
    "wecom": {"webhook_url": "https://qyapi.weixin.example/send?key=x"},
    "dingtalk": {"webhook_url": "https://oapi.dingtalk.example/send?access_token=x"},
    "apprise": {"url": "json://localhost"},
}


@pytest.mark.parametrize(
    ("kind", "channel"),
    [
        ("slack", SlackChannel),
        ("smtp", SmtpChannel),
        ("folder", FolderChannel),
        ("feishu", FeishuChannel),
        ("wecom", WeComChannel),
        ("dingtalk", DingTalkChannel),
        ("apprise", AppriseChannel),
        ("slack-app", SlackAppChannel),
    ],
)
def test_the_kind_says_which_channel_it_is(kind: str, channel: type) -> None:
    options = OPTIONS.validate_python({"kind": kind, "name": "c", **GIVEN[kind]})
    assert isinstance(configured_channel(options), channel)
    assert options.min_level is Level.HIGH
    assert options.reader == Reader(language=Language.ENGLISH, timezone="UTC")


def test_a_kind_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(ValidationError, match=r"'slack', 'slack-app', 'smtp', 'folder'"):
        OPTIONS.validate_python({"kind": "pigeon", "name": "c"})


@pytest.mark.parametrize("kind", GIVEN)
def test_every_option_is_described(kind: str) -> None:
    options = OPTIONS.validate_python({"kind": kind, "name": "c", **GIVEN[kind]})
    fields = type(options).model_fields
    assert [n for n, field in fields.items() if n != "kind" and not field.description] == []


@pytest.mark.parametrize("kind", GIVEN)
def test_every_channel_can_carry_a_test_that_says_it_is_one(kind: str) -> None:
    options = OPTIONS.validate_python({"kind": kind, "name": "c", **GIVEN[kind]})
    letter = trial_letter(options.name, options.reader, NOW)
    (delivery,) = configured_channel(options).write_letter(letter, key="test", now=NOW)
    assert delivery.subject == "[Test] Sparkwatch can reach you"
    assert delivery.key.startswith("test")
    assert (delivery.channel, delivery.due_at) == ("c", NOW)


def test_the_examples_in_the_documentation_are_valid() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.S)
    kinds = []
    for example in examples:
        for channel in yaml.safe_load(example)["alerts"]["channels"]:
            kinds.append(OPTIONS.validate_python(channel).kind)
    assert set(kinds) == set(GIVEN)


def test_the_documentation_links_to_sections_that_exist() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, re.M)
    }
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= headings
