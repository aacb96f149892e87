"""Draws the log of a run: losses and held-out figures over its steps."""

from __future__ import annotations

import json
from pathlib import Path

from matplotlib.figure import Figure

from nlp.training.fitting import LOG

__all__ = ["draw_curves"]


def draw_curves(run: Path) -> Path:
    """Write ``curves.png`` beside the log of ``run`` and return its path."""
    lines = (run / LOG).read_text(encoding="utf-8").splitlines()
    records = {record["step"]: record for record in map(json.loads, lines) if "losses" in record}
    measured = {record["step"]: record for record in map(json.loads, lines) if "figures" in record}
    figure = Figure(figsize=(12, 5), layout="constrained")
    losses, held_out = figure.subplots(1, 2)
    for axes, points, key in ((losses, records, "losses"), (held_out, measured, "figures")):
        steps = sorted(points)
        for name in sorted({name for record in points.values() for name in record[key]}):
            axes.plot(steps, [points[step][key].get(name) for step in steps], label=name)
        axes.set_xlabel("step")
        axes.legend(fontsize="xx-small", ncols=2)
    losses.set_title("loss by head, training")
    losses.set_yscale("log")
    held_out.set_title("held-out texts: macro F1 of the averaged weights")
    place = run / "curves.png"
    figure.savefig(place, dpi=120)
    return place
