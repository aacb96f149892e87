"""How well aggravators and targets are told, on posts that the project wrote and judged itself.

    python -m benchmarks.understanding
    python -m benchmarks.understanding --wrong          # each mistake, with what was expected
    python -m benchmarks.understanding --agreement      # of the judge with the judge, second time

``benchmarks/judged/GUIDE.md`` says by which guide. The posts measure the rules, not the world, and
nothing may be tuned on them. Intervals hold 95 % of 1,000 sets that are drawn from the posts again.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import attrs
import numpy as np
import numpy.typing as npt

import config
from monitor.domain import Aggravator, Brand, Mention, Post, PostKey, Span, Target
from monitor.incidents.matching import Matcher
from nlp.aggravators import load_aggravators
from nlp.metrics import accuracy, binary_f1, macro_f1
from nlp.reading import RuleReader
from nlp.scoring import load_scorer

JUDGED = Path(__file__).with_name("judged")
SHIPPED = Path(config.__file__).with_name("aggravators.yaml")
LANGUAGES = ("en", "zh-Hans", "zh-Hant")
_KINDS = tuple(Aggravator)
_TARGETS = tuple(Target)
_KEY = PostKey("judged", "post")
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_RESAMPLES = 1_000
_HEADING = "{:16}    n  precision  recall    F1"

Classes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@attrs.frozen(kw_only=True)
class Verdict:
    """What a post was judged to show, by a person or by the rules."""

    aggravators: frozenset[Aggravator]
    target: Target

    @classmethod
    def of(cls, row: dict[str, str]) -> Verdict:
        """The verdict of a line of a table."""
        kinds = frozenset(Aggravator(kind) for kind in _parts(row["aggravators"]))
        return cls(aggravators=kinds, target=Target(row["target"]))

    def __str__(self) -> str:
        kinds = ", ".join(kind for kind in _KINDS if kind in self.aggravators)
        return f"{kinds or 'none'}; {self.target}"


@attrs.frozen(kw_only=True)
class Judged:
    """A post of the judged set; ``names`` and ``rivals`` are words that stand in its text."""

    id: str
    language: str
    text: str
    names: tuple[str, ...]
    rivals: tuple[str, ...]
    verdict: Verdict


def read(file: Path) -> list[Judged]:
    """The posts of a table with their verdicts."""
    return [
        Judged(
            id=row["id"],
            language=row["lang"],
            text=row["text"],
            names=_parts(row["brand"]),
            rivals=_parts(row["rivals"]),
            verdict=Verdict.of(row),
        )
        for row in _rows(file)
    ]


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()


def verdicts(posts: Sequence[Judged]) -> list[Verdict]:
    """What the reader says of each post, with the shipped model's word on how negative it is."""
    scorer = load_scorer()
    reader = RuleReader.of((), {}, load_aggravators(SHIPPED), scorer)
    assessments = scorer.score([post.text for post in posts])
    found = []
    for judged, assessment in zip(posts, assessments, strict=True):
        mentions = [
            Mention(post=_KEY, brand="brand", spans=places(judged.text, judged.names)),
            *(
                Mention(post=_KEY, brand=rival, spans=places(judged.text, [rival]))
                for rival in judged.rivals
            ),
        ]
        post = Post(key=_KEY, text=judged.text, published_at=_NOW)
        reading = reader.read(post, mentions, assessment)[0]
        found.append(
            Verdict(
                aggravators=frozenset(each.kind for each in reading.aggravations),
                target=reading.target,
            )
        )
    return found


def places(text: str, names: Sequence[str]) -> tuple[Span, ...]:
    """Where the text holds one of the names, as the pipeline would find it."""
    brands = [
        Brand(id=name, name=name, handles=(name,) if name.startswith("@") else ()) for name in names
    ]
    mentions = Matcher(brands).match(Post(key=_KEY, text=text, published_at=_NOW))
    missing = set(names) - {mention.brand for mention in mentions}
    if missing:
        raise ValueError(f"not in the text {text!r}: {', '.join(sorted(missing))}")
    return tuple(sorted(span for mention in mentions for span in mention.spans))


def _flags(judged: Sequence[Verdict]) -> Flags:
    """A row a post, a column an aggravator."""
    return np.array([[kind in one.aggravators for kind in _KINDS] for one in judged])


def _classes(judged: Sequence[Verdict]) -> Classes:
    return np.array([_TARGETS.index(one.target) for one in judged])


def _f1(truth: Flags, guess: Flags) -> float:
    """The F1 of all single decisions together."""
    return binary_f1(truth.ravel(), guess.ravel())


def _mean_f1(truth: Flags, guess: Flags) -> float:
    """The mean F1 of the aggravators that occur; 0 where none does."""
    kinds = np.flatnonzero(truth.any(axis=0))
    scores = [binary_f1(truth[:, kind], guess[:, kind]) for kind in kinds]
    return float(np.mean(scores)) if scores else 0.0


