"""The crawl process against real servers on the loopback interface: failures and bounds."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.domain import Deletion, Health, Observation
from spiders.rss import RssOptions
from tests.spiders.crawling import Crawled, crawled
from tests.spiders.feeds import item, rss
from tests.spiders.site import Answer, Asked, Site


def read(*urls: str, **how: object) -> Crawled:
    return crawled(RssOptions(urls=urls, delay_seconds=0), **how)  # type: ignore[arg-type]  # passed on as it is


def worker_processes() -> list[int]:
    """The crawl processes that this process has started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines())
        except (FileNotFoundError, ProcessLookupError, ValueError):
            continue
        if fields["PPid"] == str(os.getpid()) and fields["State"][0] != "Z":
            found.append(int(fields["Pid"]))
    return found


def test_a_feed_is_read_and_the_second_crawl_brings_nothing_twice(site: Site) -> None:
    url = site.says("/feed", rss(item(1, replies=3), item(2)))
    first = read(url)
    assert first.ids == ["post-1", "post-2"]
    assert first.health.health is Health.OK
    assert first.health.items == 2
    second = read(url, after=first)
    assert second.ids == []
    assert second.health.health is Health.OK


def test_an_unchanged_feed_is_not_sent_again(site: Site) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.headers.get("if-none-match") == '"v1"':
            return Answer(status=304)
        return Answer(body=rss(item(1)), headers={"ETag": '"v1"'})

    site.routes["/feed"] = answer
    first = read(f"{site.url}/feed")
    second = read(f"{site.url}/feed", after=first)
    assert (first.ids, second.ids) == (["post-1"], [])
    assert second.health.health is Health.OK
    assert second.cursors == ()


def test_a_dead_port_is_unreachable_and_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        result = read(f"http://127.0.0.1:{port}/feed", seconds=6)
    assert result.health.health is Health.UNREACHABLE
    assert f"127.0.0.1:{port}" in result.health.detail
    assert "refused" in result.health.detail


def test_a_name_that_does_not_exist_is_unreachable_and_named() -> None:
    result = read("http://nobody.invalid/feed", seconds=6)
    assert result.health.health is Health.UNREACHABLE
    assert "nobody.invalid:80" in result.health.detail


def test_robots_txt_is_obeyed_aloud_and_ignored_on_request(site: Site) -> None:
    site.says("/robots.txt", b"User-agent: *\nDisallow: /\n")
    url = site.says("/feed", rss(item(1)))
    refused = read(url)
    assert refused.health.health is Health.FORBIDDEN
    assert "robots.txt" in refused.health.detail
    assert refused.ids == []
    assert site.asked == []
    allowed = crawled(RssOptions(urls=(url,), delay_seconds=0, robots="ignore"))
    assert allowed.ids == ["post-1"]


@pytest.mark.parametrize(
    ("status", "health"),
    [
        (401, Health.UNAUTHORIZED),
        (403, Health.FORBIDDEN),
        (404, Health.UNREADABLE),
        (410, Health.UNREADABLE),
    ],
)
def test_a_refusal_has_its_name_and_says_the_address(
    site: Site, status: int, health: Health
) -> None:
    url = site.says("/feed", b"no", status)
    result = read(url)
    assert result.health.health is health
    assert url in result.health.detail
    assert str(status) in result.health.detail
    assert len(site.asked) == 1


def test_too_many_requests_wait_as_long_as_the_server_asks(site: Site) -> None:
    times: list[float] = []

    def answer(_asked: Asked) -> Answer:
        times.append(time.monotonic())
        if len(times) == 1:
            return Answer(status=429, headers={"Retry-After": "1"})
        return Answer(body=rss(item(1)))

    site.routes["/feed"] = answer
    result = read(f"{site.url}/feed")
    assert result.ids == ["post-1"]
    assert len(times) == 2
    assert times[1] - times[0] >= 1


def test_a_wait_beyond_the_time_limit_is_reported_at_once(site: Site) -> None:
    url = site.says("/feed", b"", 429, Retry_After="3600")
    result = read(url, seconds=20)
    assert result.health.health is Health.RATE_LIMITED
    assert "3600" in result.health.detail
    assert len(site.asked) == 1


def test_a_broken_server_is_asked_three_times(site: Site) -> None:
    result = read(site.says("/feed", b"", 502))
    assert result.health.health is Health.SERVER_ERROR
    assert len(site.asked) == 3


def test_rubbish_is_unreadable_and_shown_without_its_control_characters(site: Site) -> None:
    result = read(site.says("/feed", b"\x1b[2J\x07<h1>Sign in</h1>" * 20))
    assert result.health.health is Health.UNREADABLE
    assert "Sign in" in result.health.detail
    assert result.health.detail.isprintable()


def test_a_page_that_names_its_feed_is_a_hint(site: Site) -> None:
    page = b'<html><head><link rel="alternate" type="application/rss+xml" href="/real.xml">'
    result = read(site.says("/", page))
    assert result.health.health is Health.UNREADABLE
    assert "/real.xml" in result.health.detail


def test_a_feed_without_entries_is_empty(site: Site) -> None:
    result = read(site.says("/feed", rss()))
    assert result.health.health is Health.EMPTY


def test_one_dead_feed_does_not_silence_the_others(site: Site) -> None:
    good, bad = site.says("/good", rss(item(1))), site.says("/bad", b"", 403)
    result = read(bad, good)
    assert result.ids == ["post-1"]
    assert result.health.health is Health.FORBIDDEN
    assert "1 of 2" in result.health.detail
    assert [cursor.query for cursor in result.cursors] == [good]


