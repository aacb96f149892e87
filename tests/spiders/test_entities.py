"""What a document's own entities would grow to is told before they do."""

from __future__ import annotations

import time

import pytest

from spiders.parse.entities import LARGEST_GROWN, grown_size


@pytest.mark.parametrize(
    ("document", "size"),
    [
        (b"", 0),
        (b"no markup &amp; all", 0),
        (b"<rss>&nbsp;&#160;&l1;</rss>", 0),
        (b"<!DOCTYPE rss [<!ENTITY acme 'Acme Air'>]><rss>&acme; &acme;</rss>", 16),
        (b"<!DOCTYPE rss [<!ENTITY a 'x'><!ENTITY b '&a;&a;y'>]><rss>&b;</rss>", 3),
        (b"<!DOCTYPE rss [<!ENTITY a 'x'>]><rss><![CDATA[<!ENTITY b '&a;'>]]></rss>", 1),
    ],
)
def test_what_a_feed_abbreviates_is_counted_where_it_stands(document: bytes, size: int) -> None:
    assert grown_size(document) == size


@pytest.mark.parametrize("charset", ["utf-8", "utf-16"])
def test_a_long_entity_that_stands_often_is_too_large(charset: str) -> None:
    long = f"<!DOCTYPE rss [<!ENTITY a '{'x' * 50_000}'>]><rss>{'&a;' * 50_000}</rss>"
    assert grown_size(long.encode(charset)) > LARGEST_GROWN


def test_entities_that_hold_each_other_never_end() -> None:
    ring = b"<!DOCTYPE rss [<!ENTITY a '&b;'><!ENTITY b '&a;'>]><rss>&a;</rss>"
    assert grown_size(ring) == float("inf")


def test_a_chain_of_entities_without_number_costs_no_time() -> None:
    chain = "".join(f"<!ENTITY l{n} '&l{n - 1};'>" for n in range(1, 50_000))
    begun = time.monotonic()
    assert grown_size(f"<!DOCTYPE rss [{chain}]><rss>&l49999;</rss>".encode()) == float("inf")
    assert time.monotonic() - begun < 2