def _interval(figure: Callable[[npt.NDArray[np.intp]], float], n: int) -> str:
    chance = np.random.default_rng(1)
    drawn = [figure(chance.integers(n, size=n)) for _ in range(_RESAMPLES)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{low:.2f}-{high:.2f}"


def print_aggravators(
    posts: Sequence[Judged], expected: Sequence[Verdict], said: Sequence[Verdict]
) -> None:
    """Precision, recall and F1 of each, then F1 and the number of posts by language."""
    truth, guess = _flags(expected), _flags(said)
    spoken = _languages(posts)
    print(_HEADING.format("aggravator"), end="")
    print("".join(f"  {language:>7}    n" for language in spoken))
    rows = [(str(kind), truth[:, [place]], guess[:, [place]]) for place, kind in enumerate(_KINDS)]
    for name, really, told in [*rows, ("all (micro)", truth, guess)]:
        print(_row(name, really, told), end="")
        for where in spoken.values():
            print(f"  {_f1(really[where], told[where]):7.2f} {really[where].sum():4}", end="")
        print()
    print(f"{'mean (macro)':16}{_mean_f1(truth, guess):30.2f}", end="")
    print("".join(f"  {_mean_f1(truth[each], guess[each]):7.2f}     " for each in spoken.values()))
    within = _interval(lambda drawn: _mean_f1(truth[drawn], guess[drawn]), len(truth))
    none = ~truth.any(axis=1)
    alarms = int(guess[none].any(axis=1).sum())
    print(f"macro F1 within {within}; of {none.sum()} posts that show none {alarms} were said to")


def print_targets(
    posts: Sequence[Judged], expected: Sequence[Verdict], said: Sequence[Verdict]
) -> None:
    """Accuracy and macro F1 beside those of always saying the commonest, then a row a target."""
    truth, guess = _classes(expected), _classes(said)
    common = np.full(len(truth), np.bincount(truth).argmax())
    print(
        f"{'target':16}    n   accuracy  (95 %)     macro F1  (95 %)  always {_TARGETS[common[0]]}"
    )
    for name, where in [("all", np.full(len(truth), True)), *_languages(posts).items()]:
        really, told, usual = truth[where], guess[where], common[where]
        right = _interval(_resampled(accuracy, really, told), len(really))
        mean = _interval(_resampled(macro_f1, really, told), len(really))
        print(
            f"{name:16} {len(really):4}  {accuracy(really, told):9.2f}  {right}"
            f"  {macro_f1(really, told):7.2f}  {mean}"
            f"  {accuracy(really, usual):5.2f}, {macro_f1(really, usual):.2f}"
        )
    print(f"\n{_HEADING.format('target')}")
    for place, target in enumerate(_TARGETS):
        print(_row(str(target), truth == place, guess == place))


def _row(name: str, really: Flags, told: Flags) -> str:
    hits = int((really & told).sum())
    return (
        f"{name:16} {really.sum():4}  {_share(hits, told.sum()):>9}"
        f"  {_share(hits, really.sum()):>6}  {_f1(really, told):4.2f}"
    )


def _share(hits: int, of: int) -> str:
    return f"{hits / of:.2f}" if of else "-"


def _languages(posts: Sequence[Judged]) -> dict[str, Flags]:
    """Which posts are in which of the languages."""
    spoken = np.array([post.language for post in posts])
    return {one: spoken == one for one in LANGUAGES if (spoken == one).any()}


def _resampled(
    figure: Callable[[Classes, Classes], float], truth: Classes, guess: Classes
) -> Callable[[npt.NDArray[np.intp]], float]:
    return lambda drawn: figure(truth[drawn], guess[drawn])


def print_agreement(posts: Sequence[Judged]) -> None:
    """How often the judge came to the same verdict twice, and Cohen's kappa of either question."""
    first = {post.id: post.verdict for post in posts}
    rows = _rows(JUDGED / "second_pass.tsv")
    pairs = [(first[row["id"]], Verdict.of(row)) for row in rows]
    once, again = zip(*pairs, strict=True)
    same = sum(one.aggravators == other.aggravators for one, other in pairs)
    kinds = _kappa(_flags(once).ravel().astype(int), _flags(again).ravel().astype(int))
    aimed = sum(one.target == other.target for one, other in pairs)
    targets = _kappa(_classes(once), _classes(again))
    print(f"{len(pairs)} posts judged twice")
    print(f"the very same aggravators: {same / len(pairs):.2f}, kappa {kinds:.2f}")
    print(f"the same target:           {aimed / len(pairs):.2f}, kappa {targets:.2f}")


def _kappa(once: Classes, again: Classes) -> float:
    """Agreement beyond chance (Cohen 1960)."""
    usual, repeated = Counter(once.tolist()), Counter(again.tolist())
    chance = sum(usual[each] * repeated[each] for each in usual) / len(once) ** 2
    return (accuracy(once, again) - chance) / (1 - chance)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.understanding", description=__doc__)
    parser.add_argument("--file", type=Path, default=JUDGED / "posts.tsv")
    parser.add_argument("--wrong", action="store_true", help="list what was got wrong")
    parser.add_argument("--agreement", action="store_true", help="of two passes of the judge")
    chosen = parser.parse_args()
    posts = read(chosen.file)
    if chosen.agreement:
        print_agreement(posts)
        return
    expected, said = [post.verdict for post in posts], verdicts(posts)
    print(f"{len(posts)} posts, written and judged by the project: benchmarks/judged/GUIDE.md\n")
    print_aggravators(posts, expected, said)
    print()
    print_targets(posts, expected, said)
    if chosen.wrong:
        for post, got in zip(posts, said, strict=True):
            if got != post.verdict:
                print(f"\n{post.id}  {post.text}")
                print(f"  expected {post.verdict}\n  told     {got}")


if __name__ == "__main__":
    main()
