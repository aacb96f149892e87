"""Plain Chinese posts made from a small grammar, since no collection of real ones has gold labels.

What it makes is ours and free to use. It stands in for questions, plans and notices, which a model
that knows only reviews and outbursts takes for complaints.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import yaml

from nlp.training.corpus import SENTIMENTS, Example

__all__ = ["CHINESE_NEUTRAL", "chinese_neutral"]

CHINESE_NEUTRAL = "chinese_neutral"
"""The name of this source in the recipe."""

_GRAMMAR = Path(__file__).with_name("neutral.yaml")
_SLOT = re.compile(r"\{([a-z]+)2?\}")
_EACH = 60


def chinese_neutral(seed: int) -> list[Example]:
    """Distinct posts, at most sixty of each line of the grammar."""
    grammar = yaml.safe_load(_GRAMMAR.read_text(encoding="utf-8"))
    lot = random.Random(seed)  # noqa: S311 - a repeatable lot, not a secret
    slots: dict[str, list[str]] = grammar["slots"]
    texts = {
        _SLOT.sub(lambda slot: lot.choice(slots[slot[1]]), line): None
        for line in grammar["lines"]
        for _ in range(_EACH)
    }
    return [
        Example(
            text=text,
            language="zh",
            source=CHINESE_NEUTRAL,
            sentiment=SENTIMENTS.index("neu"),
            complaint=0,
        )
        for text in texts
    ]
