"""How an explanation is shown: a text with the words that weigh, a table, or one JSON object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import attrs
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alerts.i18n import Language
from alerts.untrusted import one_line, safe_link
from config.problems import printable
from config.taxonomy import STAGES
from monitor.domain import (
    Assessment,
    Brand,
    Emotion,
    Post,
    Reading,
    Sentiment,
    Span,
    Target,
    Touchpoint,
)
from nlp.explain import Explanation, Piece, probabilities

__all__ = ["Explained", "View", "as_json", "print_explained"]

_MARKED = 5
_NAMED = 4
_WORD_WIDTH = 40
_LIKELY = 0.5
_DIFFERENT = 0.05
_WHOLE = "the text as a whole"
_POLARITIES = ("negative", "neutral", "positive")
_ALWAYS = ("arousal", "complaint", "severity")
_IF_LIKELY = ("offensive", "irony")


@attrs.frozen(kw_only=True)
class View:
    """What a text says of one brand.

    ``turning`` holds the pieces without which its target would be another, and which.
    """

    brand: Brand
    reading: Reading
    touchpoint: Touchpoint | None
    turning: tuple[tuple[Span, Target], ...]


@attrs.frozen(kw_only=True)
class Explained:
    """All that is shown: the stored post, if it is one, and what was said of it when it came in.

    ``cut`` tells that there is more text than is read.
    """

    post: Post | None
    stored: Assessment | None
    explanation: Explanation
    cut: bool
    views: tuple[View, ...]


def print_explained(explained: Explained, out: Console, language: Language) -> None:
    """The text with the words that weigh most, then a table of all that is said of it."""
    explanation = explained.explanation
    if explained.post is not None:
        out.print(Text(_address(explained.post), style="dim"))
    out.print(_weighed(explanation))
    if explained.cut:
        out.print(f"Only the first {len(explanation.text):,} characters are read.", style="dim")
    out.print(_legend(explanation), style="dim", markup=False)
    out.print()
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("what", no_wrap=True)
    for heading in ("what is said", "words that say so", "words against it"):
        table.add_column(heading, overflow="fold")
    for row in [*_mood(explained), *_seen(explained, language)]:
        table.add_row(*(Text(cell) for cell in row))
    out.print(table)


def as_json(explained: Explained) -> str:
    """The same as one object; places count characters of its ``text``."""
    explanation = explained.explanation
    said = explanation.assessment
    content = {
        "post": None if explained.post is None else printable(explained.post.key),
        "url": None if explained.post is None else safe_link(explained.post.url),
        "text": explanation.text,
        "cut": explained.cut,
        **_assessed(said),
        "pieces": [
            {
                "words": explanation.words(piece),
                "span": piece.span,
                "weights": _round(piece.weights),
            }
            for piece in explanation.pieces
        ],
        "views": [_view(view, explanation) for view in explained.views],
        "stored": None if explained.stored is None else _assessed(explained.stored),
    }
    return json.dumps(content, ensure_ascii=False)


def _address(post: Post) -> str:
    link = safe_link(post.url)
    return " · ".join([printable(post.key), *([link] if link else [])])


def _weighed(explanation: Explanation) -> Text:
    """The text, coloured by what pushes it towards negative, with figures where colour is none."""
    text = explanation.text
    weights = [piece.weights["negative"] for piece in explanation.pieces]
    strongest = sorted(map(abs, weights), reverse=True)
    noticed = _noticed(explanation)
    shown, at = Text("  "), 0
    for piece, weight in zip(explanation.pieces, weights, strict=True):
        start, end = piece.span
        shown.append(_indented(text[at:start]))
        shown.append(_indented(text[start:end]), style=_style(weight, strongest[0]))
        if piece in noticed:
            shown.append(f"[{_signed(weight)}]", style="dim")
        at = end
    shown.append(_indented(text[at:]))
    return shown


def _noticed(explanation: Explanation) -> list[Piece]:
    """The few pieces whose weight is written beside them."""
    found = explanation.supporting("negative") + explanation.opposing("negative")
    return sorted(found, key=lambda piece: -abs(piece.weights["negative"]))[:_MARKED]


def _legend(explanation: Explanation) -> str:
    if explanation.assessment.abstained:
        return "The model was not shown to handle this language, so it says nothing of the mood."
    if not _noticed(explanation):
        return "No word by itself makes it much more or less negative."
    return "[+.20] would turn an even chance of being negative into .70, and [-.20] into .30."


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _style(weight: float, strongest: float) -> str:
    """Red pushes towards negative, green away from it; what weighs most is bold."""
    share = abs(weight) / strongest if strongest else 0.0
    if share < 1 / 4:
        return ""
    colour = "red" if weight > 0 else "green"
    return f"bold {colour}" if share >= 1 / 2 else colour


def _mood(explained: Explained) -> Iterable[Sequence[str]]:
    explanation = explained.explanation
    said = explanation.assessment
    shares = probabilities(said)
    if not said.abstained:
        label = "negative" if said.sentiment is Sentiment.UNSURE else said.sentiment.value
        polarity = ", ".join(f"{one} {_share(shares[one])}" for one in _POLARITIES)
        yield ("sentiment", f"{said.sentiment.value} ({polarity})", *_evidence(explanation, label))
        felt = [emotion for emotion in said.felt if emotion is not Emotion.NONE]
        for emotion in dict.fromkeys([*felt, Emotion.ANGER]):
            if emotion in shares:
                note = "felt" if emotion in felt else "not felt"
                share = _share(shares[emotion])
                yield (emotion.value, f"{share}, {note}", *_evidence(explanation, emotion.value))
        likely = [label for label in _IF_LIKELY if shares.get(label, 0.0) >= _LIKELY]
        for label in (*_ALWAYS, *likely):
            if label in shares:
                yield (label, _share(shares[label]), *_evidence(explanation, label))
    yield ("language", f"{said.language}, not judged" if said.abstained else said.language)
    yield ("model", f"{printable(said.model)} {printable(said.revision)}")
    if explained.post is not None:
        yield ("stored", _difference(explained.stored, said))


def _difference(stored: Assessment | None, now: Assessment) -> str:
    if stored is None:
        return "no assessment: the post names no watched brand, or `sparkwatch run` comes to it yet"
    if (stored.model, stored.revision) == (now.model, now.revision):
        return "by this model"
    by = f"by {printable(stored.model)} {printable(stored.revision)}"
    if stored.abstained != now.abstained:
        return f"{by}, which {'did not judge' if stored.abstained else 'judged'} this language"
    before, after = probabilities(stored), probabilities(now)
    moved = [
        f"{label} {_share(before[label])}, now {_share(after[label])}"
        for label in before
        if label in after and abs(before[label] - after[label]) >= _DIFFERENT
    ]
    return f"{by}: {'; '.join(moved) or 'nothing differs by .05 or more'}"


def _seen(explained: Explained, language: Language) -> Iterable[Sequence[str]]:
    if not explained.views:
        yield ("brand", "no watched brand is named in it; --brand reads it for one")
    text = explained.explanation.text
    for view in explained.views:
        yield ("brand", printable(view.brand.name))
        if view.touchpoint is not None:
            where = _touchpoint_line(view.touchpoint, language)
            spans = view.reading.touchpoint_spans
            yield ("touchpoint", where, _quoted(text, spans) or _WHOLE)
        for one in view.reading.aggravations:
            kind = one.kind.value.replace("_", " ")
            yield ("aggravator", kind, _quoted(text, one.spans) or _WHOLE)
        turned = "; ".join(
            f"{_quoted(text, [span])} (without it: {_aim(target, view.brand)})"
            for span, target in view.turning[:_NAMED]
        )
        yield ("aimed at", _aim(view.reading.target, view.brand), turned or "no single word")


def _touchpoint_line(touchpoint: Touchpoint, language: Language) -> str:
    code = language.value.partition("-")[0]
    parts = [touchpoint.names[code], STAGES[touchpoint.stage][code].lower()]
    if touchpoint.moment_of_truth:
        parts.append("a moment of truth")
    return printable(", ".join(parts))


def _aim(target: Target, brand: Brand) -> str:
    return {
        Target.BRAND: printable(brand.name),
        Target.OTHER: "somebody else",
        Target.NOBODY: "nobody",
    }[target]


def _evidence(explanation: Explanation, label: str) -> tuple[str, str]:
    """The words for and against a label, the strongest first."""
    sides = (explanation.supporting(label), explanation.opposing(label))
    words, against = (
        ", ".join(
            f"{_quoted(explanation.text, [piece.span])} {_signed(piece.weights[label])}"
            for piece in pieces[:_NAMED]
        )
        for pieces in sides
    )
    return words, against


def _quoted(text: str, spans: Iterable[Span]) -> str:
    return ", ".join(f"“{one_line(text[start:end], _WORD_WIDTH)}”" for start, end in spans)


def _share(probability: float) -> str:
    return f"{probability:.2f}".removeprefix("0")


def _signed(weight: float) -> str:
    return f"{'-' if weight < 0 else '+'}{_share(abs(weight))}"


def _assessed(said: Assessment) -> dict[str, object]:
    return {
        "model": said.model,
        "revision": said.revision,
        "language": said.language,
        "abstained": said.abstained,
        "sentiment": said.sentiment,
        "felt": said.felt,
        "probabilities": _round(probabilities(said)),
    }


def _view(view: View, explanation: Explanation) -> dict[str, object]:
    text, touchpoint = explanation.text, view.touchpoint
    return {
        "brand": view.brand.id,
        "touchpoint": touchpoint and touchpoint.id,
        "stage": touchpoint and touchpoint.stage,
        "moment_of_truth": touchpoint and touchpoint.moment_of_truth,
        "touchpoint_shown_by": _places(text, view.reading.touchpoint_spans),
        "aggravators": [
            {"kind": one.kind, "shown_by": _places(text, one.spans)}
            for one in view.reading.aggravations
        ],
        "target": view.reading.target,
        "target_turned_by": [
            {**place, "without_it": target}
            for (span, target) in view.turning
            for place in _places(text, [span])
        ],
    }


def _places(text: str, spans: Iterable[Span]) -> list[dict[str, object]]:
    return [{"words": text[start:end], "span": (start, end)} for start, end in spans]


def _round(shares: Mapping[str, float]) -> dict[str, float]:
    return {label: round(share, 4) for label, share in shares.items()}
