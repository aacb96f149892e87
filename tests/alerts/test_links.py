from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from alerts.links import (
    LIFETIME,
    ActionLinks,
    ExpiredLinkError,
    ForgedLinkError,
    Link,
    LinkKind,
)
from tests.alerts.examples import NOW

LINKS = ActionLinks("https://pr.example.com", "a secret of at least 32 characters")

links = some.builds(
    Link,
    kind=some.sampled_from(LinkKind),
    channel=some.text(max_size=20),
    address=some.text(max_size=40),
    incident=some.text(max_size=20),
    alert=some.text(max_size=30),
    signed_at=some.just(NOW),
)


def token(link: Link, by: ActionLinks = LINKS) -> str:
    return by.url(link).rpartition("/")[2]


def link(kind: LinkKind = LinkKind.RESOLVE, signed_at: datetime = NOW) -> Link:
    return Link(
        kind=kind, channel="pr", address="mei@example.com", incident="i", signed_at=signed_at
    )


@given(links)
def test_what_is_signed_is_read_again(signed: Link) -> None:
    assert LINKS.read(token(signed), NOW) == signed


@given(links)
def test_a_link_is_one_line_of_characters_that_no_mail_client_breaks(signed: Link) -> None:
    assert set(token(signed)) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    )
    assert token(signed)[-1].isalnum()


@given(some.text(max_size=200))
def test_no_other_text_is_a_link(written: str) -> None:
    with pytest.raises(ForgedLinkError):
        LINKS.read(written, NOW)


@given(links, some.data())
def test_a_link_with_another_character_is_forged(signed: Link, data: some.DataObject) -> None:
    good = token(signed)
    place = data.draw(some.integers(0, len(good) - 2))  # the last one has bits that say nothing
    other = data.draw(some.sampled_from([c for c in "AQg4-_." if c != good[place]]))
    with pytest.raises(ForgedLinkError):
        LINKS.read(good[:place] + other + good[place + 1 :], NOW)


def test_the_same_link_is_written_alike_and_every_other_is_named_differently() -> None:
    assert LINKS.url(link()) == LINKS.url(link())
    assert link().id == link(signed_at=NOW + timedelta(milliseconds=1)).id
    different = [link(), link(LinkKind.NOISE), link(signed_at=NOW + timedelta(seconds=1))]
    assert all(a.id != b.id for a, b in permutations(different, 2))


@pytest.mark.parametrize("kind", [kind for kind in LinkKind if kind is not LinkKind.SUBSCRIPTION])
def test_a_link_lasts_two_weeks(kind: LinkKind) -> None:
    signed = token(link(kind))
    assert LINKS.read(signed, NOW + LIFETIME)
    with pytest.raises(ExpiredLinkError) as caught:
        LINKS.read(signed, NOW + LIFETIME + timedelta(seconds=1))
    assert caught.value.link == link(kind)


def test_a_link_that_another_secret_signed_is_forged_however_old() -> None:
    stranger = ActionLinks(LINKS.base_url, "another secret of at least 32 characters")
    for signed_at in (NOW, NOW - timedelta(days=90)):
        with pytest.raises(ForgedLinkError):
            LINKS.read(token(link(signed_at=signed_at), stranger), NOW)


def test_links_never_show_their_secret() -> None:
    assert LINKS.secret not in repr(LINKS)
