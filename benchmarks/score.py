"""How fast posts are scored, against what else could score them.

    python -m benchmarks.score [FILE...] [--posts 5000]

A file holds a JSON object with a ``text`` a line, compressed by gzip or not, and gives an equal
share of the posts; without one they are tweets to US airlines and Weibo posts of the shared folder.
Everything is measured in one run: the shipped model from text to Assessment, its network alone and
the same in floats; a transformers pipeline around a classifier as large as XLM-R base (random
weights, which are as fast as any; cut by our tokenizer); VADER; SnowNLP. What is slow is timed on
the first of the shuffled posts, as many as the table says. A process of its own tells how long the
first score takes and how much memory is needed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import attrs
import torch
from torch import Tensor

from nlp.batching import Batch, batches, side_by_side
from nlp.embedded import EmbeddedScorer
from nlp.network import Network
from nlp.quantized import Int8Linear, dequantized
from nlp.shipped import SHIPPED, read_model
from nlp.text import has_han, normalise

SHARED = Path(os.environ.get("SPARKWATCH_SHARED", Path(__file__).parents[2] / "shared"))
FILES = (
    SHARED / "replays" / "us-airlines-2015.jsonl.gz",
    SHARED / "data" / "text" / "dev" / "ewect_usual_zh.jsonl",
)
_IN_FLOATS = 1_000
_XLM_R = 200
_BOUND = 15
"""How many times as fast as the pipeline the shipped model is to be."""

_FRESH = """
import json, sys
from pathlib import Path
from nlp.scoring import load_scorer
posts = json.load(sys.stdin)
scorer = load_scorer(threads=2)
scorer.score(posts[:1])
print("first", flush=True)
scorer.score(posts)
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


@attrs.frozen
class Speed:
    """So many posts in so many seconds."""

    name: str
    posts: int
    seconds: float

    @property
    def rate(self) -> float:
        """Posts a second."""
        return self.posts / self.seconds


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, default=FILES, metavar="FILE")
    parser.add_argument("--posts", type=int, default=5_000, help="how many are scored")
    wanted = parser.parse_args()
    missing = [str(file) for file in wanted.files if not file.is_file()]
    if missing:
        parser.error(f"there is no {', '.join(missing)}: name a file, or set SPARKWATCH_SHARED")
    posts = _posts(wanted.files, wanted.posts)
    first, memory = _fresh(posts)
    torch.set_num_threads(1)
    model = read_model(SHIPPED)
    encoded = model.tokenizer.encode_batch_fast([normalise(post) for post in posts])
    pieces = [each.ids for each in encoded]
    tokens = sum(map(len, pieces))
    print(
        f"{len(posts):,} posts of {tokens / len(posts):.1f} tokens on average;"
        f" {os.cpu_count()} processors, {torch.backends.cpu.get_cpu_capability()}"
    )
    print(f"first score {first:.1f} s after the process began (at most 5)")
    print(f"most memory in use {memory:.0f} MB (at most 700)\n")

    ours = [_ours(posts, threads) for threads in (1, 2)]
    network = [_network("int8", model.network, pieces, threads) for threads in (1, 2)]
    floats = _network("floats", dequantized(model.network), pieces[:_IN_FLOATS], threads=2)
    pipeline = _pipeline(posts[:_XLM_R])
    speeds = (*ours, *network, floats, pipeline, _vader(posts), _snownlp(posts))
    print(f"{'':44} {'posts':>6} {'posts/s':>9} {'x pipeline':>11}")
    for each in speeds:
        print(f"{each.name:44} {each.posts:6,} {each.rate:9.1f} {each.rate / pipeline.rate:11.1f}")
    print(f"\nours, 2 threads, is to be at least {_BOUND} x the pipeline")
    operations = _operations(model.network) * tokens
    for threads, each in enumerate(network, start=1):
        reached, limit = operations / each.seconds, _limit(threads)
        print(
            f"int8 operations, {threads} thread{'s'[: threads - 1]}: {reached / 1e9:.0f} of"
            f" {limit / 1e9:.0f} billion a second, {reached / limit:.0%} of what one large"
            " multiplication reaches"
        )


