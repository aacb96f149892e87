"""The folder that stands in for people in the demo and in dry runs."""

from __future__ import annotations

import json
from email import message_from_bytes
from pathlib import Path

import pytest

from alerts.channels.folder import FolderChannel, FolderOptions
from alerts.digest import digest_letter
from alerts.outcome import Refused, Retry, Sent
from tests.alerts.examples import BRIEFS, BUSY_WEEK, DELTA, NOW
from tests.alerts.slack_endpoint import problems


def channel(path: Path) -> FolderChannel:
    return FolderChannel(FolderOptions(kind="folder", name="dry-run", path=path))


@pytest.mark.parametrize("name", BRIEFS)
def test_an_alert_is_left_as_a_mail_as_blocks_and_as_a_page(tmp_path: Path, name: str) -> None:
    folder = channel(tmp_path / "out")
    (written,) = folder.write_alert(BRIEFS[name], key="k", now=NOW)
    assert folder.send(written) == Sent()
    files = sorted((tmp_path / "out").iterdir())
    assert [file.suffix for file in files] == [".eml", ".html", ".json"]
    assert {file.name[:15] for file in files} == {"20261118-014700"}
    mail, page, blocks = files
    assert message_from_bytes(mail.read_bytes())["Subject"]
    assert "<!DOCTYPE html>" in page.read_text(encoding="utf-8")
    assert problems(json.loads(blocks.read_text(encoding="utf-8"))) == []


def test_a_page_holds_its_pictures(tmp_path: Path) -> None:
    folder = channel(tmp_path)
    (written,) = folder.write_letter(digest_letter(BUSY_WEEK), key="k", now=NOW)
    folder.send(written)
    (page,) = tmp_path.glob("*.html")
    text = page.read_text(encoding="utf-8")
    assert text.count('src="data:image/png;base64,') == 2
    assert "cid:" not in text


def test_sending_again_changes_nothing(tmp_path: Path) -> None:
    folder = channel(tmp_path)
    (written,) = folder.write_alert(DELTA, key="k", now=NOW)
    folder.send(written)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    folder.send(written, perhaps_repeated=True)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_two_messages_at_one_moment_have_names_of_their_own(tmp_path: Path) -> None:
    folder = channel(tmp_path)
    for key in ("one", "two"):
        (written,) = folder.write_alert(DELTA, key=key, now=NOW)
        folder.send(written)
    assert len(list(tmp_path.glob("*.eml"))) == 2


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    folder = channel(tmp_path / "taken")
    probed = folder.probe()
    assert isinstance(probed, Refused)
    assert str(tmp_path / "taken") in probed.reason
    (written,) = folder.write_alert(DELTA, key="k", now=NOW)
    sent = folder.send(written)
    assert isinstance(sent, Retry)
    assert str(tmp_path / "taken") in sent.reason


def test_a_folder_that_can_be_written_to_is_fine(tmp_path: Path) -> None:
    assert channel(tmp_path / "new").probe() == Sent()
