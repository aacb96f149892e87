"""Draws what was foretold of twenty stories against what became of them.

    python -m benchmarks.bands FILE.png

The stories are drawn by lot from the last quarter of each data set; each is forecast one hour after
its first post. The dark band should hold every second end, the light one nine in ten.
"""

from __future__ import annotations

import argparse
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.forecast import HERE
from monitor.virality.cascade import Cascade
from monitor.virality.cascades import cut, read
from monitor.virality.fit import LEARNED
from monitor.virality.forecast import Forecaster

_EACH = {"inc_recovery": 5, "twitter1516": 5, "url_twitter2010": 5, "weibo_ced": 5}
_AGE = 1.0
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_HORIZONS = tuple(timedelta(hours=hours) for hours in (0.5, 1, 2, 4, 6, 9, 12, 18, 24))
_FEWEST = 10


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bands",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="the picture to write")
    parser.add_argument("--cascades", type=Path, default=HERE, help="folder of parquet files")
    wanted = parser.parse_args()
    _, unseen = cut(read(wanted.cascades), LEARNED)
    lot = random.Random(20)  # noqa: S311 - a repeatable lot, not a secret
    stories = []
    for dataset, count in _EACH.items():
        grown = [s for s in unseen if s.dataset == dataset and s.total(_AGE) >= _FEWEST]
        stories += lot.sample(grown, min(count, len(grown)))
    draw(stories, wanted.file)


def draw(stories: list[Cascade], file: Path) -> None:
    """A panel a story, five in a row."""
    model = Forecaster.load().growth
    rows = -(-len(stories) // 5)
    figure = Figure(figsize=(15, 2.8 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    panels = np.asarray(figure.subplots(rows, 5, squeeze=False)).ravel()
    for panel, story in zip(panels, stories, strict=False):
        _panel(panel, story, Forecaster(growth=model, source=story.source, horizons=_HORIZONS))
    for unused in panels[len(stories) :]:
        unused.set_visible(False)
    figure.supxlabel("hours since the first post; dark: 50 %, light: 90 %, foretold after one hour")
    figure.supylabel("posts")
    figure.savefig(file, dpi=90)


def _panel(panel: Axes, story: Cascade, forecaster: Forecaster) -> None:
    times = [_BEGAN + timedelta(hours=float(hour)) for hour in story.hours]
    now = _BEGAN + timedelta(hours=_AGE)
    said = [one.quantiles for one in forecaster.mentions(story.name, times, now)]
    hours = [_AGE, *(_AGE + one / timedelta(hours=1) for one in _HORIZONS)]
    seen = float(story.total(_AGE))
    bands = {
        name: [seen, *(getattr(each, name) for each in said if each is not None)]
        for name in ("low90", "low50", "median", "high50", "high90")
    }
    panel.fill_between(hours, bands["low90"], bands["high90"], color="#c9dcf2", linewidth=0)
    panel.fill_between(hours, bands["low50"], bands["high50"], color="#7fa8d6", linewidth=0)
    panel.plot(hours, bands["median"], color="#1f4e8c", linewidth=1.2)
    grid = np.linspace(0, hours[-1], 300)
    panel.plot(grid, [story.total(float(hour)) for hour in grid], color="#b0392b", linewidth=1.4)
    panel.axvline(_AGE, color="#999999", linewidth=0.6)
    panel.set_yscale("log")
    panel.set_title(story.dataset, fontsize=9)
    panel.tick_params(labelsize=7)


if __name__ == "__main__":
    main()
