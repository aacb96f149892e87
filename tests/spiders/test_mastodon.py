"""The Mastodon spider against a server on the loopback interface that pages as Mastodon does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from monitor.domain import Health
from spiders.mastodon import MastodonOptions
from tests.spiders.crawling import crawled
from tests.spiders.feeds import as_json, status, status_id
from tests.spiders.site import Answer, Asked, Site

TAG = "/api/v1/timelines/tag/delta"


def paged(site: Site, statuses: Sequence[Mapping[str, Any]], path: str = TAG) -> list[Any]:
    """Serve statuses at ``path``; what is appended to the returned list later is served as well."""
    held = list(statuses)

    def answer(asked: Asked) -> Answer:
        newest_first = sorted(held, key=lambda s: int(s["id"]), reverse=True)
        limit = int(asked.query["limit"])
        if "min_id" in asked.query:
            found = [s for s in newest_first if int(s["id"]) > int(asked.query["min_id"])]
            found = found[-limit:]
        else:
            most = int(asked.query.get("max_id", 10**19))
            found = [s for s in newest_first if int(s["id"]) < most][:limit]
        links = {}
        if found:
            here = f"https://elsewhere.example{path}"
            links["Link"] = (
                f'<{here}?limit={limit}&max_id={found[-1]["id"]}>; rel="next", '
                f'<{here}?limit={limit}&min_id={found[0]["id"]}>; rel="prev"'
            )
        return Answer(body=as_json(found), headers=links)

    site.routes[path] = answer
    return held


def options(site: Site, **more: Any) -> MastodonOptions:
    return MastodonOptions(
        **{"server": site.url, "hashtags": ("delta",), "delay_seconds": 0, **more}
    )


def test_all_pages_are_read_back_in_time_and_then_only_what_is_new(site: Site) -> None:
    held = paged(site, [status(n) for n in range(100)])
    first = crawled(options(site))
    assert first.ids == [status_id(n) for n in reversed(range(100))]
    assert [cursor.query for cursor in first.cursors] == ["tag:delta"]
    held.extend(status(n) for n in range(100, 190))
    second = crawled(options(site), after=first)
    assert sorted(second.ids) == sorted(status_id(n) for n in range(100, 190))
    third = crawled(options(site), after=second)
    assert third.ids == []
    assert third.health.health is Health.OK


def test_a_post_that_arrives_late_from_another_server_is_still_seen(site: Site) -> None:
    held = paged(site, [status(n) for n in (0, 10, 20)])
    first = crawled(options(site))
    held.append(status(15))
    second = crawled(options(site), after=first)
    assert second.ids == [status_id(15)]


def test_posts_of_one_second_are_not_lost_where_ids_are_a_second_and_a_hash(site: Site) -> None:
    """Such a server (snac) lists posts as they came in and goes on after the one that is named."""
    second = "1795311532"
    held = [{**status(n), "id": second + mark * 32} for n, mark in enumerate("7f")]

    def answer(asked: Asked) -> Answer:
        ids = [s["id"] for s in held]
        if "max_id" in asked.query:
            found = held[: ids.index(asked.query["max_id"])]
        else:
            after = asked.query.get("min_id")
            found = held[ids.index(after) + 1 :] if after else held
        return Answer(body=as_json(found[::-1]))

    site.routes[TAG] = answer
    first = crawled(options(site))
    assert set(first.ids) == {second + mark * 32 for mark in "7f"}
    held.append({**status(2), "id": second + "0" * 32})
    late = crawled(options(site), after=first)
    assert late.ids == [second + "0" * 32]
    assert crawled(options(site), after=late).ids == []


def test_nothing_older_than_a_day_is_fetched_on_the_first_crawl(site: Site) -> None:
    paged(site, [status(n) for n in range(-6000, 100, 50)])
    first = crawled(options(site))
    assert all(int(i) > int(status_id(-300)) for i in first.ids)
    assert len(site.asked) == 1


def test_an_interrupted_catching_up_continues_where_it_was(site: Site) -> None:
    held = paged(site, [status(0)])
    first = crawled(options(site))
    held.extend(status(n) for n in range(20, 140))
    some = crawled(options(site), after=first, item_limit=50)
    assert 50 <= len(some.ids) < 120
    rest = crawled(options(site), after=some)
    assert sorted(some.ids + rest.ids) == sorted(status_id(n) for n in range(20, 140))


def test_a_server_that_ignores_paging_does_not_hold_the_crawl(site: Site) -> None:
    site.says(TAG, as_json([status(n) for n in (3, 2, 1)]))
    first = crawled(options(site))
    assert first.ids == [status_id(n) for n in (3, 2, 1)]
    assert len(site.asked) == 2
    second = crawled(options(site), after=first)
    assert second.ids == []


def test_an_account_is_looked_up_and_its_boosts_are_not_asked_for(site: Site) -> None:
    site.says("/api/v1/accounts/lookup", b'{"id":"42"}')
    paged(site, [status(1)], "/api/v1/accounts/42/statuses")
    result = crawled(options(site, hashtags=(), accounts=("@delta@social.example",)))
    assert result.ids == [status_id(1)]
    assert site.asked[0].query == {"acct": "delta@social.example"}
    assert site.asked[1].query["exclude_reblogs"] == "true"


def test_search_sends_the_token_and_each_term(site: Site) -> None:
    site.says("/api/v2/search", as_json({"statuses": [], "accounts": []}))
    with_token = options(site, hashtags=(), search=True, token=SecretStr("s3cret"))
    crawled(with_token, terms=("Delta Air Lines", "达美航空"))
    assert sorted(asked.query["q"] for asked in site.asked) == ["Delta Air Lines", "达美航空"]
    assert {asked.headers["authorization"] for asked in site.asked} == {"Bearer s3cret"}


def test_the_token_is_not_sent_to_where_a_redirect_leads(site: Site, neighbour: Site) -> None:
    neighbour.says("/x", b"[]")
    site.says(TAG, b"", 302, Location=f"{neighbour.url}/x")
    result = crawled(options(site, token=SecretStr("s3cret")))
    assert neighbour.asked == []
    assert result.health.health is Health.FORBIDDEN


def test_a_token_file_is_read_and_a_missing_one_is_named(site: Site, tmp_path: Path) -> None:
    paged(site, [status(1)])
    token = tmp_path / "token"
    missing = crawled(options(site, token_file=token))
    assert missing.health.health is Health.UNAUTHORIZED
    assert str(token) in missing.health.detail
    token.write_text("fr0m-file\n")
    crawled(options(site, token_file=token))
    assert site.asked[0].headers["authorization"] == "Bearer fr0m-file"


def test_a_refused_token_says_what_to_do(site: Site) -> None:
    site.says(TAG, b'{"error":"The access token was revoked"}', 401)
    result = crawled(options(site, token=SecretStr("old")))
    assert result.health.health is Health.UNAUTHORIZED
    assert "token" in result.health.detail
    assert "old" not in result.health.detail


def test_refresh_brings_new_counters_and_the_word_that_a_post_is_gone(site: Site) -> None:
    paged(site, [])
    gone, here = status_id(1), status_id(2)
    site.says(f"/api/v1/statuses/{gone}", b'{"error":"Record not found"}', 404)
    site.says(f"/api/v1/statuses/{here}", as_json(status(2, favourites_count=900)))
    result = crawled(options(site), refresh=(gone, here))
    assert [d.key.native_id for d in result.deletions] == [gone]
    assert result.ids == [here]
    assert result.observations[0].snapshot is not None
    assert result.observations[0].snapshot.likes == 900


def test_a_missing_page_of_some_web_server_deletes_nothing(site: Site) -> None:
    result = crawled(options(site), refresh=(status_id(1),))
    assert result.deletions == ()
    assert result.health.health is Health.UNREADABLE


def test_a_bare_404_is_believed_where_the_api_answers_beside_it(site: Site) -> None:
    paged(site, [])
    site.says("/api/v1/instance", b'{"uri":"here","version":"4.3"}')
    result = crawled(options(site), refresh=(status_id(1),))
    assert [d.key.native_id for d in result.deletions] == [status_id(1)]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "nothing to listen to"),
        ({"search": True}, "search needs a token"),
        ({"timeline": True, "token": "a", "token_file": "b"}, "keep one of them"),
        ({"hashtags": ["#"]}, "is empty"),
        ({"timeline": True, "server": "social.example"}, "must begin with https"),
        ({"timeline": True, "server": "https://u:p@social.example"}, "password does not belong"),
        ({"timeline": True, "tokens": "x"}, "Extra inputs"),
    ],
)
def test_options_that_cannot_work_say_why(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        MastodonOptions(**{"server": "https://social.example", **given})


def test_a_token_is_neither_printed_nor_dumped() -> None:
    made = MastodonOptions(server="https://s.example", timeline=True, token=SecretStr("s3cret"))
    assert "s3cret" not in repr(made)
    assert "s3cret" not in made.model_dump_json()
