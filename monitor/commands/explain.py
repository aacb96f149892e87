"""`sparkwatch explain`: why a post, or any text, is understood as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import attrs
import typer

from alerts.untrusted import clean
from config.load import load
from config.model import Settings
from config.problems import listed, printable
from config.taxonomy import load_taxonomy
from monitor import app
from monitor.commands.explaining import Explained, View, as_json, print_explained
from monitor.commands.showing import ConfigOption, console
from monitor.commands.stored import StoreOption, open_store
from monitor.domain import (
    Assessment,
    Brand,
    Mention,
    Post,
    PostKey,
    Reading,
    Span,
    Target,
    Touchpoint,
)
from monitor.incidents.matching import Matcher
from monitor.store.unit_of_work import UnitOfWork
from nlp.explain import Explanation, without
from nlp.explain import explain as weigh

if TYPE_CHECKING:
    from nlp.reading import RuleReader

__all__ = ["explain"]

_STDIN = "-"
_MOST_TYPED = 100_000
_TYPED = PostKey("typed", "text")


def explain(
    post: Annotated[
        str | None,
        typer.Argument(
            metavar="POST",
            help="A stored post by its key, as in forum:123, or by its address; - reads a text "
            "from standard input.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = Path("sparkwatch.yaml"),
    text: Annotated[str | None, typer.Option(help="Explain this text instead.")] = None,
    brand: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Only as this brand sees it, even where it is not named."
        ),
    ] = None,
    as_object: Annotated[bool, typer.Option("--json", help="Print it as one JSON object.")] = False,
    store_file: StoreOption = None,
) -> None:
    """Show which words make a post negative, angry, a complaint, and what else is read in it.

    Each word is left out once, to see what changes. A stored post is judged by today's model; where
    another one judged it before, what differs is told.

    [bold]Examples[/bold]

      sparkwatch explain forum:123

      sparkwatch explain https://forum.example/t/123 --json

      sparkwatch explain --text "On hold for two hours, then they hung up" --brand "Acme Air"

      sparkwatch explain - < letter.txt
    """
    settings = load(config)
    watched = settings.watched()
    seen_by = None if brand is None else _brand(brand, watched)
    found, stored = _typed(post, text), None
    if found is None:
        found, stored = _stored(post or "", settings, store_file)
    # What is explained is what can be shown, so that a place in it is the same for both.
    shown = attrs.evolve(found, text=clean(found.text))
    if not shown.text:
        raise typer.BadParameter("there is no text in it to explain", param_hint="POST")
    scores = app.scorer(settings)
    explanation = weigh(shown.text, scores, shown.language_hint)
    eye = _Eye(
        matcher=Matcher(watched),
        reader=app.reader(settings, scores),
        assessment=explanation.assessment,
        only=seen_by,
    )
    explained = Explained(
        post=None if found.key == _TYPED else found,
        stored=stored,
        explanation=explanation,
        cut=len(explanation.text) < len(shown.text),
        views=_views(shown, explanation, watched, eye),
    )
    if as_object:
        typer.echo(as_json(explained))
    else:
        print_explained(explained, console(), settings.language)


def _brand(name: str, watched: Sequence[Brand]) -> Brand:
    for one in watched:
        if name.casefold() in (one.id.casefold(), one.name.casefold()):
            return one
    known = listed(one.name for one in watched)
    raise typer.BadParameter(
        f"no brand is called {printable(name)}; there is {known}", param_hint="--brand"
    )


def _typed(post: str | None, text: str | None) -> Post | None:
    """What was typed or piped in, as a post; ``None`` where a stored one is named."""
    if (post is None) == (text is None):
        raise typer.BadParameter(
            "name a stored post, or give a text with --text or on standard input (-)",
            param_hint="POST",
        )
    if post == _STDIN:
        stream = typer.get_text_stream("stdin", encoding="utf-8", errors="replace")
        text = stream.read(_MOST_TYPED)
    if text is None:
        return None
    return Post(key=_TYPED, text=text, published_at=app.wall_clock())


def _stored(
    written: str, settings: Settings, store_file: Path | None
) -> tuple[Post, Assessment | None]:
    """The post with this key or address, and what the model said of it when it came in."""
    store = open_store(settings, store_file)
    try:
        with store.read() as work:
            post = _find(written, work)
            remarks = work.mentions.of_post(post.key)
    finally:
        store.close()
    return post, remarks[0].assessment if remarks else None


def _find(written: str, work: UnitOfWork) -> Post:
    try:
        found = [*work.posts.get([PostKey.parse(written)]).values()] or work.posts.at(written)
    except ValueError:  # an address would read like a key
        found = []
    if not found:
        raise typer.BadParameter(
            f"no post {printable(written)} is stored; name one by its key, as in forum:123, or by "
            "its address, or explain any text with --text",
            param_hint="POST",
        )
    if len(found) > 1:
        keys = listed(one.key for one in found)
        raise typer.BadParameter(
            f"{printable(written)} is where {len(found)} posts stand; name one by its key: {keys}",
            param_hint="POST",
        )
    return found[0]


@attrs.frozen(kw_only=True)
class _Eye:
    """Reads a text for the brands that it names, or for the only one that is asked about."""

    matcher: Matcher
    reader: RuleReader
    assessment: Assessment
    only: Brand | None

    def named(self, post: Post) -> list[Span]:
        """Where it names a brand."""
        return [span for mention in self.matcher.match(post) for span in mention.spans]

    def read(self, post: Post) -> dict[str, Reading]:
        """A reading by each brand's id."""
        mentions = self.matcher.match(post)
        if self.only and not any(mention.brand == self.only.id for mention in mentions):
            mentions.append(Mention(post=post.key, brand=self.only.id))
        readings = self.reader.read(post, mentions, self.assessment)
        found = {one.brand: reading for one, reading in zip(mentions, readings, strict=True)}
        return {self.only.id: found[self.only.id]} if self.only else found


def _views(
    post: Post, explanation: Explanation, watched: Sequence[Brand], eye: _Eye
) -> tuple[View, ...]:
    readings = eye.read(post)
    turning: dict[str, list[tuple[Span, Target]]] = {brand: [] for brand in readings}
    named = eye.named(post)
    for piece in explanation.pieces if readings else ():
        start, end = piece.span
        if any(start < name[1] and name[0] < end for name in named):
            continue  # without its name it would not be about the brand
        left = eye.read(attrs.evolve(post, text=without(post.text, piece.span)))
        for brand in readings.keys() & left.keys():
            if left[brand].target is not readings[brand].target:
                turning[brand].append((piece.span, left[brand].target))
    return tuple(
        View(
            brand=brand,
            reading=readings[brand.id],
            touchpoint=_touchpoint(brand, readings[brand.id]),
            turning=tuple(turning[brand.id]),
        )
        for brand in watched
        if brand.id in readings
    )


def _touchpoint(brand: Brand, reading: Reading) -> Touchpoint | None:
    known = load_taxonomy(brand.taxonomy).touchpoints if brand.taxonomy else ()
    return next((one for one in known if one.id == reading.touchpoint), None)
