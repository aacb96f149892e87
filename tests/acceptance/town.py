"""What stands around the program: a feed of complaints, a mail server and a Slack."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape

import attrs

from tests.acceptance.program import Program
from tests.alerts.mail_servers import Inbox, mail_server
from tests.alerts.slack_endpoint import SlackEndpoint, slack_endpoint
from tests.spiders.site import Site, site_at

__all__ = ["LATER", "STORY", "Town", "town"]

_LONG_AGO = "2000-01-01 00:00:00.000000"

USUAL = (
    "Acme Air kept us waiting forty minutes for a jet bridge, again.",
    "Why does the Acme Air app log me out every single time? Useless.",
    "Cold pasta and no water for two hours on Acme Air. Never again.",
    "The legroom on Acme Air is a joke, my knees are blue.",
    "Acme Air changed my gate three times and told nobody.",
    "Acme Air charged me twenty dollars for choosing a middle seat. Robbery.",
    "Two hours on hold with Acme Air and then they hung up on me.",
    "The Acme Air lounge was filthy and out of coffee.",
    "My Acme Air refund has been pending since spring. Disgraceful.",
    "Acme Air sold my seat to somebody else and shrugged.",
    "Broken screen, broken socket, broken seat: thanks for nothing, Acme Air.",
    "The Acme Air counter closed early and we missed our connection. Furious.",
)
VIDEO = "https://video.example/watch/wheelchair"
STORY = tuple(
    f"{said} {VIDEO}"
    for said in (
        "Acme Air crushed my daughter's wheelchair in the hold and the agent laughed. Shame!",
        "They broke a child's wheelchair! Acme Air crushed it and nobody says sorry.",
        "Just saw the crushed wheelchair come off the Acme Air belt. Disgusting.",
        "Acme Air crushed a girl's wheelchair and offers a voucher?! I am so angry.",
        "That crushed wheelchair on Acme Air is outrageous. Fire somebody!",
        "How do you crush a child's wheelchair, Acme Air? Absolutely disgraceful.",
    )
)
LATER = f"Acme Air still has not answered about the crushed wheelchair. Shameful! {VIDEO}"


@attrs.define
class Town:
    """The servers, and the folder in which somebody set Sparkwatch up to listen to them."""

    program: Program
    site: Site
    inbox: Inbox
    slack: SlackEndpoint
    items: list[str] = attrs.field(factory=list)
    usual_seconds: float = 0.0
    """How long one run takes here."""

    @property
    def config(self) -> Path:
        """The configuration that ``init`` wrote."""
        return self.program.folder / "sparkwatch.yaml"

    def say(self, texts: Sequence[str], *, hours_ago: float, every_hours: float = 0.0) -> None:
        """Add posts to the feed, the first so many hours ago and each next one later."""
        for number, text in enumerate(texts):
            said = datetime.now(UTC) - timedelta(hours=hours_ago - number * every_hours)
            name = f"p{len(self.items)}"
            self.items.append(
                f"<item><guid isPermaLink='false'>{name}</guid>"
                f"<link>{self.site.url}/{name}</link><dc:creator>{name} of the forum</dc:creator>"
                f"<description>{escape(text)}</description>"
                f"<pubDate>{format_datetime(said)}</pubDate></item>"
            )
        dublin = "xmlns:dc='http://purl.org/dc/elements/1.1/'"
        channel = f"<channel><title>Forum</title>{''.join(self.items)}</channel>"
        self.site.says("/feed.xml", f"<rss version='2.0' {dublin}>{channel}</rss>".encode())

    def set_up(self, *flags: str) -> None:
        """What a newcomer does: a feed, two mail addresses and a Slack channel."""
        (self.program.folder / "hook").write_text(self.slack.address)
        ended = self.program.run(
            "init", "--yes", "--brand", "Acme Air", "--source", f"{self.site.url}/feed.xml",
            "--email", "pr@example.org", "--email", "duty@example.org",
            "--smtp-host", f"127.0.0.1:{self.inbox.port}", "--slack-webhook-file", "hook", *flags,
        )  # fmt: skip  # one flag a word says no more
        assert ended.status == 0, ended.said
        # A day's learning and an audience take longer than a test: it has neither.
        self.rewrite(
            "alerts:\n",
            "alerts:\n  policy: {learning_hours: 0, spike_score: 2, critical_spike_score: 9999}\n",
        )

    def rewrite(self, old: str, new: str) -> None:
        """Change the configuration as its owner would."""
        text = self.config.read_text()
        assert old in text
        self.config.write_text(text.replace(old, new, 1))

    def moved_to(self, folder: Path) -> Town:
        """The same servers, listened to from a copy of the folder; nobody was told of anything."""
        shutil.copytree(self.program.folder, folder)
        self.inbox.letters.clear()
        self.slack.received.clear()
        return attrs.evolve(self, program=Program(folder))

    def let_pass(self) -> None:
        """Let every lease run out and every message that waits fall due, as in an hour's time."""
        with closing(sqlite3.connect(self.program.folder / "sparkwatch.db")) as store, store:
            store.execute("UPDATE notices SET due_at = ? WHERE state = 'waiting'", (_LONG_AGO,))
            store.execute("UPDATE leases SET held_until = ?", (_LONG_AGO,))
            store.execute("UPDATE outbox SET due_at = ? WHERE state = 'pending'", (_LONG_AGO,))
            store.execute("UPDATE outbox SET lease_until = ? WHERE state = 'sending'", (_LONG_AGO,))

    def sent(self) -> list[Path]:
        """The mails that the folder channel wrote."""
        return sorted((self.program.folder / "sent").glob("*.eml"))


@contextmanager
def town(folder: Path) -> Iterator[Town]:
    """Servers on 127.0.0.1, and a feed with what is usual."""
    with site_at("127.0.0.1") as site, mail_server() as inbox, slack_endpoint() as slack:
        made = Town(Program(folder), site, inbox, slack)
        made.say(USUAL, hours_ago=40, every_hours=3)
        yield made
