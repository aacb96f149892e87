"""Servers that nobody here wrote, filled with posts and crawled end to end.

They are started by ``.ci/servers.sh``, which prints the variables that these tests read.
"""

from __future__ import annotations

import json
import os
import urllib.parse
import urllib.request
import xmlrpc.client
from typing import Any

import pytest
from pydantic import SecretStr

from monitor.domain import Health
from spiders.mastodon import MastodonOptions
from spiders.rss import RssOptions
from spiders.sources.isso import IssoOptions
from tests.spiders.crawling import crawled

pytestmark = pytest.mark.live


def needed(*names: str) -> tuple[str, ...]:
    """The values of environment variables that ``.ci/servers.sh start`` prints."""
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        pytest.skip(f"{', '.join(missing)} not set: start the servers with .ci/servers.sh")
    return tuple(os.environ[name] for name in names)


class WordPress:
    """A WordPress site, as an editor uses it: through its XML-RPC interface."""

    def __init__(self) -> None:
        self.url, self._user, self._password = needed(
            "SPARKWATCH_LIVE_WORDPRESS",
            "SPARKWATCH_LIVE_WORDPRESS_USER",
            "SPARKWATCH_LIVE_WORDPRESS_PASSWORD",
        )
        self._rpc = xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc.php")

    def _call(self, method: str, *arguments: Any) -> str:
        call = getattr(self._rpc.wp, method)
        return str(call(1, self._user, self._password, *arguments))

    def post(self, title: str, html: str) -> str:
        content = {
            "post_type": "post",
            "post_status": "publish",
            "comment_status": "open",
            "post_title": title,
            "post_content": html,
        }
        return self._call("newPost", content)

    def comment(self, post: str, words: str) -> str:
        return self._call("newComment", post, {"content": words})

    def options(self) -> RssOptions:
        return RssOptions(
            urls=(f"{self.url}/?feed=rss2", f"{self.url}/?feed=comments-rss2"), delay_seconds=0
        )


def test_wordpress_posts_and_comments_are_read_counted_and_not_read_twice() -> None:
    site = WordPress()
    before = crawled(site.options())
    post = site.post(
        "Four bags, $2,800 & no shame",
        "<p>Flown home from <b>Afghanistan</b>, charged at the gate.</p><p>达美航空太过分了 😡</p>",
    )
    site.comment(post, "Same happened to us — “rules are rules”")
    site.comment(post, "never flying with them again")

    first = crawled(site.options(), after=before)
    assert first.health.health is Health.OK
    found = {o.post.text: o for o in first.observations}
    article = found[
        "Four bags, $2,800 & no shame\n"
        "Flown home from Afghanistan, charged at the gate.\n达美航空太过分了 😡"
    ]
    assert article.snapshot is not None
    assert article.snapshot.replies == 2
    assert article.post.url == f"{site.url}/?p={post}"
    reply = found["Same happened to us — “rules are rules”"]
    assert reply.post.thread == article.post.key
    assert "never flying with them again" in found

    assert crawled(site.options(), after=first).ids == []

    site.comment(post, "and now three")
    third = crawled(site.options(), after=first)
    counted = {o.post.key: o.snapshot for o in third.observations}[article.post.key]
    assert counted is not None
    assert counted.replies == 3