def _posts(files: Sequence[Path], number: int) -> list[str]:
    """An equal share of each file, repeated where it is shorter, shuffled."""
    share = -(-number // len(files))
    posts = [text for file in files for text in islice(cycle(_texts(file)), share)]
    random.Random(0).shuffle(posts)  # noqa: S311  # an order, not a secret
    return posts[:number]


def _texts(file: Path) -> list[str]:
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def _fresh(posts: Sequence[str]) -> tuple[float, float]:
    """Seconds to the first score of a new process, and the MB that it holds at most (on Linux)."""
    began = time.perf_counter()
    with subprocess.Popen(  # noqa: S603  # this very interpreter
        [sys.executable, "-c", _FRESH], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the process has no pipes")
        with process.stdin as sent:
            json.dump(posts, sent)
        process.stdout.readline()
        first = time.perf_counter() - began
        return first, int(process.stdout.readline()) / 1024


def _timed(name: str, posts: int, run: Callable[[], object]) -> Speed:
    began = time.perf_counter()
    run()
    return Speed(name, posts, time.perf_counter() - began)


def _ours(posts: Sequence[str], threads: int) -> Speed:
    scorer = EmbeddedScorer.load(threads=threads)
    scorer.score(posts[:100])
    name = f"ours, text to Assessment, {threads} thread{'s'[: threads - 1]}"
    return _timed(name, len(posts), lambda: scorer.score(posts))


def _network(kind: str, network: Network, pieces: Sequence[list[int]], threads: int) -> Speed:
    prepared = list(batches(pieces))

    @torch.inference_mode()
    def encode(batch: Batch) -> Tensor:
        _places, ids, lengths = batch
        means: Tensor = network(ids, lengths)
        return means

    encode(prepared[0])
    name = f"ours, network only, {kind}, {threads} thread{'s'[: threads - 1]}"
    return _timed(name, len(pieces), lambda: side_by_side(encode, prepared, threads))


def _pipeline(posts: Sequence[str]) -> Speed:
    transformers: Any = import_module("transformers")
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    size = transformers.XLMRobertaConfig(
        vocab_size=250_002, max_position_embeddings=514, type_vocab_size=1, num_labels=3
    )
    classify = transformers.pipeline(
        "text-classification",
        model=transformers.XLMRobertaForSequenceClassification(size).eval(),
        tokenizer=transformers.PreTrainedTokenizerFast.from_pretrained(
            SHIPPED, model_max_length=512
        ),
        device="cpu",
    )

    def run(chosen: Sequence[str]) -> object:
        return classify(list(chosen), batch_size=32, truncation=True)

    run(posts[:32])
    speed = _timed("pipeline of XLM-R base size, 2 threads", len(posts), lambda: run(posts))
    torch.set_num_threads(threads)
    return speed


def _vader(posts: Sequence[str]) -> Speed:
    analyser = import_module("vaderSentiment.vaderSentiment").SentimentIntensityAnalyzer()
    return _timed(
        "VADER, 1 thread", len(posts), lambda: [analyser.polarity_scores(post) for post in posts]
    )


def _snownlp(posts: Sequence[str]) -> Speed:
    read = import_module("snownlp").SnowNLP
    chinese = [post for post in posts if has_han(post)]
    read(chinese[0]).sentiments  # noqa: B018  # it loads its model when it is first asked
    return _timed(
        "SnowNLP, 1 thread, Chinese posts only",
        len(chinese),
        lambda: [read(post).sentiments for post in chinese],
    )


def _operations(network: Network) -> int:
    """Whole-number multiplications and additions that a token takes."""
    layers = (part for part in network.modules() if isinstance(part, Int8Linear))
    return 2 * sum(layer.weight.numel() for layer in layers)


def _limit(threads: int, size: int = 2_048, times: int = 4) -> float:
    """Operations a second when every thread multiplies large matrices, at best of three."""
    left = torch.randint(-127, 128, (size, size), dtype=torch.int8)
    right = torch.randint(-127, 128, (size, size), dtype=torch.int8)

    def multiply(_time: int) -> None:
        torch._int_mm(left, right.t())

    multiply(0)
    tries = [
        _timed("", 0, lambda: side_by_side(multiply, range(times * threads), threads))
        for _ in range(3)
    ]
    return 2 * size**3 * times * threads / min(each.seconds for each in tries)


if __name__ == "__main__":
    main()
