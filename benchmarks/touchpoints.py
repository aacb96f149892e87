"""How well touchpoints are told.

    python -m benchmarks.touchpoints [--json]
    python -m benchmarks.touchpoints --choose
    python -m benchmarks.touchpoints --learn

Measures, on the tenth that ``nlp.training.corpus`` keeps to test of the tweets to six airlines,
the macro F1 of the nine reasons for which people complained: with the phrases of the taxonomy
alone, and with what was learned from the labels. Where no touchpoint is told, the answer is wrong.
Then the share of everyday tweets in which a touchpoint is told though none of them is to an
airline, and how often the touchpoint is one of those that people marked in reviews of railways,
restaurants, hotels and laptops, for which nothing was chosen or learned.

``--choose`` prints the best ``Reckoning`` on the tenth kept for choosing; ``--learn`` fits on the
other eight and writes ``config/taxonomies/airline.learned.json``. Both belong after each training
of the model.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.touchpoint_labels import ASPECTS, REASONS
from config.taxonomy import learned_path, load_learned, load_taxonomy
from nlp.embedded import EmbeddedScorer
from nlp.metrics import accuracy, macro_f1
from nlp.touchpoints import Evidence, Learned, Reckoning, TouchpointFinder, grams
from nlp.training.corpus import REASONS as NAMES
from nlp.training.corpus import Part, read_pool

SHARED = Path(os.environ.get("SPARKWATCH_SHARED", Path(__file__).parent.parent.parent / "shared"))
TEXTS = SHARED / "data" / "text"
EVERYDAY = "tweeteval_sentiment_en"
MOST_TEXTS = 1_000
"""Read of each dev set: enough to tell shares by."""

NONE = -1
MOST_EVERYDAY = 0.20
"""Share of everyday tweets in which a touchpoint may be told, when choosing.

