"""Buttons while the program runs: a process of its own, over Socket Mode."""

from __future__ import annotations

import signal
from contextlib import closing
from pathlib import Path

from alerts.channels.slack_controls import Control
from config.load import load
from monitor import app
from monitor.casework import Handling
from monitor.store.store import Store
from tests.acceptance.program import Program
from tests.alerts.slack_service import APP_TOKEN, BOT_TOKEN, CHANNEL, SlackService
from tests.slack.office import Office

TWO_CHANNELS = """
brands:
  - name: Acme Air
alerts:
  channels:
    - {kind: slack-app, name: en, channel: C01, bot_token: xoxb-1, app_token: xapp-1}
    - {kind: slack-app, name: zh, channel: C02, bot_token: xoxb-1, app_token: xapp-1}
    - {kind: slack-app, name: other, channel: C03, bot_token: xoxb-2, app_token_file: app}
    - {kind: slack-app, name: requests, channel: C04, bot_token: xoxb-1, signing_secret: s}
    - {kind: slack, name: webhook, webhook_url: https://hooks.example.com/x}
"""

CONFIG = f"""
brands:
  - name: Acme Air
people:
  - name: Mei
    slack: U01
alerts:
  channels:
    - kind: slack-app
      name: pr
      channel: {CHANNEL}
      bot_token_file: bot
      app_token_file: app
      api_url: %s
"""


def test_a_button_works_while_sparkwatch_runs(tmp_path: Path, slack: SlackService) -> None:
    (tmp_path / "sparkwatch.yaml").write_text(CONFIG % slack.address)
    (tmp_path / "bot").write_text(BOT_TOKEN)
    (tmp_path / "app").write_text(APP_TOKEN)
    with (
        closing(Store.open(f"sqlite:///{tmp_path}/sparkwatch.db")) as store,
        closing(Office(store, slack)) as office,
    ):
        office.tell()
        with Program(tmp_path).started("run") as process:
            slack.wait_until(lambda: bool(slack.sockets))
            slack.send_by_socket(slack.press(slack.messages[0], Control.ACKNOWLEDGE))
            slack.wait_until(lambda: bool(slack.acknowledged))
            process.send_signal(signal.SIGTERM)
            _, complained = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "secret" not in complained
        case = office.case()
        assert (case.handling, case.owner) == (Handling.ACKNOWLEDGED, "Mei")


def test_channels_of_one_app_share_one_connection(tmp_path: Path) -> None:
    path = tmp_path / "sparkwatch.yaml"
    path.write_text(TWO_CHANNELS)
    settings = load(path)
    with (
        closing(app.open_store(settings)) as store,
        closing(app.slack_desk(settings, store)) as desk,
    ):
        assert len(app.slack_sockets(settings, desk)) == 2
