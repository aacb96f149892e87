"""Whom to tell of what, and when not: all that the stages after the decision go by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import attrs

from alerts.muting import INHIBITION, InhibitionOptions
from alerts.routing import GroupingOptions, RouteOptions, TeamOptions

__all__ = ["Rules"]


@attrs.frozen(kw_only=True)
class Rules:
    """What is configured of it.

    ``regions`` holds the region of each source that has one. An incident whose last post is older
    than ``stale`` wakes nobody up again.
    """

    teams: tuple[TeamOptions, ...]
    routes: tuple[RouteOptions, ...] = ()
    inhibition: tuple[InhibitionOptions, ...] = INHIBITION
    grouping: GroupingOptions = attrs.field(factory=GroupingOptions)
    regions: Mapping[str, str] = attrs.field(factory=dict)
    stale: timedelta = timedelta(hours=12)

    def without_waiting(self) -> Rules:
        """The same for a single look: no alert waits for others to come."""
        return attrs.evolve(self, grouping=self.grouping.model_copy(update={"wait": timedelta(0)}))

    def team(self, name: str) -> TeamOptions | None:
        """The team of this name; ``None`` where it is not configured any more."""
        return next((team for team in self.teams if team.name == name), None)