Many of them do speak of waiting, food or a telephone; what is read in use names a brand as well.
"""
RESAMPLES = 1_000
UNRELATED = "semeval13-16"
"""A source of the pool from which it is learned what everyday tweets are like."""
FEWEST = 3
"""Posts that must hold a word before a weight is learned for it."""
STRENGTHS = (0.1, 0.3)
"""Penalties of which one is chosen."""
LEAST = 0.25
"""Weights below this are not worth their place in the file."""
SOURCE = "Twitter US Airline Sentiment (Crowdflower), CC BY-NC-SA 4.0; the part kept to train on"

Ints = npt.NDArray[np.int64]
BATCH = 256


@attrs.frozen(kw_only=True)
class Labelled:
    """Texts with their embeddings and the reasons that people gave for each."""

    texts: list[str]
    embeddings: list[bytes]
    reasons: Ints


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--choose", action="store_true", help="print the best reckoning on dev")
    parser.add_argument("--learn", action="store_true", help="fit the airline's learned weights")
    parser.add_argument("--json", action="store_true", help="print figures for machines")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    scorer = EmbeddedScorer.load()
    if arguments.choose:
        choose(scorer)
    elif arguments.learn:
        learn(scorer)
    else:
        figures = measure(scorer)
        print(json.dumps(figures, indent=2) if arguments.json else "\n".join(told(figures)))


# --- what is measured ---------------------------------------------------------------------------


def measure(scorer: EmbeddedScorer) -> list[dict[str, object]]:
    """One row a figure."""
    test = reasons(scorer, Part.TEST)
    everyday = texts_of(EVERYDAY)
    embedded = embed(scorer, everyday)
    taxonomy = load_taxonomy("airline")
    figures: list[dict[str, object]] = []
    for name, learned in (("phrases alone", None), ("with labels", load_learned("airline"))):
        finder = TouchpointFinder(taxonomy, scorer.embed, learned)
        started = time.process_time()
        found = finder.find_all(test.texts, test.embeddings)
        taken = time.process_time() - started
        guess = np.array([NONE if one is None else REASONS[one.touchpoint] for one in found])
        low, high = interval(test.reasons, guess)
        falsely = finder.find_all(everyday, embedded)
        figures.append(
            {
                "set": f"airline reasons, {name}",
                "n": len(guess),
                "macro_f1": round(macro_f1(test.reasons, guess), 3),
                "low": round(low, 3),
                "high": round(high, 3),
                "accuracy": round(accuracy(test.reasons, guess), 3),
                "told": round(float((guess != NONE).mean()), 3),
                "everyday_told": round(sum(one is not None for one in falsely) / len(falsely), 3),
                "ms_a_post": round(1000 * taken / len(guess), 3),
            }
        )
    return figures + [aspects(scorer, *each) for each in ASPECTS]


def aspects(
    scorer: EmbeddedScorer, name: str, taxonomy: str, marked: Mapping[str, Sequence[str]]
) -> dict[str, object]:
    """How often the touchpoint told is one of those that people marked in a text.

    A text counts if at least one of its aspects has a touchpoint. ``most`` is what always saying
    the likeliest touchpoint would reach; ``told_of_general`` is how often a touchpoint is told in
    the texts whose aspects have none.
    """
    texts: list[str] = []
    general: list[str] = []
    truths: list[set[str]] = []
    for record in records(name):
        truth = {each for category, _ in record["aspects"] for each in marked.get(category, ())}
        if truth:
            texts.append(record["text"])
            truths.append(truth)
        elif record["aspects"]:
            general.append(record["text"])
    finder = TouchpointFinder(load_taxonomy(taxonomy), scorer.embed)
    found = finder.find_all(texts, embed(scorer, texts))
    told_of = [one is not None for one in found]
    right = [
        one is not None and one.touchpoint in truth
        for one, truth in zip(found, truths, strict=True)
    ]
    likeliest = Counter(each for truth in truths for each in truth).most_common(1)[0][0]
    unmarked = finder.find_all(general, embed(scorer, general))
    return {
        "set": f"{name}, zero-shot by {taxonomy}",
        "n": len(texts),
        "accuracy": round(sum(right) / len(texts), 3),
        "told": round(sum(told_of) / len(texts), 3),
        "right_of_told": round(sum(right) / max(1, sum(told_of)), 3),
        "most": round(sum(likeliest in truth for truth in truths) / len(texts), 3),
        "told_of_general": round(
            sum(one is not None for one in unmarked) / max(1, len(unmarked)), 3
        ),
    }


def interval(truth: Ints, guess: Ints) -> tuple[float, float]:
    """What encloses 95 % of the macro F1 of resampled texts."""
    chance = np.random.default_rng(1)
    draws = [chance.integers(len(truth), size=len(truth)) for _ in range(RESAMPLES)]
    low, high = np.percentile([macro_f1(truth[draw], guess[draw]) for draw in draws], [2.5, 97.5])
    return float(low), float(high)


def told(figures: Iterable[Mapping[str, object]]) -> Iterable[str]:
    """The figures for people, a line a set."""
    for figure in figures:
        rest = "  ".join(f"{name} {value}" for name, value in figure.items() if name != "set")
        yield f"{figure['set']}\n    {rest}"


# --- what is chosen and learned -----------------------------------------------------------------


def choose(scorer: EmbeddedScorer) -> None:
    """Print the reckonings for phrases alone that do best, the best last."""
    dev = reasons(scorer, Part.DEV)
    everyday = texts_of(EVERYDAY)
    finder = TouchpointFinder(load_taxonomy("airline"), scorer.embed)
    evidence = finder.evidence(dev.texts, dev.embeddings)
    other = finder.evidence(everyday, embed(scorer, everyday))
    tried = []
    for phrases, likeness in itertools.product(
        (1.0, 2.0, 3.0, 4.0, 6.0), (0.0, 6.0, 9.0, 12.0, 16.0, 24.0)
    ):
        odds = [phrases * one.phrases + likeness * one.likeness for one in (evidence, other)]
        nothing = start_of_nothing(odds[1])
        guess = reasons_of(odds[0], nothing, finder)
        reckoning = Reckoning(phrases=phrases, likeness=likeness, nothing=nothing)
        tried.append((macro_f1(dev.reasons, guess), reckoning))
    for figure, reckoning in sorted(tried, key=lambda one: one[0])[-5:]:
        print(f"{figure:.3f} {reckoning}")


def start_of_nothing(everyday: npt.NDArray[np.float32]) -> float:
    """Where *nothing* must start so that it loses in no more everyday tweets than may be."""
    return round(float(np.quantile(everyday.max(axis=1), 1 - MOST_EVERYDAY)), 2)


def reasons_of(odds: npt.NDArray[np.float32], nothing: float, finder: TouchpointFinder) -> Ints:
    """The reason of each text's likeliest touchpoint."""
    of_column = np.array([REASONS[each.id] for each in finder.taxonomy.touchpoints])
    return np.where(odds.max(axis=1) > nothing, of_column[odds.argmax(axis=1)], NONE)


