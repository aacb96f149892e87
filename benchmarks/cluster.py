"""How well posts that tell the same story come together.

    python -m benchmarks.cluster [FILE] [--half first|second] [--first N] [--threshold T] [--json]

FILE holds texts, each with the cluster that it belongs to, and times where it has any: one JSON
object a line (as News-T of MStream) or a table with tabs (as the Arabic tweets of seven events);
which of them it is, is seen from what is in it. With times the texts come in their order; without,
one a minute in the order of the file, which for News-T is the order in which its authors stream it.
Each is brought as a complaint through the grouping that runs live, with its merges and splits.

Prints B-cubed precision, recall and F1, the normalised mutual information with the clusters given
(over the mean of both entropies) and the seconds a text, beside two rivals in the same run: TF-IDF
in a single pass (a text joins the cluster with the highest cosine from a threshold on; of several
thresholds the one that scores best on this very file), and every text by itself. ``--half`` takes
one half of the texts by a fixed lot, so that options can be chosen on one and reported on the
other.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import attrs

from monitor.domain import Assessment, Author, Post, PostKey, Remark
from monitor.incidents.grouping import Grouper, GroupingOptions
from monitor.incidents.story import incident_id
from monitor.incidents.words import words
from monitor.stages.regrouping import has_doubled, has_grown
from nlp.scoring import load_scorer

SHARED = Path(os.environ.get("SPARKWATCH_SHARED", Path(__file__).parent.parent.parent / "shared"))
FILE = SHARED / "data" / "clusters" / "news-t.jsonl"
START = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = ("textCleaned", "text", "content", "title")
CLUSTER = ("clusterNo", "cluster", "label", "event", "story")
TIME = ("time", "created_at", "published_at", "date")
MOMENTS = ("%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z")
THRESHOLDS = (0.1, 0.15, 0.2, 0.3, 0.4)
SWEEP = timedelta(hours=1)


@attrs.frozen
class Text:
    """One text of a labelled file."""

    text: str
    cluster: str
    said_at: datetime | None


def read(file: Path) -> list[Text]:
    """The texts of a file, in the order in which they come; lines that are broken are left out.

    Raises ``ValueError`` where no line holds a text and a cluster.
    """
    lines = file.read_text(encoding="utf-8").splitlines()
    as_objects = next((line for line in lines if line.strip()), "").startswith("{")
    found = list(_objects(lines) if as_objects else _table(lines))
    if not found:
        raise ValueError(f"{file} holds no line with a text and a cluster")
    if all(text.said_at is not None for text in found):
        found.sort(key=lambda text: (text.said_at or START, text.text))
        return found
    return [attrs.evolve(text, said_at=None) for text in found]


def _objects(lines: Sequence[str]) -> Iterator[Text]:
    for line in lines:
        row: Mapping[str, object] = json.loads(line) if line.strip() else {}
        text, cluster, said = (
            next((row[name] for name in names if name in row), None)
            for names in (TEXT, CLUSTER, TIME)
        )
        if text is not None and cluster is not None:
            yield Text(str(text), str(cluster), _moment(str(said)))


def _table(lines: Sequence[str]) -> Iterator[Text]:
    """Rows of id, text, cluster and more, one of which may be the time."""
    rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    heading = [str(number) for number in range(width)]
    for row in rows:
        if len(row) != width or width < 3 or row == heading or not row[0].isdigit():
            continue
        moments = (_moment(cell) for cell in row[3:])
        yield Text(row[1], row[2], next((moment for moment in moments if moment), None))


def _moment(written: str) -> datetime | None:
    for layout in MOMENTS:
        try:
            moment = datetime.strptime(written, layout)  # noqa: DTZ007 - given a zone below
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


# --- how alike two groupings are ----------------------------------------------------------------


def b_cubed(found: Sequence[str], given: Sequence[str]) -> tuple[float, float]:
    """Precision and recall (Bagga and Baldwin 1998): the mean over texts of each one's own.

    >>> b_cubed(["a", "a", "b"], ["x", "x", "x"])
    (1.0, 0.5555555555555556)
    """
    both = Counter(zip(found, given, strict=True))
    of_found, of_given = Counter(found), Counter(given)
    count = len(found)
    precision = sum(n * n / of_found[f] for (f, _), n in both.items()) / count
    recall = sum(n * n / of_given[g] for (_, g), n in both.items()) / count
    return precision, recall


def mutual_information(found: Sequence[str], given: Sequence[str]) -> float:
    """Mutual information over the mean of both entropies, from 0 to 1.

    >>> mutual_information(["a", "a", "b"], ["x", "x", "y"])
    1.0
    """
    count = len(found)
    both = Counter(zip(found, given, strict=True))
    of_found, of_given = Counter(found), Counter(given)

    def entropy(sizes: Counter[str]) -> float:
        return -sum(n / count * math.log(n / count) for n in sizes.values())

    shared = sum(
        n / count * math.log(n * count / (of_found[f] * of_given[g])) for (f, g), n in both.items()
    )
    both_entropies = entropy(of_found) + entropy(of_given)
    return 2 * shared / both_entropies if both_entropies else 1.0


# --- Sparkwatch, and its rivals -----------------------------------------------------------------


def group(
    texts: Sequence[str],
    said: Sequence[Assessment],
    options: GroupingOptions,
    times: Sequence[datetime] | None = None,
) -> list[str]:
    """The story of each text after all were placed, as the live stage places, merges and splits."""
    grouper = Grouper("benchmark", (), options)
    members: defaultdict[str, list[int]] = defaultdict(list)
    remarks = [
        Remark(
            post=Post(
                key=PostKey("benchmark", f"{number:07}"),
                text=text,
                published_at=times[number] if times else START + timedelta(minutes=number),
                author=Author(native_id=str(number)),
            ),
            brand="benchmark",
            assessment=assessment,
        )
        for number, (text, assessment) in enumerate(zip(texts, said, strict=True))
    ]
    swept_at = remarks[0].post.published_at if remarks else START
    for number, remark in enumerate(remarks):
        story = grouper.place(remark)
        if story is None:
            members[str(number)].append(number)
            continue
        members[story].append(number)
        _look_again(grouper, story, members, remarks)
        now = remark.post.published_at
        if now - swept_at >= SWEEP:
            swept_at = now
            grouper.forget(grouper.faded(now - options.memory))
        if number % 2_000 == 1_999:
            print(f"  {number + 1} of {len(remarks)} grouped", file=sys.stderr)
    found = [""] * len(remarks)
    for story, numbers in members.items():
        for number in numbers:
            found[number] = story
    return found


def _look_again(
    grouper: Grouper, story: str, members: dict[str, list[int]], remarks: Sequence[Remark]
) -> None:
    """Merge or split a story that one more post joined, where that is due."""
    posts = grouper.stories[story].posts
    twin = grouper.twin(story) if has_grown(posts - 1, posts) else None
    if twin is not None:
        gone, into = sorted(
            (story, twin), key=lambda one: (-grouper.stories[one].first_post_at.timestamp(), one)
        )
        grouper.merge(gone, into)
        members[into] = sorted(members[into] + members.pop(gone))
        story = into
    if not has_doubled(posts - 1, posts):
        return
    leaving = grouper.later_part([remarks[number] for number in members[story]])
    if leaving:
        later = [number for number in members[story] if remarks[number].post.key in leaving]
        earlier = [number for number in members[story] if number not in set(later)]
        other = incident_id("benchmark", remarks[later[0]].post)
        grouper.forget({story})
        parts = ((story, earlier), (other, later))
        grouper.load((name, [remarks[number] for number in of]) for name, of in parts)
        members.update(parts)


def single_pass(texts: Sequence[str], threshold: float) -> list[str]:
    """TF-IDF in a single pass: the cluster with the highest cosine, or one more."""
    terms = [Counter(words(text)) for text in texts]
    documents = Counter(term for of_text in terms for term in of_text)
    rare = {term: math.log(len(texts) / count) for term, count in documents.items()}
    holding: defaultdict[str, dict[int, float]] = defaultdict(dict)
    squares: list[float] = []
    found = []
    for of_text in terms:
        weights = {term: count * rare[term] for term, count in of_text.items()}
        norm = math.hypot(*weights.values()) or 1.0
        products: defaultdict[int, float] = defaultdict(float)
        for term, weight in weights.items():
            for cluster, held in holding[term].items():
                products[cluster] += weight / norm * held
        best, likeness = len(squares), threshold
        for cluster, product in products.items():
            cosine = product / math.sqrt(squares[cluster])
            if cosine > likeness:
                best, likeness = cluster, cosine
        if best == len(squares):
            squares.append(0.0)
        for term, weight in weights.items():
            before = holding[term].get(best, 0.0)
            holding[term][best] = before + weight / norm
            squares[best] += holding[term][best] ** 2 - before**2
        found.append(str(best))
    return found


# --- the table ----------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Scores:
    """How a method did; as printed and as JSON."""

    nmi: float
    b_cubed_f1: float
    b_cubed_precision: float
    b_cubed_recall: float
    clusters_found: int
    seconds_a_text: float


def main() -> None:
    """Group, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--half", choices=("first", "second"), help="one half, by a fixed lot")
    parser.add_argument("--first", type=int, help="only so many, from the beginning")
    parser.add_argument("--threshold", type=float, help="another one than the default")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    wanted = parser.parse_args()
    try:
        rows = read(wanted.file)
    except (OSError, ValueError) as problem:
        sys.exit(f"cluster: {problem}")
    rows = (_half(rows, wanted.half) if wanted.half else rows)[: wanted.first]
    options = GroupingOptions()
    if wanted.threshold is not None:
        options = attrs.evolve(options, threshold=wanted.threshold)
    texts, given = [row.text for row in rows], [row.cluster for row in rows]
    times = [row.said_at for row in rows if row.said_at is not None]
    print(f"reading {len(rows)} texts", file=sys.stderr)
    started = time.perf_counter()
    said, model = _said(texts)
    reading = (time.perf_counter() - started) / len(rows)
    methods = {
        "sparkwatch": _measured(lambda: group(texts, said, options, times or None), given),
        "tf_idf_single_pass": max(
            (_measured(partial(single_pass, texts, least), given) for least in THRESHOLDS),
            key=lambda scores: scores.nmi,
        ),
        "each_by_itself": _measured(lambda: [str(number) for number in range(len(rows))], given),
    }
    order = "in the order of their times" if times else "in the order of the file"
    if wanted.json:
        about = {
            "set": wanted.file.stem,
            "n": len(rows),
            "clusters_given": len(set(given)),
            "order": order,
            "model": model,
            "reading_seconds_a_text": round(reading, 5),
        }
        scored = {name: attrs.asdict(scores) for name, scores in methods.items()}
        print(json.dumps({**about, **scored["sparkwatch"], "methods": scored}))
        return
    print(f"{wanted.file.stem}: {len(rows)} texts in {len(set(given))} clusters, {order}\n")
    print(f"{'':20}{'NMI':>6}{'B3 F1':>7}{'B3 P':>7}{'B3 R':>7}{'found':>8}{'ms a text':>11}")
    for name, scores in methods.items():
        print(
            f"{name:20}{scores.nmi:6.3f}{scores.b_cubed_f1:7.3f}{scores.b_cubed_precision:7.3f}"
            f"{scores.b_cubed_recall:7.3f}{scores.clusters_found:8}"
            f"{1000 * scores.seconds_a_text:11.3f}"
        )
    print(f"\nreading by the model {model}: {1000 * reading:.1f} ms a text")


