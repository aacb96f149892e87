"""Fits the network, a batch at a time, and goes on from its last checkpoint after a stop."""

from __future__ import annotations

import copy
import functools
import itertools
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import attrs
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from nlp.network import Network
from nlp.training.loss import Labels, losses
from nlp.training.plan import misspell
from nlp.training.settings import Optimisation, Settings

__all__ = ["LOG", "Material", "fit"]

LOG = "log.jsonl"
"""The name of the file that losses and figures are added to."""

_CHECKPOINT = "checkpoint.pt"
_SAVE_SECONDS = 300
_LOG_STEPS = 25
_MEASUREMENTS = 6


@attrs.frozen(kw_only=True)
class Material:
    """The texts of a run, normalised, with their labels, and the batches in which they are read."""

    texts: Sequence[str]
    pieces: Sequence[Sequence[int]]
    labels: Labels
    batches: Sequence[Sequence[int]]


def fit(
    network: Network,
    material: Material,
    tokenizer: Tokenizer,
    settings: Settings,
    *,
    folder: Path,
    half: bool,
    threads: int,
    measure: Callable[[Network], Mapping[str, float]],
    say: Callable[[str], None],
) -> Network:
    """Train ``network`` and return the moving average of its weights.

    Every five minutes everything is written to ``folder``; a run that finds a checkpoint there goes
    on from it, with the same batches and the same chance as one that was never stopped.

    ``half`` multiplies in bfloat16, twice as fast on processors that can; ``measure`` tells figures
    of the averaged network on held-out texts and is asked six times a run.
    """
    chosen, steps = settings.optimisation, len(material.batches)
    averaged = copy.deepcopy(network).eval()
    optimizer, peaks = _optimizer(network, chosen)
    begun = _resume(folder, network, averaged, optimizer)
    say(f"{steps} steps" if begun == 0 else f"going on from step {begun} of {steps}")
    weights: list[Tensor] = [weight for weight in network.parameters() if weight.requires_grad]
    means: list[Tensor] = [mean for mean in averaged.parameters() if mean.requires_grad]
    current = _Step(
        network=network,
        material=material,
        tokenizer=tokenizer,
        settings=settings,
        half=half,
        weights=weights,
    )
    saved = started = time.monotonic()
    sums: dict[str, float] = {}
    with ThreadPoolExecutor(threads) as pool:
        for step in range(begun, steps):
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * _rate(step / steps, chosen.warmup)
            found = current.gradients(step, pool, threads)
            nn.utils.clip_grad_norm_(weights, chosen.largest_gradient)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            with torch.no_grad():
                mixing = 1 - min(chosen.averaging, (1 + step) / (10 + step))
                torch._foreach_lerp_(means, weights, mixing)
            for name, loss in found.items():
                sums[name] = sums.get(name, 0.0) + loss
            done = step + 1
            if done % _LOG_STEPS == 0:
                _note(folder, done, losses={name: loss / _LOG_STEPS for name, loss in sums.items()})
                sums = {}
                left = (time.monotonic() - started) / (done - begun) * (steps - done)
                say(f"step {done} of {steps}, {left / 60:.0f} min left")
            if done % max(1, steps // _MEASUREMENTS) == 0 or done == steps:
                figures = measure(averaged)
                _note(folder, done, figures=figures)
                say("  ".join(f"{name} {figure:.3f}" for name, figure in figures.items()))
            if time.monotonic() - saved > _SAVE_SECONDS or done == steps:
                _save(folder, done, network, averaged, optimizer)
                saved = time.monotonic()
    return averaged


@attrs.frozen(kw_only=True)
class _Step:
    """Everything that a batch is computed with."""

    network: Network
    material: Material
    tokenizer: Tokenizer
    settings: Settings
    half: bool
    weights: Sequence[Tensor]

    def gradients(self, number: int, pool: Executor, parts: int) -> dict[str, float]:
        """Add the gradients of a batch to the weights and return the losses of the heads.

        The batch is cut into ``parts`` that are computed side by side: threads that each have a
        part of the batch wait for each other once a step, and not at every multiplication. Chance
        depends on the seed, the step and the number of parts alone.
        """
        lot = random.Random(self.settings.seed + number)  # noqa: S311 - not a secret
        read = sorted(
            ((self._pieces(place, lot), place) for place in self.material.batches[number]),
            key=lambda each: len(each[0]),
        )
        chance = torch.Generator().manual_seed(self.settings.seed + number)
        masks = torch.rand((len(read), self.network.embedding.in_features), generator=chance).gt(
            self.settings.optimisation.dropout
        )
        shares = [range(part, len(read), parts) for part in range(min(parts, len(read)))]
        found = list(
            pool.map(
                lambda rows: self._part([read[row] for row in rows], masks[list(rows)], len(read)),
                shares,
            )
        )
        for weight, *each in zip(self.weights, *(gradients for _, gradients in found), strict=True):
            weight.grad = functools.reduce(torch.Tensor.add_, each)
        return {name: sum(losses[name] for losses, _ in found) for name in found[0][0]}

    def _pieces(self, place: int, lot: random.Random) -> Sequence[int]:
        if lot.random() >= self.settings.misspelt:
            return self.material.pieces[place]
        pieces: list[int] = self.tokenizer.encode(misspell(self.material.texts[place], lot)).ids
        return pieces

    def _part(
        self, read: Sequence[tuple[Sequence[int], int]], mask: Tensor, texts: int
    ) -> tuple[dict[str, float], Sequence[Tensor]]:
        """The losses of a part as shares of the batch's of ``texts``, and their gradients."""
        ids = torch.tensor(list(itertools.chain.from_iterable(pieces for pieces, _ in read)))
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.half):
            features = self.network(ids, [len(pieces) for pieces, _ in read])
        kept = 1 - self.settings.optimisation.dropout
        said = self.network.judge(features.float() * mask / kept)
        found = losses(said, self.material.labels.of([place for _, place in read]))
        share = len(read) / texts
        total = torch.stack([self.settings.losses[name] * loss for name, loss in found.items()])
        gradients = torch.autograd.grad(total.sum() * share, self.weights)
        return {name: float(loss.detach()) * share for name, loss in found.items()}, gradients