def learn(scorer: EmbeddedScorer) -> None:
    """Fit on train for each strength, keep the one that does best on dev, and write it."""
    taxonomy = load_taxonomy("airline")
    train, dev = reasons(scorer, Part.TRAIN), reasons(scorer, Part.DEV)
    unrelated, everyday = unrelated_texts(), texts_of(EVERYDAY)
    plain = TouchpointFinder(taxonomy, scorer.embed)
    seen = plain.evidence(train.texts + unrelated, train.embeddings + embed(scorer, unrelated))
    labels = np.append(train.reasons, [len(NAMES)] * len(unrelated))
    on_dev = plain.evidence(dev.texts, dev.embeddings)
    on_everyday = plain.evidence(everyday, embed(scorer, everyday))
    ids = [each.id for each in taxonomy.touchpoints]
    best: tuple[float, Learned] | None = None
    for strength in STRENGTHS:
        learned = fitted(ids, seen, labels, strength)
        finder = TouchpointFinder(taxonomy, scorer.embed, learned)
        nothing = start_of_nothing(finder.odds(on_everyday))
        guess = reasons_of(finder.odds(on_dev), nothing, finder)
        figure = macro_f1(dev.reasons, guess)
        print(f"penalty {strength}: macro F1 {figure:.3f} on dev, {len(learned.words)} words")
        reckoning = attrs.evolve(learned.reckoning, nothing=nothing)
        if best is None or figure > best[0]:
            best = figure, attrs.evolve(learned, reckoning=reckoning)
    if best is not None:
        write(best[1])


