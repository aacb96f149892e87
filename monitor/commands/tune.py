"""`sparkwatch tune`: which thresholds keep to a budget of alarms, as far as an archive can tell."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from zoneinfo import ZoneInfo

import attrs
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from alerts.policy import PolicyOptions
from alerts.untrusted import one_line
from config.load import load
from config.model import Settings
from config.problems import printable
from monitor import app, archive
from monitor.commands.importing import (
    ColumnOption,
    FileArgument,
    MaxErrorsOption,
    SourceOption,
    TimeFormatOption,
    archive_of,
    whole_archive,
)
from monitor.commands.replaying import TickOption, load_model
from monitor.commands.showing import ConfigOption, console, words_for
from monitor.commands.stored import open_file
from monitor.domain import Incident, Observation
from monitor.pipeline import Pipeline
from monitor.stages.tally import Look, Tally

__all__ = ["Proposal", "propose", "tune"]

_LEAST = 0.1
"""A lower threshold is never proposed: there the number of posts and people decides."""
_CRITICAL_SHARE = 0.1
"""Of ten alarms about a spike one is to be critical."""
_CRITICAL_TIMES = 2.0
_SHORT = 4.0
"""Over fewer brand-weeks than this a threshold hangs on single incidents."""
_SHOWN = 15
_WEEK = timedelta(weeks=1)


@attrs.frozen(kw_only=True)
class Proposal:
    """Thresholds for a budget, and what they would have meant on the archive."""

    high: float
    critical: float
    alarms: int
    brand_weeks: float

    @property
    def alarms_a_week(self) -> float:
        """Alarms a brand-week at these thresholds."""
        return self.alarms / self.brand_weeks


def propose(highest: Sequence[float], brand_weeks: float, alarms_a_week: float) -> Proposal:
    """The lowest thresholds that keep to a budget, on the highest score of each incident.

    >>> propose([0.2, 0.9, 3.0, 0.5, 1.4], brand_weeks=3.0, alarms_a_week=1.0)
    Proposal(high=0.51, critical=3.01, alarms=3, brand_weeks=3.0)

    Raises:
        ValueError: no brand was watched for long enough to have a week of anything.
    """
    if brand_weeks <= 0:
        raise ValueError("there is no brand-week to count alarms in")
    high = _above(highest, alarms_a_week * brand_weeks)
    critical = _above(highest, alarms_a_week * brand_weeks * _CRITICAL_SHARE)
    return Proposal(
        high=high,
        critical=max(critical, round(high * _CRITICAL_TIMES, 2)),
        alarms=sum(score >= high for score in highest),
        brand_weeks=brand_weeks,
    )


def _above(highest: Sequence[float], allowed: float) -> float:
    """The lowest threshold, in hundredths, that no more than ``allowed`` of these reach."""
    ranked = sorted(highest, reverse=True)
    over = ranked[int(allowed)] if int(allowed) < len(ranked) else 0.0
    hundredths = math.floor(over * 100)
    return max(_LEAST, next(n / 100 for n in itertools.count(hundredths) if n / 100 > over))


def tune(
    file: FileArgument,
    config: ConfigOption = Path("sparkwatch.yaml"),
    alarms_a_week: Annotated[
        float,
        typer.Option(
            "--alarms-a-week", min=0.01, help="The budget: alarms about a spike, a brand and week."
        ),
    ] = 1.0,
    tick: TickOption = timedelta(minutes=5),
    column: ColumnOption = None,
    source: SourceOption = "archive",
    time_format: TimeFormatOption = None,
    max_errors: MaxErrorsOption = archive.MOST_REJECTED,
) -> None:
    """Propose thresholds that would have kept to a budget of alarms on an archive.

    The posts pass the very stages that run live, each as of its own moment, and at each look it is
    noted how far every incident stood out. The thresholds are read off the highest that each ever
    reached, over all brands at once: what is looked at often crosses a bound more often than one
    look says. Nothing is raised, sent or kept, and the configuration is not changed.

    [bold]Examples[/bold]

      sparkwatch tune quarter.jsonl.gz

      sparkwatch tune quarter.jsonl.gz --alarms-a-week 0.5
    """
    settings = load(config)
    out = console()
    read = archive_of(
        file,
        settings,
        columns=column or (),
        source=source,
        time_format=time_format,
        max_errors=max_errors,
    )
    observations = whole_archive(read, file, out, "tuned")
    out.print(f"Looking at {len(observations)} observations from {escape(printable(file))}")
    tallied = _tally(settings, observations, tick, out)
    if tallied.brand_weeks <= 0:
        learning = round(settings.alerts.policy.learning_hours)
        raise archive.ArchiveError(
            f"{file}: no brand is heard of for longer than the {learning} hours in which its usual "
            "is learned, so there is nothing to tune by; take a longer archive"
        )
    highest = [looks[-1].prominence for looks in tallied.looks.values()]
    proposal = propose(highest, tallied.brand_weeks, alarms_a_week)
    _print(proposal, tallied, settings, out)
    for caution in _unknown(proposal, tallied, alarms_a_week):
        out.print(f"- {caution}")


@attrs.frozen(kw_only=True)
class _Tallied:
    """What a run came to: looks and incidents by id, and how long which brands were watched."""

    looks: Mapping[str, Sequence[Look]]
    incidents: Mapping[str, Incident]
    brand_weeks: float
    brands: int


def _tally(
    settings: Settings, observations: Sequence[Observation], tick: timedelta, out: Console
) -> _Tallied:
    policy, brands = settings.alerts.policy, settings.watched()
    tally = Tally(brands, policy, ZoneInfo(settings.timezone))
    with TemporaryDirectory(prefix="sparkwatch-") as folder:
        prepared = app.replay(
            settings,
            observations,
            scores=load_model(settings, out),
            output=Path(folder),
            tick=tick,
        )
        grouping = [
            stage
            for stage in prepared.pipeline.stages
            if stage.name in ("match", "assess", "group")
        ]
        store = open_file(Path(folder) / "tune.db")
        try:
            with Progress(console=out, transient=True, disable=not out.is_terminal) as bar:
                task = bar.add_task("posts", total=len(observations))
                prepared.replay.run(
                    store,
                    Pipeline((*grouping, tally)),
                    lambda moment: bar.update(task, completed=moment.gathered),
                )
            with store.read() as work:
                incidents = work.incidents.get_all(tally.looks)
                began = [work.mentions.first_published_at(brand.id) for brand in brands]
        finally:
            store.close()
    ended = max(seen.observed_at for seen in observations)
    learning = timedelta(hours=policy.learning_hours)
    watched = [ended - first - learning for first in began if first is not None]
    judged = [span for span in watched if span > timedelta(0)]
    return _Tallied(
        looks=tally.looks,
        incidents=incidents,
        brand_weeks=sum(judged, timedelta(0)) / _WEEK,
        brands=len(judged),
    )


def _print(proposal: Proposal, tallied: _Tallied, settings: Settings, out: Console) -> None:
    words = words_for(settings)
    names = {brand.id: brand.name for brand in settings.watched()}
    ranked = sorted(tallied.looks.items(), key=lambda pair: (-pair[1][-1].prominence, pair[0]))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("prominence", "first told", "brand", "incident"):
        table.add_column(heading, overflow="fold")
    table.add_column("posts then", justify="right")
    for name, looks in ranked[:_SHOWN]:
        told = next((look for look in looks if look.prominence >= proposal.high), None)
        incident = tallied.incidents.get(name)
        shown = told or looks[-1]
        table.add_row(
            f"{looks[-1].prominence:.2f}",
            words.when(told.at) if told else "–",
            escape(names.get(shown.brand, shown.brand)),
            escape(one_line(incident.title, 60)) if incident else "(became part of another)",
            str(shown.posts),
        )
    out.print(table)
    if len(ranked) > _SHOWN:
        out.print(f"[dim]… and {len(ranked) - _SHOWN} more that stood out less[/dim]")
    out.print(
        f"\nWith these thresholds {proposal.alarms} of {len(ranked)} incidents would have been "
        f"told as a spike, {proposal.alarms_a_week:.2f} a brand-week over "
        f"{proposal.brand_weeks:.1f} brand-weeks. To use them:\n"
    )
    out.print(
        "alerts:\n"
        "  policy:\n"
        f"    spike_score: {proposal.high:g}\n"
        f"    critical_spike_score: {proposal.critical:g}\n",
        markup=False,
    )
    out.print("What this cannot tell:")


def _unknown(proposal: Proposal, tallied: _Tallied, alarms_a_week: float) -> Iterator[str]:
    """What the archive could not say, each as a sentence."""
    yield (
        "Which of them deserved it. An archive has no labels, so the share of alarms that are "
        "right is unknown; read the list, and see `sparkwatch backtest --labels`."
    )
    yield (
        "Alarms by other rules: influential authors, slow burns, views and forecasts come on top."
    )
    defaults = PolicyOptions()
    if proposal.brand_weeks < _SHORT:
        yield (
            f"Much: {proposal.brand_weeks:.1f} brand-weeks are few, and the threshold hangs on "
            f"single incidents. Until there are {_SHORT:.0f}, the default {defaults.spike_score:g} "
            "is the better guess."
        )
    if proposal.alarms < int(alarms_a_week * proposal.brand_weeks):
        yield (
            "Where the budget ends: too few incidents stood out to spend it, so the lowest "
            "sensible threshold is proposed."
        )
    if tallied.brands == 1:
        yield "How it would do for another brand: there is only one in the archive."
