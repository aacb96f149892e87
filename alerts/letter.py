"""A finished text on its way out: subject, HTML, its plain-text twin and the pictures in it."""

from __future__ import annotations

import base64

import attrs

__all__ = ["Letter", "Picture"]


@attrs.frozen(kw_only=True)
class Picture:
    """A PNG that the HTML shows as ``cid:name``."""

    name: str
    png: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True)
class Letter:
    """What a channel carries. The HTML names its pictures as mail does, by ``cid:``."""

    subject: str
    text: str = attrs.field(repr=False)
    html: str = attrs.field(repr=False)
    pictures: tuple[Picture, ...] = ()

    def page(self) -> str:
        """The HTML with its pictures inside, to be kept as one file."""
        page = self.html
        for picture in self.pictures:
            data = base64.b64encode(picture.png).decode("ascii")
            page = page.replace(f'"cid:{picture.name}"', f'"data:image/png;base64,{data}"')
        return page
