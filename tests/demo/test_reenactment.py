"""The re-enactment keeps the promises of the README that lies beside it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import opencc
import pytest
import yaml

from monitor.archive import read
from monitor.domain import Brand, EngagementSnapshot, MediaKind, Observation, Post, PostKey

DEMO = Path(__file__).parents[2] / "monitor" / "demo"
ARCHIVE = DEMO / "reenactment.jsonl"
EASTERN = timezone(timedelta(hours=-4), "EDT")
SUNDAY = datetime(2011, 6, 5, tzinfo=EASTERN)
POSTED = datetime(2011, 6, 7, 22, 40, tzinfo=EASTERN)
WEDNESDAY_AFTERNOON = datetime(2011, 6, 8, 15, 0, tzinfo=EASTERN)
THURSDAY = datetime(2011, 6, 9, tzinfo=EASTERN)
VIDEO = PostKey("youtube-import", "re-fourthbag")
OWN_ACCOUNT = "Delta"

TO_SIMPLIFIED = opencc.OpenCC("t2s")
TO_TRADITIONAL = opencc.OpenCC("s2t")


@pytest.fixture(scope="module")
def observations() -> list[Observation]:
    return list(read(ARCHIVE))


@pytest.fixture(scope="module")
def posts(observations: list[Observation]) -> dict[PostKey, Post]:
    return {observation.post.key: observation.post for observation in observations}


@pytest.fixture(scope="module")
def video(observations: list[Observation]) -> list[EngagementSnapshot]:
    return [
        observation.snapshot
        for observation in observations
        if observation.post.key == VIDEO and observation.snapshot
    ]


@pytest.fixture(scope="module")
def brand() -> Brand:
    settings = yaml.safe_load((DEMO / "demo.yaml").read_text(encoding="utf-8"))["brands"][0]
    return Brand(
        id="delta",
        name=settings["name"],
        aliases=tuple(settings["aliases"]),
        handles=tuple(settings["handles"]),
        required=tuple(settings["required"]),
        excluded=tuple(settings["excluded"]),
    )


@cache
def simplified(text: str) -> str:
    return str(TO_SIMPLIFIED.convert(text))


@cache
def traditional(text: str) -> str:
    return str(TO_TRADITIONAL.convert(text))


def folded(text: str) -> str:
    return simplified(text).casefold()


def holds(text: str, words: tuple[str, ...]) -> bool:
    """Whether one of the words stands in the text; Chinese ones need no boundary."""
    return any(
        re.search(rf"(?<![a-z0-9_]){re.escape(word)}(?![a-z0-9_])", text)
        if word.isascii()
        else word in text
        for word in map(folded, words)
    )


def is_about(post: Post, brand: Brand) -> bool:
    """A plain reading of what ``Brand`` says of itself."""
    text = folded(post.text)
    if holds(text, brand.handles):
        return True
    if holds(text, brand.excluded):
        return False
    return holds(text, (brand.name,)) or (
        holds(text, brand.aliases) and holds(text, brand.required)
    )


def script(text: str) -> str:
    if len(re.findall(r"[\u4e00-\u9fff]", text)) < 3:
        return "Latn"
    to_simple, to_traditional = (
        sum(a != b for a, b in zip(text, convert(text), strict=True))
        for convert in (simplified, traditional)
    )
    return "Hant" if to_simple > to_traditional else "Hans"


def test_every_line_can_be_read() -> None:
    archive = read(ARCHIVE)
    assert len(list(archive)) == 691
    assert archive.rejected == []
    assert archive.unknown == {}


def test_what_is_unknown_is_absent_and_every_time_carries_its_offset() -> None:
    for line in ARCHIVE.read_text(encoding="utf-8").splitlines():
        row: Mapping[str, object] = json.loads(line)
        assert None not in row.values()
        assert "" not in row.values()
        assert row.get("followers") != 0
        for field in ("published_at", "observed_at"):
            assert re.fullmatch(
                r"2011-06-0\dT\d\d:\d\d:\d\d(-04|\+08):00",
                str(row.get(field, row["published_at"])),
            )


def test_lines_stand_in_the_order_in_which_they_were_observed(
    observations: list[Observation],
) -> None:
    times = [observation.observed_at for observation in observations]
    assert times == sorted(times)
    assert all(each.post.published_at <= each.observed_at for each in observations)


def test_nothing_is_observed_twice_at_the_same_moment(observations: list[Observation]) -> None:
    counts = Counter((each.post.key, each.observed_at.astimezone(UTC)) for each in observations)
    assert max(counts.values()) == 1


def test_a_post_is_the_same_in_every_observation_of_it(
    observations: list[Observation], posts: dict[PostKey, Post]
) -> None:
    assert all(each.post == posts[each.post.key] for each in observations)


def test_it_lasts_four_days_in_eastern_time_and_none_is_empty(
    observations: list[Observation], posts: dict[PostKey, Post]
) -> None:
    days = Counter((post.published_at - SUNDAY).days for post in posts.values())
    assert sorted(days) == [0, 1, 2, 3]
    assert min(days.values()) >= 90
    assert max(each.observed_at for each in observations) < THURSDAY


def test_english_and_both_chinese_scripts_have_the_shares_that_the_readme_names(
    posts: dict[PostKey, Post],
) -> None:
    shares = Counter(script(post.text) for post in posts.values())
    assert shares == {"Latn": 343, "Hans": 139, "Hant": 73}


def test_nobody_in_it_is_real(posts: dict[PostKey, Post]) -> None:
    handles = {post.author.handle for post in posts.values() if post.author and post.author.handle}
    invented = handles - {OWN_ACCOUNT}
    assert len(invented) >= 150
    assert all(handle.endswith(".example") for handle in invented)
    known = {handle.partition("@")[0] for handle in handles}
    spoken_to = {name for post in posts.values() for name in re.findall(r"@(\w+)", post.text)}
    assert spoken_to <= known
    assert "Delta" in spoken_to


def test_every_address_is_in_a_domain_that_is_reserved_for_examples(
    posts: dict[PostKey, Post],
) -> None:
    hosts = {urlsplit(post.url or "").hostname or "" for post in posts.values()}
    assert all(host == "example.org" or host.endswith(".example") for host in hosts)
    assert not any(re.search(r"https?:|www\.", post.text) for post in posts.values())


def test_replies_answer_earlier_posts_of_the_same_source(posts: dict[PostKey, Post]) -> None:
    replies = [post for post in posts.values() if post.parent]
    assert len(replies) >= 50
    for post in replies:
        assert post.parent
        assert post.thread
        assert posts[post.parent].published_at < post.published_at
        assert posts[post.thread].parent is None


def test_only_reposts_repeat_the_words_of_others(posts: dict[PostKey, Post]) -> None:
    originals = [post for post in posts.values() if not post.text.startswith(("RT @", "//@"))]
    assert len(posts) - len(originals) >= 10
    assert len({folded(post.text) for post in originals}) == len(originals)


def test_the_rules_of_the_brand_leave_out_its_namesakes_and_nothing_else_but_bare_replies(
    posts: dict[PostKey, Post], brand: Brand
) -> None:
    missed = [post for post in posts.values() if not is_about(post, brand)]
    namesakes = [post for post in missed if post.parent is None]
    assert len(namesakes) == 17
    assert all(holds(folded(post.text), brand.excluded) for post in namesakes)
    assert len(missed) - len(namesakes) <= 20
    for reply in missed:
        assert reply.thread is None or is_about(posts[reply.thread], brand)


def test_the_video_is_posted_late_on_tuesday(posts: dict[PostKey, Post]) -> None:
    post = posts[VIDEO]
    assert post.media is MediaKind.VIDEO
    assert timedelta() <= post.published_at - POSTED < timedelta(minutes=1)


def test_the_counters_of_the_video_only_grow_and_its_views_are_hidden_once(
    video: list[EngagementSnapshot],
) -> None:
    for counts in zip(*((s.likes, s.shares, s.replies) for s in video), strict=True):
        seen = [count for count in counts if count is not None]
        assert seen == sorted(seen)
        assert len(seen) == len(video)
    views = [snapshot.views for snapshot in video]
    assert views.count(None) == 1
    shown = [count for count in views if count is not None]
    assert shown == sorted(set(shown))
    assert shown[0] == 0


def test_the_video_is_polled_every_quarter_hour_for_six_hours_and_every_half_hour_after(
    video: list[EngagementSnapshot],
) -> None:
    times = [snapshot.taken_at for snapshot in video]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    minutes = [round(gap / timedelta(minutes=1)) for gap in gaps]
    assert len(minutes) == 62
    assert all(14 <= gap <= 16 for gap in minutes[:24])
    assert all(29 <= gap <= 31 for gap in minutes[24:])


def test_the_video_has_about_two_hundred_thousand_views_by_wednesday_afternoon(
    video: list[EngagementSnapshot],
) -> None:
    shown = [(snapshot.taken_at, snapshot.views) for snapshot in video if snapshot.views]
    before = max((at, views) for at, views in shown if at <= WEDNESDAY_AFTERNOON)
    after = min((at, views) for at, views in shown if at > WEDNESDAY_AFTERNOON)
    assert 180_000 <= before[1] <= after[1] <= 220_000


def test_the_views_are_steepest_on_wednesday_morning(video: list[EngagementSnapshot]) -> None:
    def views_at(hour: int) -> int:
        until = datetime(2011, 6, 8, hour, 30, tzinfo=EASTERN)
        return max(s.views for s in video if s.views is not None and s.taken_at <= until)

    night, morning, evening = (
        views_at(end) - views_at(start) for start, end in ((0, 4), (8, 12), (18, 22))
    )
    assert night < evening < morning


def test_some_large_posts_are_polled_as_well(observations: list[Observation]) -> None:
    polls = Counter(each.post.key for each in observations if each.post.key != VIDEO)
    assert sum(count > 1 for count in polls.values()) == 6


def test_followers_are_known_for_most_authors_and_absent_for_the_others(
    posts: dict[PostKey, Post],
) -> None:
    authors = {post.author.native_id: post.author for post in posts.values() if post.author}
    known = sum(author.followers is not None for author in authors.values()) / len(authors)
    assert 0.65 <= known <= 0.8
    assert max(author.followers or 0 for author in authors.values()) > 1_000_000
