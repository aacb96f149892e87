from __future__ import annotations

import pytest

from spiders.addresses import is_private_address, safe_link


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104  nothing is bound here
        "::1",
        "[::1]",
        "fe80::1%eth0",
        "fd00::1",
        "::ffff:10.0.0.1",
        "224.0.0.1",
    ],
)
def test_private_addresses_are_known(host: str) -> None:
    assert is_private_address(host)


@pytest.mark.parametrize("host", ["93.184.216.34", "2606:2800:220:1::1", "example.org", "10.org"])
def test_public_addresses_and_names_are_not_private(host: str) -> None:
    assert not is_private_address(host)


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "http://[",
        "https://x.example/\x1b[2J",
        "https://x.example/a b",
        "https://user:pw@x.example/",
        "https://x.example/" + "a" * 3000,
        "https://x.example:99999/",
        "\u202ehttps://x.example/",
        None,
        7,
    ],
)
def test_links_that_cannot_be_shown_are_dropped(link: object) -> None:
    assert safe_link(link) is None


def test_a_good_link_stays_as_it_is() -> None:
    assert safe_link(" https://例子.example/路?q=1#x ") == "https://例子.example/路?q=1#x"