def fitted(ids: Sequence[str], evidence: Evidence, labels: Ints, strength: float) -> Learned:
    """Maximum likelihood of the reasons, each of which is any of its touchpoints, and of nothing.

    A word's weight may grow with how unevenly it falls on the reasons (Wang and Manning 2012). Rare
    reasons count more than their number, by its root.
    """
    of_column = torch.tensor([REASONS[each] for each in ids])
    count = Counter(word for said in evidence.words for word in grams(said))
    vocabulary = sorted(word for word, number in count.items() if number >= FEWEST)
    texts = rows_of(evidence.words, {word: place for place, word in enumerate(vocabulary)})
    truth = torch.tensor(labels)
    uneven = unevenness(texts, truth)
    phrases, likeness = torch.tensor(evidence.phrases), torch.tensor(evidence.likeness)
    weights = torch.zeros(len(vocabulary), len(NAMES), requires_grad=True)
    base = torch.zeros(len(NAMES), requires_grad=True)
    scale = torch.tensor([3.0, 12.0], requires_grad=True)
    shares = torch.bincount(truth).float() / len(truth)
    counts_as = shares[truth].rsqrt()
    counts_as /= counts_as.mean()
    solver = torch.optim.LBFGS([weights, base, scale], max_iter=60, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        said = texts @ (uneven * weights) + base
        odds = scale[0] * phrases + scale[1] * likeness + said[:, of_column]
        of_reason = torch.stack(
            [odds[:, of_column == reason].logsumexp(dim=1) for reason in range(len(NAMES))]
            + [torch.zeros(len(truth))],
            dim=1,
        )
        each = functional.cross_entropy(of_reason, truth, reduction="none")
        total: Tensor = (each * counts_as).mean() + strength * weights.square().sum() / len(truth)
        total.backward()  # type: ignore[no-untyped-call]  # of torch
        return total

    solver.step(loss)  # type: ignore[no-untyped-call]  # of torch
    table = (uneven * weights).detach().numpy().round(2)
    kept = np.flatnonzero(np.abs(table).max(axis=1) >= LEAST)
    return Learned(
        groups=tuple(
            tuple(each for each in ids if REASONS[each] == reason) for reason in range(len(NAMES))
        ),
        base=tuple(round(value, 2) for value in base.tolist()),
        words={
            vocabulary[row]: tuple(np.round(table[row].astype(float), 2).tolist()) for row in kept
        },
        reckoning=Reckoning(
            phrases=round(scale[0].item(), 2), likeness=round(scale[1].item(), 2), nothing=0.0
        ),
    )


def rows_of(said: Sequence[Sequence[str]], place_of: Mapping[str, int]) -> Tensor:
    """A row a text: its known words, each over the root of their number."""
    places: tuple[list[int], list[int]] = ([], [])
    values = []
    for row, words in enumerate(said):
        known = [place_of[word] for word in grams(words) if word in place_of]
        places[0].extend([row] * len(known))
        places[1].extend(known)
        values.extend([1 / math.sqrt(len(known))] * len(known) if known else [])
    shape = (len(said), len(place_of))
    return torch.sparse_coo_tensor(
        torch.tensor(places), torch.tensor(values), shape, check_invariants=True
    ).coalesce()


def unevenness(texts: Tensor, truth: Tensor) -> Tensor:
    """How far each word's odds within a reason lie from those outside of it."""
    held = torch.sparse_coo_tensor(
        texts.indices(), torch.ones_like(texts.values()), texts.shape, check_invariants=True
    )
    reasons = functional.one_hot(truth)[:, : len(NAMES)].float()
    within = held.t() @ reasons
    outside = within.sum(dim=1, keepdim=True) - within
    size = reasons.sum(dim=0)
    inner = (within + 0.5) / (size + 1)
    outer = (outside + 0.5) / (len(truth) - size + 1)
    return (inner / outer).log().abs()


def write(learned: Learned) -> None:
    """Write the file that ships beside the taxonomy, a word a line."""
    head = {
        "source": SOURCE,
        "made_by": "python -m benchmarks.touchpoints --learn",
        "reckoning": attrs.asdict(learned.reckoning),
        "groups": learned.groups,
        "base": learned.base,
    }
    words = [
        f"{json.dumps(word)}: {json.dumps(weights)}" for word, weights in learned.words.items()
    ]
    opened = json.dumps(head, indent=1)[:-2]
    text = f'{opened},\n "words": {{\n' + ",\n".join(words) + "\n }\n}\n"
    learned_path("airline").write_text(text, encoding="utf-8")


# --- what is read -------------------------------------------------------------------------------


def reasons(scorer: EmbeddedScorer, part: Part) -> Labelled:
    """The tweets to airlines that have one of the nine reasons."""
    examples = [
        (each.text, each.reason)
        for each in read_pool(TEXTS / "train_pool.jsonl.gz", part)
        if each.reason is not None
    ]
    texts = [text for text, _ in examples]
    return Labelled(
        texts=texts,
        embeddings=embed(scorer, texts),
        reasons=np.array([reason for _, reason in examples]),
    )


def unrelated_texts() -> list[str]:
    """Everyday tweets to train on."""
    examples = read_pool(TEXTS / "train_pool.jsonl.gz", Part.TRAIN)
    return [
        each.text
        for each in itertools.islice(
            (one for one in examples if one.source == UNRELATED), MOST_TEXTS
        )
    ]


def records(name: str) -> list[dict[str, Any]]:
    """The lines of one dev set."""
    lines = (TEXTS / "dev" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[:MOST_TEXTS]]


def texts_of(name: str) -> list[str]:
    """The texts of one dev set."""
    return [str(record["text"]) for record in records(name)]


def embed(scorer: EmbeddedScorer, texts: Sequence[str]) -> list[bytes]:
    """The embeddings of many texts."""
    return [
        embedding
        for start in range(0, len(texts), BATCH)
        for embedding in scorer.embed(texts[start : start + BATCH])
    ]


if __name__ == "__main__":
    main()
