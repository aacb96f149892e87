"""Pages as they are sent: templates in which every value is escaped, and no script.

The style stands in each page, allowed by its hash, so that a page is one answer and loads nothing.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from alerts.i18n import Words

__all__ = ["notice", "page", "style_source"]

_STYLE = files("monitor.web").joinpath("templates/style.css").read_text(encoding="utf-8")


def style_source() -> str:
    """The style as a content security policy names it."""
    digest = hashlib.sha256(_STYLE.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("monitor.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(template: str, words: Words, status: int = 200, **values: object) -> HTMLResponse:
    """The template as an answer."""
    html = (
        _environment()
        .get_template(template)
        .render(say=words.say, words=words, style=_STYLE, **values)
    )
    return HTMLResponse(html, status_code=status)


def notice(words: Words, status: int, heading: str, text: str) -> HTMLResponse:
    """A page that says one thing."""
    return page("notice.html.j2", words, status, heading=heading, text=text)
