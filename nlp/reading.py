"""What a post says about each of its brands: at which touchpoint, how badly, and at whom."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

import attrs

from monitor.domain import Assessment, Brand, Mention, Post, Reading
from nlp.aggravators import AggravatorFinder, Lexicon
from nlp.target import aim
from nlp.touchpoints import TouchpointFinder

if TYPE_CHECKING:
    from nlp.scoring import Scorer

__all__ = ["RuleReader"]

_RULES = 1
"""Grows when the rules, or what they learned, change: a reading tells by which it was made."""
_DISPLEASED = 0.5


@attrs.frozen(kw_only=True)
class RuleReader:
    """Reads by the taxonomy of each brand, the aggravators and the rules of the target.

    Praise has a touchpoint as well; only a post that is negative or complains has aggravators.
    """

    revision: str
    _model: tuple[str, str] = attrs.field(repr=False)
    _finders: Mapping[str, TouchpointFinder] = attrs.field(repr=False)
    _aggravators: AggravatorFinder = attrs.field(repr=False)

    @classmethod
    def of(
        cls,
        brands: Sequence[Brand],
        finders: Mapping[str, TouchpointFinder],
        lexicon: Lexicon,
        scorer: Scorer,
    ) -> Self:
        """A reader for these brands; ``finders`` holds one for each taxonomy that they name.

        A brand without a taxonomy gets no touchpoint. The scorer is the one whose embeddings the
        finders know.
        """
        return cls(
            revision=_fingerprint(lexicon, finders),
            model=(scorer.model, scorer.revision),
            finders={brand.id: finders[brand.taxonomy] for brand in brands if brand.taxonomy},
            aggravators=AggravatorFinder(lexicon, scorer.aggravators),
        )

    def read(
        self, post: Post, mentions: Sequence[Mention], assessment: Assessment
    ) -> list[Reading]:
        """One Reading for each mention of the post, in their order."""
        displeasure = max(assessment.negative, assessment.complaint or 0.0)
        displeased = displeasure >= _DISPLEASED
        # Only embeddings of one model compare; words are found with any.
        same = (assessment.model, assessment.revision) == self._model
        embedding = assessment.embedding if same else b""
        aggravations = self._aggravators.find(post.text, embedding) if displeased else ()
        readings = []
        for mention in mentions:
            finder = self._finders.get(mention.brand)
            found = finder.find(post.text, embedding) if finder else None
            rivals = [
                span for other in mentions if other.brand != mention.brand for span in other.spans
            ]
            readings.append(
                Reading(
                    touchpoint=found.touchpoint if found else None,
                    touchpoint_spans=found.spans if found else (),
                    aggravations=aggravations,
                    target=aim(post.text, mention.spans, rivals=rivals, negative=displeasure),
                )
            )
        return readings


def _fingerprint(lexicon: Lexicon, finders: Mapping[str, TouchpointFinder]) -> str:
    """Stands for the rules, the lexicon and the taxonomies that readings are made by."""
    taxonomies = [attrs.asdict(finders[name].taxonomy) for name in sorted(finders)]
    said = [_RULES, attrs.asdict(lexicon), taxonomies]
    written = json.dumps(said, sort_keys=True, default=dict, ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()[:16]
