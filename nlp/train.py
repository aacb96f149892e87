"""The recipe of the model that ships: a shortened encoder, fitted with all its heads at once.

    python -m nlp.train --base intfloat/multilingual-e5-small --data FOLDER --run RUN --out MODEL

The data folder holds ``train_pool.jsonl.gz`` and ``dev/*.jsonl``. Checkpoints, the log and a
picture of its curves are kept in the folder of the run: the same command goes on where a stopped
one was.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import attrs
import torch
import typer
from transformers import BertConfig, BertModel

from nlp.network import Encoder, Network, Shape, quantized
from nlp.quantized import dequantized
from nlp.shipped import read_model, write_model
from nlp.text import normalise
from nlp.training.aggravating import fit_aggravators
from nlp.training.base import copy_base, load_base
from nlp.training.calibrating import calibrated
from nlp.training.corpus import Part, read_pool
from nlp.training.curves import draw_curves
from nlp.training.features import encode, features
from nlp.training.fitting import Material, fit
from nlp.training.heldout import read_held_out
from nlp.training.loss import labels_of
from nlp.training.neutral import chinese_neutral
from nlp.training.own import own_examples
from nlp.training.plan import batches_of, chosen
from nlp.training.projection import projection, targets
from nlp.training.settings import Settings, load_settings
from nlp.training.vocabulary import choose_pieces, same_pieces, trimmed

__all__ = ["train"]

_RECIPE = Path(__file__).with_name("train.yaml")
_WATCHED = 100


def train(
    *,
    base: str,
    start: Path | None,
    data: Path,
    run: Path,
    out: Path,
    settings: Settings,
    half: bool,
    threads: int,
    say: Callable[[str], None],
) -> None:
    """Run the recipe and write a model folder; ``say`` is told how far it has come.

    ``start`` is a model folder whose weights are trained on, where it is not the base's.
    """
    run.mkdir(parents=True, exist_ok=True)
    pool = [
        *read_pool(data / "train_pool.jsonl.gz", Part.TRAIN),
        *chinese_neutral(settings.seed),
        *own_examples(Part.TRAIN),
    ]
    examples = [each for each in pool if each.source in settings.sources]
    texts = [normalise(example.text) for example in examples]
    say(f"{len(examples)} texts to learn from")

    bert, full = load_base(base)
    earlier = read_model(start) if start else None
    kept = (
        same_pieces(full, earlier.tokenizer)
        if earlier
        else choose_pieces(full, texts, settings.vocabulary)
    )
    tokenizer = trimmed(full, kept, settings.longest)
    shape = _shape(settings, bert.config)
    torch.manual_seed(settings.seed)
    network = Network(shape, floats=True)
    copy_base(bert, kept, network.encoder)
    if earlier:
        network.load_state_dict(dequantized(earlier.network).state_dict(), strict=False)
    network.encoder.words.requires_grad_(False)
    say(f"kept {len(kept)} pieces and {settings.layers} of {bert.config.num_hidden_layers} layers")

    learning = trimmed(full, kept, settings.longest_in_training)
    pieces = [encoding.ids for encoding in learning.encode_batch_fast(texts)]
    asked = _spread(len(examples), settings.teacher_texts, settings.seed)
    taught = targets(
        features(
            _whole_encoder(bert, kept, shape),
            [pieces[place] for place in asked],
            cache=run / "vectors",
            name=hashlib.sha256(base.encode()).hexdigest()[:8],
            threads=threads,
            progress=lambda done: say(f"vectors of the whole encoder: {done} of {len(asked)}"),
        ),
        [examples[place].language for place in asked],
        settings.embedding_size,
    )
    vectors = torch.zeros(len(examples), settings.embedding_size)
    vectors[asked] = torch.from_numpy(taught)

    order = chosen(examples, settings.sources, settings.seed)
    tokens = settings.optimisation.tokens
    material = Material(
        texts=texts,
        pieces=pieces,
        labels=labels_of(examples, settings, vectors),
        batches=batches_of(order, [len(each) for each in pieces], tokens, settings.seed),
    )
    say(f"{len(order)} texts to read in {len(material.batches)} batches")
    watched = read_held_out(data, tokenizer, _WATCHED)
    fitted = fit(
        network,
        material,
        learning,
        settings,
        folder=run,
        half=half,
        threads=threads,
        measure=lambda average: watched.figures(average, half=half),
        say=say,
    )
    draw_curves(run)
    whole = quantized(fitted, shape)
    whole.embedding = projection(
        encode(whole.encoder, [pieces[place] for place in asked], threads), taught
    )
    threshold = fit_aggravators(whole, tokenizer, settings.seed)
    say("calibrating on the held-out texts")
    calibration = calibrated(whole, tokenizer, data, aggravator=threshold)
    write_model(whole, shape, tokenizer, calibration, out)
    say(f"written to {out}")


def _whole_encoder(bert: BertModel, kept: list[int], shape: Shape) -> Encoder:
    """The base with all its layers and unchanged weights, in int8."""
    deep = attrs.evolve(shape, num_hidden_layers=bert.config.num_hidden_layers)
    floats = Network(deep, floats=True)
    copy_base(bert, kept, floats.encoder)
    return quantized(floats, deep).encoder


def _spread(count: int, most: int, seed: int) -> list[int]:
    """At most ``most`` places of ``count``, by lot, in rising order."""
    lot = random.Random(seed)  # noqa: S311 - a repeatable lot, not a secret
    return sorted(lot.sample(range(count), min(most, count)))


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


def _main(
    base: Annotated[str, typer.Option(help="folder or hub id of the BERT encoder to start from")],
    data: Annotated[Path, typer.Option(help="folder with train_pool.jsonl.gz and dev/")],
    out: Annotated[Path, typer.Option(help="where the model folder is written")],
    run: Annotated[Path, typer.Option(help="where checkpoints and the log are kept")] = Path("run"),
    start: Annotated[
        Path | None, typer.Option(help="model folder to train further, in place of the base")
    ] = None,
    settings: Annotated[Path, typer.Option(help="the settings of the recipe")] = _RECIPE,
    permissive_only: Annotated[
        bool, typer.Option(help="leave out sources without a licence for commercial use")
    ] = False,
    float32: Annotated[
        bool, typer.Option(help="multiply in float32; bfloat16 is slow on old processors")
    ] = False,
    threads: Annotated[int, typer.Option(help="processor threads")] = 2,
) -> None:
    """Make the model folder from a base encoder and labelled texts."""
    torch.set_num_threads(1)
    chosen_settings = load_settings(settings)
    if permissive_only:
        chosen_settings = chosen_settings.permissive()
    train(
        base=base,
        start=start,
        data=data,
        run=run,
        out=out,
        settings=chosen_settings,
        half=not float32,
        threads=threads,
        say=lambda line: typer.echo(f"{datetime.now().astimezone():%H:%M:%S} {line}"),
    )


if __name__ == "__main__":
    typer.run(_main)