def _optimizer(network: Network, chosen: Optimisation) -> tuple[torch.optim.AdamW, Sequence[float]]:
    """AdamW with a rate a layer, lower towards the bottom; and the peak rate of each group."""
    layers = network.encoder.layers
    rates: dict[float, list[nn.Parameter]] = {}
    for name, weight in network.named_parameters():
        if not weight.requires_grad:
            continue
        rate = chosen.head_rate
        if name.startswith("encoder."):
            layer = int(name.split(".")[2]) if name.startswith("encoder.layers.") else -1
            rate = chosen.encoder_rate * chosen.layer_decay ** (len(layers) - 1 - layer)
        rates.setdefault(rate, []).append(weight)
    groups = [{"params": weights, "lr": rate} for rate, weights in rates.items()]
    optimizer = torch.optim.AdamW(
        groups, weight_decay=chosen.weight_decay, betas=(0.9, 0.98), fused=True
    )
    return optimizer, list(rates)


def _rate(gone: float, warmup: float) -> float:
    """The share of the peak rate: rising until ``warmup``, then falling to nothing."""
    return gone / warmup if gone < warmup else (1 - gone) / (1 - warmup)


def _resume(
    folder: Path, network: Network, averaged: Network, optimizer: torch.optim.Optimizer
) -> int:
    place = folder / _CHECKPOINT
    if not place.exists():
        return 0
    state = torch.load(place, weights_only=True)
    network.load_state_dict(state["network"])
    averaged.load_state_dict(state["averaged"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def _save(
    folder: Path, step: int, network: Network, averaged: Network, optimizer: torch.optim.Optimizer
) -> None:
    state = {
        "step": step,
        "network": network.state_dict(),
        "averaged": averaged.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    unfinished = folder / f"{_CHECKPOINT}.part"
    torch.save(state, unfinished)
    unfinished.replace(folder / _CHECKPOINT)


def _note(folder: Path, step: int, **found: Mapping[str, float]) -> None:
    with (folder / LOG).open("a", encoding="utf-8") as log:
        log.write(json.dumps({"step": step} | found) + "\n")
