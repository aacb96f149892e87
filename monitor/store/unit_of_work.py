"""One transaction, with a repository for each kind of value."""

from __future__ import annotations

from sqlalchemy import Connection

from monitor.store.alerts import Alerts
from monitor.store.casework import Casework
from monitor.store.forecasts import Forecasts
from monitor.store.incidents import Incidents
from monitor.store.leases import Leases
from monitor.store.makeup import Makeup
from monitor.store.mentions import Mentions
from monitor.store.notices import Notices
from monitor.store.outbox import Outbox
from monitor.store.posts import Posts
from monitor.store.promises import Promises
from monitor.store.readings import Readings
from monitor.store.refreshes import Refreshes
from monitor.store.silences import Silences
from monitor.store.sources import Sources
from monitor.store.subscriptions import Subscriptions
from monitor.store.voices import Voices

__all__ = ["UnitOfWork"]


class UnitOfWork:
    """The repositories of one transaction; made by ``Store.begin`` and ``Store.read``."""

    def __init__(self, connection: Connection) -> None:
        self.posts = Posts(connection)
        self.mentions = Mentions(connection)
        self.readings = Readings(connection)
        self.voices = Voices(connection)
        self.makeup = Makeup(connection)
        self.incidents = Incidents(connection)
        self.forecasts = Forecasts(connection)
        self.alerts = Alerts(connection)
        self.notices = Notices(connection)
        self.casework = Casework(connection)
        self.silences = Silences(connection)
        self.promises = Promises(connection)
        self.outbox = Outbox(connection)
        self.subscriptions = Subscriptions(connection)
        self.sources = Sources(connection)
        self.refreshes = Refreshes(connection)
        self.leases = Leases(connection)
