"""Web addresses: which are well formed, which are private, and how they are shown to a person."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

__all__ = [
    "checked_web_address",
    "host_of",
    "is_private_address",
    "place_of",
    "safe_link",
]

_LONGEST_LINK = 2_083


def checked_web_address(address: str) -> str:
    """The address itself if it is one of the web; raises ``ValueError`` with the reason if not.

    >>> checked_web_address("https://example.org/feed")
    'https://example.org/feed'
    >>> checked_web_address("example.org/feed")
    Traceback (most recent call last):
    ...
    ValueError: 'example.org/feed' must begin with https:// or http://
    """
    if not address.startswith(("http://", "https://")):
        raise ValueError(f"{address!r} must begin with https:// or http://")
    if not address.isprintable() or " " in address:
        raise ValueError(f"{address!r} holds a space or a control character")
    parts = urlsplit(address)
    if not parts.hostname:
        raise ValueError(f"{address!r} names no host")
    if parts.username or parts.password:
        raise ValueError("a password does not belong into an address: it would end up in logs")
    parts.port  # noqa: B018  reading it checks that it is a number below 65536
    return address


def host_of(address: str) -> str:
    """The host of an address, in lower case; empty where there is none."""
    return (urlsplit(address).hostname or "").rstrip(".")


def place_of(address: str) -> str:
    """Host and port, as a person would look for them.

    >>> place_of("https://example.org/feed?x=1")
    'example.org:443'
    """
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.hostname or '?'}:{port}"


def is_private_address(host: str) -> bool:
    """Whether ``host`` is an IP address that does not belong to the public internet.

    Names are not looked up here: the crawl's resolver asks again for what a name stands for.

    >>> [is_private_address(a) for a in ("127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1")]
    [True, True, True]
    >>> [is_private_address(a) for a in ("93.184.216.34", "example.org")]
    [False, False]
    """
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return not address.is_global or address.is_multicast


def safe_link(address: object) -> str | None:
    """A link as a source gave it, if it can be shown: of the web, printable, not endless.

    >>> safe_link("javascript:alert(1)") is None
    True
    """
    if not isinstance(address, str):
        return None
    address = address.strip()
    if len(address) > _LONGEST_LINK:
        return None
    try:
        return checked_web_address(address)
    except ValueError:
        return None