def test_a_server_that_never_answers_ends_within_the_time_limit(site: Site) -> None:
    started = time.monotonic()
    result = read(site.hangs("/feed"), seconds=6)
    assert time.monotonic() - started < 8
    assert result.health.health in (Health.UNREACHABLE, Health.TIMED_OUT)
    assert site.url.removeprefix("http://") in result.health.detail
    assert result.cursors == ()


def test_what_the_time_cut_off_is_named_and_the_rest_is_kept(site: Site) -> None:
    site.says("/robots.txt", b"")
    good, slow = site.says("/good", rss(item(1))), site.hangs("/slow")
    result = read(good, slow, seconds=6)
    assert result.ids == ["post-1"]
    assert [cursor.query for cursor in result.cursors] == [good]
    assert "/slow" in result.health.detail or site.url[7:] in result.health.detail


def test_a_huge_answer_is_refused(site: Site) -> None:
    result = read(site.says("/feed", b" " * (11 * 1024 * 1024)))
    assert result.health.health is Health.UNREADABLE
    assert "larger than 10 MB" in result.health.detail


def test_a_small_answer_that_unpacks_into_a_huge_one_is_refused(site: Site) -> None:
    bomb = gzip.compress(b" " * (64 * 1024 * 1024))
    result = read(site.says("/feed", bomb, Content_Encoding="gzip"))
    assert result.health.health is Health.UNREADABLE
    assert "larger than 10 MB" in result.health.detail


def test_entities_that_multiply_are_not_unfolded(site: Site) -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(12))
    feed = f"<!DOCTYPE rss [{levels}]>" + rss(item(1, text="&l11;")).decode()
    result = read(site.says("/feed", feed.encode()))
    assert result.health.health in (Health.OK, Health.UNREADABLE)
    assert all(len(o.post.text) < 100_000 for o in result.observations)


def test_a_redirect_to_a_private_address_is_not_followed(site: Site, neighbour: Site) -> None:
    target = neighbour.says("/admin", rss(item(1)))
    url = site.says("/feed", b"", 302, Location=target)
    result = read(url)
    assert result.ids == []
    assert neighbour.asked == []
    assert result.health.health is Health.FORBIDDEN
    assert "127.0.0.2" in result.health.detail


@pytest.mark.parametrize("disguise", ["2130706434", "0x7f.2", "127.2", "[::ffff:127.0.0.2]"])
def test_a_private_address_in_disguise_is_not_followed(
    site: Site, neighbour: Site, disguise: str
) -> None:
    port = neighbour.url.rpartition(":")[2]
    neighbour.says("/admin", rss(item(1)))
    url = site.says("/feed", b"", 302, Location=f"http://{disguise}:{port}/admin")
    result = read(url, seconds=9)
    assert result.ids == []
    assert neighbour.asked == []
    assert result.health.health is not Health.OK


def test_a_redirect_on_the_same_host_is_followed(site: Site) -> None:
    site.says("/new", rss(item(1)))
    result = read(site.says("/old", b"", 301, Location="/new"))
    assert result.ids == ["post-1"]


def test_a_circle_of_redirects_ends(site: Site) -> None:
    result = read(site.says("/feed", b"", 302, Location="/feed"))
    assert result.health.health is Health.UNREADABLE
    assert "circle" in result.health.detail


def test_a_killed_crawl_keeps_its_posts_and_does_not_move_its_cursor(site: Site) -> None:
    site.says("/robots.txt", b"")
    good, slow = site.says("/good", rss(item(1))), site.hangs("/slow")

    def kill(_batch: Sequence[Observation | Deletion]) -> None:
        for pid in worker_processes():
            os.kill(pid, signal.SIGKILL)

    result = read(good, slow, on_batch=kill)
    assert result.ids == ["post-1"]
    assert result.cursors == ()
    assert result.health.health is Health.CRASHED
    assert "signal 9" in result.health.detail


def test_a_stopped_crawl_leaves_no_process_behind(site: Site) -> None:
    started = time.monotonic()
    result = read(site.hangs("/feed"), stop=lambda: bool(site.asked))
    assert time.monotonic() - started < 10
    assert result.cursors == ()
    assert result.health.health is Health.OK
    assert "stopped" in result.health.detail
    assert worker_processes() == []


def test_a_sink_that_fails_ends_the_crawl_with_its_own_error(site: Site) -> None:
    def full(_batch: Sequence[Observation | Deletion]) -> None:
        raise OSError("no space left on the disk")

    with pytest.raises(OSError, match="no space left"):
        read(site.says("/feed", rss(item(1))), on_batch=full)
    assert worker_processes() == []


def test_secrets_of_the_parent_do_not_reach_the_crawl_process(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "hunter2")
    environments: list[bytes] = []

    def look(_batch: Sequence[Observation | Deletion]) -> None:
        environments.extend(Path(f"/proc/{pid}/environ").read_bytes() for pid in worker_processes())

    site.says("/robots.txt", b"")
    read(site.says("/good", rss(item(1))), site.hangs("/slow"), on_batch=look, seconds=6)
    assert environments
    assert all(b"hunter2" not in environment for environment in environments)


def test_a_crawl_loads_no_model_library() -> None:
    code = (
        "import sys, spiders.worker; print(sorted({'torch', 'transformers', 'numpy', 'aiohttp'}"
        " & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