def _half(rows: Sequence[Text], which: str) -> list[Text]:
    order = list(range(len(rows)))
    random.Random(7).shuffle(order)  # noqa: S311 - a lot that can be drawn again, no secret
    middle = len(order) // 2
    drawn = order[:middle] if which == "first" else order[middle:]
    return [rows[number] for number in sorted(drawn)]


def _said(texts: Sequence[str]) -> tuple[list[Assessment], str]:
    """Every text as a complaint, with its embedding; and by which model."""
    scorer = load_scorer(threads=1)
    return [
        Assessment(
            model=scorer.model,
            revision=scorer.revision,
            language="und",
            negative=1.0,
            neutral=0.0,
            positive=0.0,
            embedding=embedding,
        )
        for embedding in scorer.embed(texts)
    ], f"{scorer.model} {scorer.revision}"


def _measured(grouped: Callable[[], Sequence[str]], given: Sequence[str]) -> Scores:
    started = time.perf_counter()
    found = grouped()
    seconds = time.perf_counter() - started
    precision, recall = b_cubed(found, given)
    return Scores(
        nmi=round(mutual_information(found, given), 3),
        b_cubed_f1=round(2 * precision * recall / (precision + recall), 3),
        b_cubed_precision=round(precision, 3),
        b_cubed_recall=round(recall, 3),
        clusters_found=len(set(found)),
        seconds_a_text=round(seconds / len(given), 6),
    )


if __name__ == "__main__":
    main()
