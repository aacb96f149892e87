"""The recipe of the model that ships: a cut-down encoder, frozen, and heads fitted on top of it.

    python -m nlp.train --base intfloat/multilingual-e5-small --data FOLDER --out FOLDER

The data folder holds ``train_pool.jsonl.gz`` and ``dev/*.jsonl``. Encoded texts are kept in the
cache folder, so that a run that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import attrs
import numpy as np
import torch
import typer
from torch import Tensor
from transformers import BertConfig

from nlp.network import Head, Network, Shape
from nlp.shipped import write_model
from nlp.text import normalise
from nlp.training.base import load_base, shortened
from nlp.training.corpus import Example, read_dev, read_pool, sample
from nlp.training.features import Floats, features
from nlp.training.fitting import Labelled, calibrate, fit_head
from nlp.training.projection import fit_projection
from nlp.training.settings import Settings, load_settings
from nlp.training.vocabulary import choose_pieces, trimmed

__all__ = ["train"]

_RECIPE = Path(__file__).with_name("train.yaml")
_STUDENT, _TEACHER = 0, 1


def train(
    *, base: str, data: Path, out: Path, cache: Path, settings: Settings, say: Callable[[str], None]
) -> None:
    """Run the recipe and write a model folder; ``say`` is told how far it has come."""
    pool = list(read_pool(data / "train_pool.jsonl.gz"))
    chosen = sample(pool, settings.samples, settings.examples, settings.seed)
    dev = _dev(data / "dev", settings.dev_examples)
    say(f"{len(pool)} texts in the pool, {len(chosen)} chosen, {len(dev)} of the dev sets")

    bert, full_tokenizer = load_base(base)
    kept = choose_pieces(
        full_tokenizer, (normalise(example.text) for example in pool), settings.vocabulary
    )
    tokenizer = trimmed(full_tokenizer, kept, settings.longest)
    shape = _shape(settings, bert.config)
    whole = attrs.evolve(shape, num_hidden_layers=bert.config.num_hidden_layers)
    encoder = shortened(bert, kept, whole)
    say(f"kept {len(kept)} pieces and {settings.layers} of {whole.num_hidden_layers} layers")

    def encoded(examples: Sequence[Example], what: str) -> Floats:
        return features(
            encoder,
            tokenizer,
            [normalise(example.text) for example in examples],
            layers=(settings.layers, whole.num_hidden_layers),
            cache=cache,
            name=_name(base, settings),
            progress=lambda done: say(f"{what}: {done} of {len(examples)} texts encoded"),
        )

    vectors, dev_vectors = encoded(chosen, "training"), encoded(dev, "dev")
    model = Network(shape)
    model.encoder = encoder
    encoder.layers = encoder.layers[: settings.layers]
    model.embedding = fit_projection(
        vectors[:, _STUDENT],
        vectors[:, _TEACHER],
        [example.language for example in chosen],
        size=settings.embedding_size,
        ridge=settings.ridge,
    )
    for name, labels in (("sentiment", _sentiment), ("anger", _anger), ("complaint", _complaint)):
        head, temperature = _fitted(
            labels(chosen, vectors[:, _STUDENT], settings),
            labels(dev, dev_vectors[:, _STUDENT], settings),
            outputs=3 if name == "sentiment" else 1,
            settings=settings,
        )
        setattr(model, name, head)
        say(f"{name} fitted, temperature {temperature:.2f}")
    write_model(model, shape, tokenizer, out)
    say(f"written to {out}")


def _fitted(
    data: Labelled, held_out: Labelled, *, outputs: int, settings: Settings
) -> tuple[Head, float]:
    head = fit_head(
        data, outputs=outputs, hidden=settings.head_size, fit=settings.fit, seed=settings.seed
    )
    if len(held_out.features) == 0:
        return head, 1.0
    return head, calibrate(head, held_out)


def _dev(folder: Path, most: int) -> list[Example]:
    """The same part of each dev set whatever the seed, so that runs can be compared."""
    chosen: list[Example] = []
    for path in sorted(folder.glob("*.jsonl")):
        examples = read_dev(path)
        random.Random(1).shuffle(examples)  # noqa: S311 - a repeatable lot, not a secret
        chosen += examples[:most]
    return chosen


def _sentiment(examples: Sequence[Example], vectors: Floats, settings: Settings) -> Labelled:
    rows = [row for row, example in enumerate(examples) if example.sentiment is not None]
    return Labelled(
        features=vectors[rows],
        targets=torch.tensor([examples[row].sentiment for row in rows], dtype=torch.long),
        weights=_weights([examples[row].derived for row in rows], settings.derived_weight),
    )


def _anger(examples: Sequence[Example], vectors: Floats, _settings: Settings) -> Labelled:
    rows = [row for row, example in enumerate(examples) if example.anger is not None]
    return Labelled(
        features=vectors[rows],
        targets=torch.tensor([examples[row].anger for row in rows], dtype=torch.float32),
        weights=torch.ones(len(rows)),
    )


def _complaint(examples: Sequence[Example], vectors: Floats, settings: Settings) -> Labelled:
    rows = [row for row, example in enumerate(examples) if example.complaint is not None]
    return Labelled(
        features=vectors[rows],
        targets=torch.tensor([examples[row].complaint for row in rows], dtype=torch.float32),
        weights=_weights([examples[row].weak for row in rows], settings.weak_complaint_weight),
    )


def _weights(lesser: Sequence[bool], weight: float) -> Tensor:
    return torch.where(torch.tensor(lesser, dtype=torch.bool), weight, 1.0)


def _shape(settings: Settings, base: BertConfig) -> Shape:
    return Shape(
        vocab_size=settings.vocabulary,
        hidden_size=base.hidden_size,
        num_hidden_layers=settings.layers,
        num_attention_heads=base.num_attention_heads,
        intermediate_size=base.intermediate_size,
        max_position_embeddings=base.max_position_embeddings,
        layer_norm_eps=base.layer_norm_eps,
        head_size=settings.head_size,
        embedding_size=settings.embedding_size,
    )


def _name(base: str, settings: Settings) -> str:
    """Tells apart the vectors of different encoders in one cache."""
    decisive = json.dumps([base, settings.vocabulary, settings.layers, settings.longest])
    return hashlib.sha256(decisive.encode()).hexdigest()[:8]


def _main(
    base: Annotated[str, typer.Option(help="folder or hub id of the BERT encoder to start from")],
    data: Annotated[Path, typer.Option(help="folder with train_pool.jsonl.gz and dev/")],
    out: Annotated[Path, typer.Option(help="where the model folder is written")],
    cache: Annotated[Path, typer.Option(help="where encoded texts are kept")] = Path("cache"),
    settings: Annotated[Path, typer.Option(help="the settings of the recipe")] = _RECIPE,
    permissive_only: Annotated[
        bool, typer.Option(help="leave out sources without a licence for commercial use")
    ] = False,
    threads: Annotated[int, typer.Option(help="processor threads")] = 2,
) -> None:
    """Make the model folder from a base encoder and labelled texts."""
    torch.set_num_threads(threads)
    chosen = load_settings(settings)
    if permissive_only:
        chosen = chosen.permissive()
    np.seterr(all="raise", under="ignore")
    train(base=base, data=data, out=out, cache=cache, settings=chosen, say=typer.echo)


if __name__ == "__main__":
    typer.run(_main)
