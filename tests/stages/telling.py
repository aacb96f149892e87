"""The stages from a decision to the outbox, over channels and rules that a test chooses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from alerts.channels.receiver import Channel
from alerts.policy import PolicyOptions
from alerts.routing import GroupingOptions, teams_or_everyone
from alerts.rules import Rules
from monitor.domain import Brand, Taxonomy
from monitor.stages.briefer import Briefer
from monitor.stages.decide import Decide
from monitor.stages.escalate import Escalate
from monitor.stages.notify import Notify
from monitor.stages.route import Route
from monitor.stages.stage import Stage
from monitor.stages.telling import Teller
from monitor.stages.update import Update
from monitor.stages.usual import Habits
from monitor.store.store import Store

__all__ = ["AT_ONCE", "Tellers", "everyone"]

AT_ONCE = GroupingOptions(wait=timedelta(0), interval=timedelta(0))
"""Nothing waits for anything else: for tests of what is told rather than of when."""


def everyone(channels: Sequence[Channel], grouping: GroupingOptions = AT_ONCE) -> Rules:
    """One team that has every channel, as where none is configured."""
    teams = teams_or_everyone((), [channel.options.name for channel in channels])
    return Rules(teams=teams, grouping=grouping)


@attrs.define
class Tellers:
    """decide, route, notify, escalate and update, in order."""

    brands: Sequence[Brand]
    channels: Sequence[Channel]
    rules: Rules | None = None
    policy: PolicyOptions = attrs.field(factory=PolicyOptions)
    taxonomies: dict[str, Taxonomy] = attrs.field(factory=dict)
    stages: tuple[Stage, ...] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        rules = self.rules or everyone(self.channels)
        habits = Habits(self.brands)
        briefer = Briefer(self.brands, habits, self.policy, self.taxonomies)
        teller = Teller(briefer, self.channels, rules.grouping.alone)
        self.stages = (
            Decide(habits, self.policy),
            Route(rules),
            Notify(rules, teller),
            Escalate(rules, teller),
            Update(briefer, self.channels),
        )

    def run(self, store: Store, now: datetime) -> int:
        """Let each do all that is undone; how many decisions there were."""
        decided, *_ = [stage.run(store, now) for stage in self.stages]
        return decided
