"""Templates made into mail bodies: HTML with its style inlined, and the plain-text twin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from alerts.charts import PALETTE
from alerts.i18n import Words

__all__ = ["html_page", "plain_text"]


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("alerts", "templates"),
        autoescape=select_autoescape(("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(
        load_remote_stylesheets=False, keep_style_tags=False, keep_at_rules=True
    )


def html_page(template: str, words: Words, values: Mapping[str, object]) -> str:
    """The template as HTML; every value in it is escaped."""
    page = _environment().get_template(template)
    return _inliner().inline(page.render(**_context(words), **values))


def plain_text(template: str, words: Words, values: Mapping[str, object]) -> str:
    """The template as plain text."""
    page = _environment().get_template(template)
    text = page.render(**_context(words), **values)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _context(words: Words) -> dict[str, object]:
    return {"say": words.say, "words": words, "palette": PALETTE}
