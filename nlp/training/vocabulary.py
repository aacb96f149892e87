"""Cuts a unigram tokenizer down to the pieces that a collection of texts uses most."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable

from tokenizers import Tokenizer

__all__ = ["choose_pieces", "same_pieces", "trimmed"]

_BATCH = 5_000


def choose_pieces(tokenizer: Tokenizer, texts: Iterable[str], size: int) -> list[int]:
    """The ids to keep, in rising order: special ones, then the most used, then the most probable.

    Args:
        tokenizer: the full tokenizer, of unigram kind.
        texts: what it will be used on, normalised.
        size: how many pieces to keep in all.
    """
    uses: Counter[int] = Counter()
    remaining = iter(texts)
    while batch := list(itertools.islice(remaining, _BATCH)):
        for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False):
            uses.update(encoding.ids)
    special = set(tokenizer.get_added_tokens_decoder())
    by_use = [piece for piece, _ in uses.most_common() if piece not in special]
    by_probability = (
        piece
        for piece in range(tokenizer.get_vocab_size())
        if piece not in uses and piece not in special
    )
    rest = itertools.islice(itertools.chain(by_use, by_probability), size - len(special))
    return sorted(special.union(rest))


def same_pieces(tokenizer: Tokenizer, smaller: Tokenizer) -> list[int]:
    """The ids in the full tokenizer of the pieces that a trimmed one has, in its order."""
    numbers = tokenizer.get_vocab()
    pieces = smaller.get_vocab()
    return [numbers[piece] for piece in sorted(pieces, key=pieces.__getitem__)]


def trimmed(tokenizer: Tokenizer, kept: list[int], longest: int) -> Tokenizer:
    """The tokenizer with only the pieces ``kept``, renumbered in their order, which cuts texts."""
    description = json.loads(tokenizer.to_str())
    number = {piece: new for new, piece in enumerate(kept)}
    model = description["model"]
    pieces = model["vocab"]
    model["vocab"] = [pieces[piece] for piece in kept]
    model["unk_id"] = number[model["unk_id"]]
    for token in description["added_tokens"]:
        token["id"] = number[token["id"]]
    for token in description["post_processor"]["special_tokens"].values():
        token["ids"] = [number[piece] for piece in token["ids"]]
    smaller = Tokenizer.from_str(json.dumps(description))
    smaller.enable_truncation(longest)
    smaller.no_padding()
    return smaller
