"""Two well-known scorers to be measured against: VADER for English and SnowNLP for Chinese.

Neither gives probabilities of three classes: each gives one score, from which shares are made so
that the likeliest class is the one that the score stands for. Both need a package that Sparkwatch
does not; only ``nlp.evaluate`` and the benchmarks know them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from types import MappingProxyType, ModuleType

import attrs
import numpy as np

from monitor.domain import Aggravator, Assessment
from nlp.errors import ModelError
from nlp.language import detect
from nlp.text import to_simplified

__all__ = ["BASELINES", "Baseline", "load_snownlp", "load_vader", "shares"]

_VADER_PIVOT = 0.04995
"""Its authors call a compound from .05 on positive; it has four decimals, .0499 is neutral."""

_SNOWNLP_PIVOT = 0.2
"""Its makers name no thresholds. Below .4 is called negative and above .6 positive here, which is
.2 from the middle on a scale from -1 to 1; they are round numbers and not tuned."""


@attrs.frozen(kw_only=True)
class Baseline:
    """A scorer that knows nothing but how positive a text is, from -1 to 1.

    It has no embedding, tells no emotions, and judges texts of any language as if they were its
    own.
    """

    model: str
    revision: str
    _pivot: float
    _positivity: Callable[[str], float] = attrs.field(repr=False)

    def score(
        self, texts: Sequence[str], hints: Sequence[str | None] | None = None
    ) -> list[Assessment]:
        """One Assessment a text, in their order."""
        given = [None] * len(texts) if hints is None else hints
        return [self._judge(text, hint) for text, hint in zip(texts, given, strict=True)]

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """Nothing: such a scorer has no embedding."""
        return [b""] * len(texts)

    def aggravators(self, embedding: bytes) -> tuple[Aggravator, ...]:
        """Nothing: such a scorer has no embedding to tell them of."""
        return ()

    def _judge(self, text: str, hint: str | None) -> Assessment:
        negative, neutral, positive = shares(self._positivity(text), self._pivot)
        return Assessment(
            model=self.model,
            revision=self.revision,
            language=detect(text, hint),
            negative=negative,
            neutral=neutral,
            positive=positive,
        )


def shares(score: float, pivot: float) -> tuple[float, float, float]:
    """Shares of negative, neutral and positive from a score between -1 and 1.

    Neutral has everything at 0, a half at the pivot and nothing at the ends, with straight lines
    between; the side on which the score lies has the rest.

    >>> shares(0.0, 0.2), shares(0.2, 0.2), shares(-1.0, 0.2)
    ((0.0, 1.0, 0.0), (0.0, 0.5, 0.5), (1.0, 0.0, 0.0))
    """
    neutral = float(np.interp(abs(score), [0.0, pivot, 1.0], [1.0, 0.5, 0.0]))
    polar = 1.0 - neutral
    return (polar, neutral, 0.0) if score < 0 else (0.0, neutral, polar)


def load_vader() -> Baseline:
    """VADER (Hutto & Gilbert 2014), by its compound score; the text is read as it stands."""
    vader = _package("vaderSentiment.vaderSentiment")
    analyser = vader.SentimentIntensityAnalyzer()
    return Baseline(
        model="vader",
        revision=version("vaderSentiment"),
        pivot=_VADER_PIVOT,
        positivity=lambda text: float(analyser.polarity_scores(text)["compound"]),
    )


def load_snownlp() -> Baseline:
    """SnowNLP's naive Bayes of shopping reviews, on simplified characters."""
    snownlp = _package("snownlp")

    def positivity(text: str) -> float:
        # Of an empty text it would ask for the mean of nothing.
        return 2 * float(snownlp.SnowNLP(to_simplified(text)).sentiments) - 1 if text else 0.0

    return Baseline(
        model="snownlp",
        revision=version("snownlp"),
        pivot=_SNOWNLP_PIVOT,
        positivity=positivity,
    )


BASELINES: Mapping[str, Callable[[], Baseline]] = MappingProxyType(
    {"vader": load_vader, "snownlp": load_snownlp}
)
"""How to load each, by the name under which it is asked for."""


def _package(module: str) -> ModuleType:
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ImportError as missing:
        raise ModelError(
            f"the package {package} is not installed, and Sparkwatch needs it only to be compared"
            f" with: pip install {package}"
        ) from missing
