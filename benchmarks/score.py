"""How fast the model that ships scores, against the same network in floats.

    python -m benchmarks.score
    python -m benchmarks.score --texts posts.txt --threads 2

Both run in this process, by turns, on the same texts. The fastest round of each counts: a busy
machine only ever slows one down.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor, nn

from nlp.batching import batches
from nlp.embedded import EmbeddedScorer
from nlp.network import Network
from nlp.quantized import Int8Embedding, Int8Linear
from nlp.shipped import SHIPPED, read_model
from nlp.text import normalise

_BUILT_IN = (
    "@delta flight 1043 is delayed again and nobody at the gate knows anything. Two hours now.",
    "Thanks to the crew of today's flight, best service I have had in years!",
    "how do I change the name on a booking? your site keeps sending me in circles",
    "They charged me $200 for a bag that was free on the way out. Never again. #fail",
    "Boarding now. See you all in Denver tomorrow",
    "your app logged me out and now says my ticket does not exist?!",
    "航班又取消了，客服电话打了一个小时都没人接，太过分了！",
    "机组人员特别热情，孩子玩得很开心，谢谢！",
    "行李被摔壞了，櫃台只叫我填表格，什麼都沒有賠。",
    "请问明天去东京的航班还有靠窗的座位吗？",
)


def _floats(network: Network) -> Network:
    """The same network with plain float layers."""
    plain = copy.deepcopy(network)
    for module in list(plain.modules()):
        for name, part in module.named_children():
            if isinstance(part, Int8Linear):
                linear = nn.Linear(part.weight.shape[1], part.weight.shape[0])
                linear.weight = _fixed(part.weight.float() * part.scale[:, None])
                linear.bias = _fixed(part.bias)
                setattr(module, name, linear)
            elif isinstance(part, Int8Embedding):
                table = nn.Embedding(*part.weight.shape)
                table.weight = _fixed(part.weight.float() * part.scale[:, None])
                setattr(module, name, table)
    return plain


def _fixed(weight: Tensor) -> nn.Parameter:
    return nn.Parameter(weight, requires_grad=False)


def _features(network: Network, pieces: list[list[int]]) -> Tensor:
    result = torch.zeros(len(pieces), network.embedding.in_features)
    with torch.inference_mode():
        for rows, ids, lengths in batches(pieces):
            result[rows] = network(ids, lengths)
    return result


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _main(
    texts: Annotated[Path | None, typer.Option(help="a text a line; built-in ones without")] = None,
    number: Annotated[int, typer.Option(help="texts scored, repeated where there are fewer")] = 400,
    threads: Annotated[int, typer.Option(help="processor threads")] = 2,
    rounds: Annotated[int, typer.Option(help="runs of each, by turns")] = 5,
) -> None:
    """Print posts a second of the whole scorer, of its network and of the network in floats."""
    torch.set_num_threads(threads)
    lines = list(_BUILT_IN) if texts is None else texts.read_text("utf-8").splitlines()
    posts = [lines[place % len(lines)] for place in range(number)]
    model = read_model(SHIPPED)
    scorer = EmbeddedScorer(model=SHIPPED.name, loaded=model)
    plain = _floats(model.network)
    encodings = model.tokenizer.encode_batch_fast([normalise(post) for post in posts])
    pieces = [encoding.ids for encoding in encodings]

    def whole() -> object:
        return scorer.score(posts)

    def eight_bits() -> object:
        return _features(model.network, pieces)

    def floats() -> object:
        return _features(plain, pieces)

    runs = {"text to assessment, int8": whole, "network, int8": eight_bits, "network, fp32": floats}
    agreement = torch.cosine_similarity(
        _features(model.network, pieces), _features(plain, pieces)
    ).mean()
    scorer.score(posts)
    taken = [{name: _seconds(run) for name, run in runs.items()} for _ in range(rounds)]
    tokens = np.mean([len(each) for each in pieces])
    print(f"{number} texts of {tokens:.0f} pieces on average, {threads} threads, {rounds} rounds")
    fastest = {name: min(each[name] for each in taken) for name in runs}
    for name, seconds in fastest.items():
        print(f"{name:26} {number / seconds:8.0f} posts/s")
    ratio = fastest["network, fp32"] / fastest["network, int8"]
    print(f"int8 is {ratio:.1f} times as fast as fp32; cosine of their vectors {agreement:.4f}")


if __name__ == "__main__":
    typer.run(_main)