class Snac:
    """A snac server, as a client uses it: through the Mastodon API."""

    def __init__(self) -> None:
        self.url, self.user, self.token = needed(
            "SPARKWATCH_LIVE_SNAC", "SPARKWATCH_LIVE_SNAC_USER", "SPARKWATCH_LIVE_SNAC_TOKEN"
        )

    def _ask(self, method: str, path: str, **fields: str) -> Any:
        request = urllib.request.Request(  # noqa: S310  the address is the test's own server
            self.url + path,
            method=method,
            data=urllib.parse.urlencode(fields).encode() if fields else None,
            headers={"Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  the same
            return json.loads(answer.read() or b"null")

    def post(self, words: str, **fields: str) -> str:
        return str(self._ask("POST", "/api/v1/statuses", status=words, **fields)["id"])

    def options(self, **where: Any) -> MastodonOptions:
        """snac's robots.txt forbids everything to crawlers; this is its own operator speaking."""
        return MastodonOptions(
            server=self.url,
            token=SecretStr(self.token),
            robots="ignore",
            delay_seconds=0,
            **where,
        )


def test_snac_posts_are_read_by_hashtag_account_and_timeline() -> None:
    server = Snac()
    first = server.post("Four bags, $2,800. Shame. #deltabags")
    second = server.post("达美航空收了我们两千八 😡 #deltabags")
    reply = server.post("and no refund", in_reply_to_id=first)

    by_tag = crawled(server.options(hashtags=("deltabags",)))
    assert by_tag.health.health is Health.OK
    assert set(by_tag.ids) >= {first, second}
    posts = {o.post.key.native_id: o.post for o in by_tag.observations}
    assert posts[second].text == "达美航空收了我们两千八 😡 #deltabags"
    author = posts[first].author
    assert author is not None
    assert str(author.handle).startswith(f"{server.user}@127.0.0.1")

    by_account = crawled(server.options(accounts=(server.user,)))
    replies = {o.post.key.native_id: o.post.parent for o in by_account.observations}
    assert replies[reply] is not None
    assert crawled(server.options(accounts=(server.user,)), after=by_account).ids == []
    assert set(crawled(server.options(timeline=True)).ids) >= {first, second}


def test_snac_posts_are_paged_and_only_the_new_ones_come_next_time() -> None:
    server = Snac()
    options = server.options(hashtags=("manybags",))
    many = {server.post(f"bag {n} #manybags") for n in range(45)}
    first = crawled(options)
    assert set(first.ids) >= many
    assert len(first.ids) == len(set(first.ids))
    late = server.post("one more #manybags")
    assert crawled(options, after=first).ids == [late]


def test_snac_counters_are_refreshed_and_a_post_that_it_does_not_hold_is_a_deletion() -> None:
    server = Snac()
    kept = server.post("kept")
    gone = kept[:-8] + "00000000"
    server.post("an answer", in_reply_to_id=kept)
    result = crawled(server.options(hashtags=("none",)), refresh=(kept, gone))
    [observation] = result.observations
    assert observation.post.key.native_id == kept
    assert observation.snapshot is not None
    assert observation.snapshot.replies == 1
    assert [d.key.native_id for d in result.deletions] == [gone]


def test_snac_forbids_robots_and_that_is_said() -> None:
    server = Snac()
    obeying = server.options(hashtags=("deltabags",)).model_copy(update={"robots": "obey"})
    result = crawled(obeying)
    assert result.ids == []
    assert result.health.health is Health.FORBIDDEN
    assert "robots.txt" in result.health.detail


def test_snac_without_a_token_refuses_the_refresh_aloud() -> None:
    server = Snac()
    without = server.options(hashtags=("none",)).model_copy(update={"token": None})
    result = crawled(without, refresh=(server.post("x"),))
    assert result.health.health is Health.UNAUTHORIZED
    assert result.deletions == ()


class Isso:
    """A server of comments, as the visitors of one page use it."""

    def __init__(self, page: str) -> None:
        (self.url,) = needed("SPARKWATCH_LIVE_ISSO")
        self.page = page

    def comment(self, words: str, author: str, parent: str | None = None) -> str:
        said = {
            "text": words,
            "author": author,
            "title": "A page",
            "parent": parent and int(parent),
        }
        request = urllib.request.Request(  # noqa: S310  the address is the test's own server
            f"{self.url}/new?{urllib.parse.urlencode({'uri': self.page})}",
            data=json.dumps({name: value for name, value in said.items() if value}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  the same
            return str(json.loads(answer.read())["id"])

    def options(self) -> IssoOptions:
        return IssoOptions(server=self.url, delay_seconds=0)


def test_isso_comments_come_once_with_their_elders_and_are_seen_again() -> None:
    server = Isso("/lost-baggage/")
    before = crawled(server.options())
    first = server.comment("They **lost** my bag & nobody answers 😡", "Ann")
    second = server.comment("行李丢了，没有人管。", "王小明", parent=first)
    found = crawled(server.options(), after=before)
    assert found.health.health is Health.OK
    assert found.ids == [first, second]
    ann, answer = found.observations
    assert ann.post.text == "They lost my bag & nobody answers 😡"
    assert ann.post.author is not None
    assert ann.post.author.handle == "Ann"
    assert ann.snapshot is not None
    assert ann.snapshot.likes == 0
    assert answer.post.parent == ann.post.key
    assert answer.post.thread == ann.post.thread
    assert crawled(server.options(), after=found).ids == []
    assert crawled(server.options(), after=found, refresh=(first,)).ids == [first]


def test_the_feed_of_an_isso_page_tells_the_same() -> None:
    server = Isso("/four-bags/")
    first = server.comment("Never again", "Ann")
    second = server.comment("Nor I", "Bob", parent=first)
    feed = f"{server.url}/feed?uri={server.page}"
    seen = crawled(RssOptions(urls=(feed,), delay_seconds=0))
    assert seen.health.health is Health.OK
    said, reply = sorted(seen.observations, key=lambda o: o.post.text.endswith("Nor I"))
    assert said.post.text.endswith("Never again")
    assert reply.post.parent == said.post.key
    assert reply.post.url == f"{server.url}{server.page}#isso-{second}"
    assert [o.post.author.name for o in (said, reply) if o.post.author] == ["Ann", "Bob"]
