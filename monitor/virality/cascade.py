"""One story that was watched to its end."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import attrs
import numpy as np
import numpy.typing as npt

__all__ = ["SOURCES", "Cascade"]

SOURCES = {
    "weibo_ced": "weibo",
    "twitter1516": "twitter",
    "url_twitter2010": "links",
    "seismic_big": "twitter",
    "inc_recovery": "news",
    "inc_politifact_fake": "news",
}
"""What kind of story each data set holds. One that is not named here is a kind of its own."""

_ZONES = {"weibo": ZoneInfo("Asia/Shanghai")}
_USUAL_ZONE = ZoneInfo("America/New_York")
_FIRST_DATE = 1e8
"""A beginning before 1973 is an offset and no date."""


@attrs.frozen(kw_only=True, eq=False)
class Cascade:
    """One story: when its posts came, in hours since the first, in order."""

    dataset: str
    name: str
    began: float
    hours: npt.NDArray[np.float64] = attrs.field(repr=False)
    audience: int | None = None
    """Followers of who began it."""

    @property
    def source(self) -> str:
        """What kind of story it is."""
        return SOURCES.get(self.dataset, self.dataset)

    def total(self, age: float) -> int:
        """How many posts it had when it was ``age`` hours old."""
        return int(np.searchsorted(self.hours, age, side="right"))

    def hour_of_day(self, age: float) -> float | None:
        """The hour in its country at an age; ``None`` where its date is not known."""
        if self.began < _FIRST_DATE:
            return None
        zone = _ZONES.get(self.source, _USUAL_ZONE)
        local = datetime.fromtimestamp(self.began + age * 3600, UTC).astimezone(zone)
        return local.hour + local.minute / 60
