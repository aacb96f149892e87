"""What a brand says itself is neither a complaint nor an opinion about it."""

from __future__ import annotations

from monitor.domain import Author, Brand

__all__ = ["is_own", "own_names"]


def own_names(brand: Brand) -> frozenset[str]:
    """The names of the brand's own accounts, as `is_own` compares them.

    >>> sorted(own_names(Brand(id="acme", name="Acme Air", handles=("@AcmeAir", "AcmeHelp"))))
    ['acmeair', 'acmehelp']
    """
    return frozenset(handle.casefold().lstrip("@") for handle in brand.handles)


def is_own(author: Author | None, own: frozenset[str]) -> bool:
    """Whether one of the brand's own accounts wrote it.

    A display name proves nothing, anybody may choose it.
    """
    known_as = {author.handle, author.native_id} if author else set()
    return not own.isdisjoint(name.casefold().lstrip("@") for name in known_as if name)
