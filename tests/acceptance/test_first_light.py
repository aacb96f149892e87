"""From a public post on a real server to an alert in a real inbox, as a newcomer sets it up."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.program import Ended
from tests.acceptance.town import LATER, STORY, Town, town
from tests.alerts.mail_servers import scripted_server


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town that was listened to once, before anything happened."""
    with town(tmp_path_factory.mktemp("quiet")) as made:
        made.set_up()
        checked = made.program.run("check")
        assert checked.status == 0, checked.said
        assert "Everything that was tried works" in checked.said
        first = made.program.run("run", "--once")
        assert first.status == 0, first.said
        assert made.inbox.letters == []
        assert made.slack.received == []
        made.usual_seconds = first.seconds
        made.say(STORY, hours_ago=0.4, every_hours=0.05)
        yield made


@pytest.fixture
def here(quiet: Town, tmp_path: Path) -> Town:
    """That town once the story is out, in a folder of the test's own."""
    return quiet.moved_to(tmp_path / "here")


def addressed(letters: list[EmailMessage]) -> list[str]:
    return sorted(letter["To"] for letter in letters)


def everybody_was_told_once(there: Town, *, of_the_source: int = 0) -> None:
    """``of_the_source`` is how often everybody was told of the feed itself."""
    receivers = ["duty@example.org", "pr@example.org"]
    told = [letter for letter in there.inbox.letters if "[Source]" not in letter["Subject"]]
    assert addressed(told) == receivers
    assert len(there.inbox.letters) == len(receivers) * (1 + of_the_source)
    assert len(there.slack.received) == 1 + of_the_source
    assert len(there.sent()) == 1 + of_the_source


def one_clear_message(ended: Ended, *words: str, status: int = 1) -> None:
    assert ended.status == status, ended.said
    assert "Traceback" not in ended.said
    for word in words:
        assert word in ended.said
    loud = [line for line in ended.errors.splitlines() if "[info" not in line]
    assert len(loud) <= 3, ended.errors


def delivered_by_the_next_run(there: Town, *, of_the_source: int = 0) -> None:
    there.let_pass()
    ended = there.program.run("run", "--once")
    assert ended.status == 0, ended.said
    everybody_was_told_once(there, of_the_source=of_the_source)


def test_a_story_is_told_once_to_everybody_and_can_be_looked_up(here: Town) -> None:
    ran = here.program.run("run", "--once")
    assert ran.status == 0, ran.said
    everybody_was_told_once(here)
    letter = here.inbox.letters[0]
    assert "wheelchair" in letter["Subject"]
    assert letter["Subject"].startswith("[High] Acme Air")
    body = letter.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "6 posts by 6 people within 1 hour" in text
    assert f"{here.site.url}/p" in text
    [message] = here.slack.received
    assert "wheelchair" in message["text"]
    assert "wheelchair" in _words_of(message)

    listed = here.program.run("incidents")
    assert "crushed" in listed.output
    assert "High" in listed.output
    identity = listed.output.splitlines()[1].split()[0]
    shown = here.program.run("show", identity[:4])
    assert "mail: sent" in shown.output
    assert "Why" not in shown.errors
    written = here.program.run("digest", "-o", "week.html")
    assert written.status == 0, written.said
    assert "wheelchair" in (here.program.folder / "week.txt").read_text()

    here.say([LATER], hours_ago=0.01)
    once_more = here.program.run("run", "--once")
    assert once_more.status == 0, once_more.said
    everybody_was_told_once(here)
    assert "7 posts by 7 people" in here.program.run("show", identity).output


def _words_of(message: Mapping[str, Any]) -> str:
    return str(message["blocks"])


def test_a_bad_configuration_is_told_with_its_line(here: Town) -> None:
    here.rewrite("timezone: UTC", "timezone: Mars/Olympus")
    ended = here.program.run("run", "--once")
    lines = here.config.read_text().splitlines()
    line = lines.index("timezone: Mars/Olympus  # of alerts and digests") + 1
    one_clear_message(ended, f"sparkwatch.yaml:{line}: timezone:", "Mars/Olympus")


def test_a_missing_model_is_told_before_anything_is_crawled(here: Town) -> None:
    here.rewrite("model: embedded", "model: ./no-such-model")
    asked = len(here.site.asked)
    one_clear_message(here.program.run("run", "--once"), "no-such-model")
    assert len(here.site.asked) == asked


def test_a_dead_server_and_a_feed_of_rubbish_are_told_and_the_posts_come_afterwards(
    here: Town,
) -> None:
    here.rewrite(here.site.url, "http://127.0.0.1:1")
    dead = here.program.run("run", "--once")
    one_clear_message(dead, "source=feed", "127.0.0.1:1", status=0)

    here.site.says("/rubbish", b"\x1b[31mnot a feed\x07 at all")
    here.rewrite("http://127.0.0.1:1/feed.xml", f"{here.site.url}/rubbish")
    rubbish = here.program.run("run", "--once")
    one_clear_message(rubbish, "source=feed", "health=unreadable", status=0)
    assert all(line.isprintable() for line in rubbish.errors.splitlines())

    here.rewrite("/rubbish", "/feed.xml")
    delivered_by_the_next_run(here, of_the_source=2)
    subjects = {letter["Subject"] for letter in here.inbox.letters}
    assert subjects >= {"[Source] feed cannot be relied on", "[Source] feed is well again"}


def test_a_wrong_mail_password_is_told_and_the_mails_wait(here: Town) -> None:
    (here.program.folder / "smtp-password").write_text("wrong")
    port = f"port: {here.inbox.port}\n"
    replies = {"EHLO": "250-here\r\n250 AUTH PLAIN LOGIN", "AUTH": "535 5.7.8 no"}
    with scripted_server(replies) as refusing:
        login = f"port: {refusing}\n      username: pr\n      password_file: smtp-password\n"
        here.rewrite(port, login)
        ended = here.program.run("run", "--once")
    assert ended.status == 0, ended.said
    assert "Traceback" not in ended.said
    assert "does not accept username and password (535); check both" in ended.said
    assert "wrong" not in ended.said
    assert here.inbox.letters == []
    assert len(here.slack.received) == 1, "one channel's trouble is not another's"
    here.rewrite(login, port)
    delivered_by_the_next_run(here)


def test_a_full_disk_is_told_and_nothing_is_lost(here: Town) -> None:
    size = (here.program.folder / "sparkwatch.db").stat().st_size

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40_000, size + 40_000))

    ended = here.program.run("run", "--once", limit=full)
    assert ended.status == 1, ended.said
    assert "Traceback" not in ended.said
    assert "sparkwatch.db" in ended.said
    assert here.inbox.letters == []
    delivered_by_the_next_run(here)


def test_a_run_that_is_killed_again_and_again_loses_nothing(here: Town) -> None:
    for attempt in range(4):
        with here.program.started("run", "--once") as process:
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=here.usual_seconds * (0.4 + 0.2 * attempt))
            process.kill()
        here.let_pass()
    ended = here.program.run("run", "--once")
    assert ended.status == 0, ended.said
    letters = {letter["Message-ID"]: letter for letter in here.inbox.letters}
    assert addressed(list(letters.values())) == ["duty@example.org", "pr@example.org"]
    first, *repeats = here.slack.received
    assert "repeat" not in first["text"]
    assert all(message["text"].endswith(first["text"]) for message in repeats)
    assert all("may be a repeat" in message["text"] for message in repeats)
    assert len(here.sent()) == 1
