"""The tables. Whatever a stage looks for as undone has an index of its own."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TextClause,
    false,
    text,
)

from monitor.casework import ActionKind, NoticeState, PromiseKind, ResponseKind
from monitor.domain import (
    AlertKind,
    DeliveryState,
    Emotion,
    Health,
    IncidentState,
    Level,
    MediaKind,
    Quantity,
    Target,
    TroubleKind,
)
from monitor.store.column_types import Choice, Clean, Key, Seconds, Utc, binary_text
from monitor.store.history import ChangeKind

metadata = MetaData()

# SQLite uses a partial index only where a query repeats its condition literally.
UNDECIDED = text("state <> 'forming' AND (decided_version IS NULL OR decided_version <> version)")
MERGED = text("merged_into IS NOT NULL")
FORECAST_OPEN = text("outcome IS NULL AND median IS NOT NULL AND ungradable_at IS NULL")
FORECAST_GRADED = text("outcome IS NOT NULL")
DELIVERY_PENDING = text("state = 'pending'")
DELIVERY_SENDING = text("state = 'sending'")
HEALTHY = text("health = 'ok'")
NONE = text("0")
NO_TEXT = text("''")
NOTICE_WAITING = text("state = 'waiting'")
ACTION_UNTOLD = text("told_at IS NULL")
PROMISE_OPEN = text("kept_at IS NULL AND dropped_at IS NULL")


def _post() -> Column[object]:
    return Column("post", Key, ForeignKey("posts.key", ondelete="CASCADE"), primary_key=True)


def _json(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, JSON(none_as_null=True), nullable=nullable)


def _partial(name: str, *columns: str, where: TextClause) -> Index:
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


# --- what was said ------------------------------------------------------------------------------

posts = Table(
    "posts",
    metadata,
    Column("key", Key, primary_key=True),
    Column("source", Clean, nullable=False),
    Column("text", Clean, nullable=False),
    Column("published_at", Utc, nullable=False),
    Column("url", Clean),
    Column("author", Clean),
    Column("parent", Key),
    Column("thread", Key),
    Column("language_hint", Clean),
    Column("media", Choice(MediaKind), nullable=False),
    Column("rating", Double),
    Column("first_observed_at", Utc, nullable=False),
    Column("last_observed_at", Utc, nullable=False),
    # The fields that the last observation left out and an earlier one had: each with its time.
    _json("carried", nullable=True),
    Column("matched_with", Text),
    Index("posts_by_match", "matched_with", "published_at", "key"),
    Index("posts_by_source", "source", "published_at"),
    Index("posts_by_author", "source", "author"),
    Index("posts_by_first_sight", "first_observed_at"),
    Index("posts_of_source_by_first_sight", "source", "first_observed_at"),
)

# No foreign key leads here: a post outlives what is known about its author, and the reverse.
authors = Table(
    "authors",
    metadata,
    Column("source", Clean, primary_key=True),
    Column("native_id", Clean, primary_key=True),
    Column("handle", Clean),
    Column("name", Clean),
    Column("followers", BigInteger),
    Column("last_observed_at", Utc, nullable=False),
    _json("carried", nullable=True),
)

snapshots = Table(
    "snapshots",
    metadata,
    _post(),
    Column("taken_at", Utc, primary_key=True),
    Column("views", BigInteger),
    Column("likes", BigInteger),
    Column("shares", BigInteger),
    Column("replies", BigInteger),
    _partial("snapshots_by_views", "views", "post", where=text("views IS NOT NULL")),
    sqlite_with_rowid=False,
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("key", Key, primary_key=True),
    Column("deleted_at", Utc, nullable=False),
)

# --- whom it is about, and what the model said --------------------------------------------------

# published_at repeats what posts hold, so that a brand's times and the undone work are read from
# one index. What was assessed before there were readings has a read_at and no reader.
mentions = Table(
    "mentions",
    metadata,
    _post(),
    Column("brand", Text, primary_key=True),
    _json("spans"),
    Column("published_at", Utc, nullable=False),
    Column("read_at", Utc),
    Column("reader", Text),
    Column("touchpoint", Text),
    _json("touchpoint_spans", nullable=True),
    _json("aggravations", nullable=True),
    Column("target", Choice(Target)),
    Column("incident", Text, ForeignKey("incidents.id", deferrable=True, initially="DEFERRED")),
    Column("grouped_at", Utc),
    Index("mentions_by_time", "brand", "published_at", "incident"),
    _partial(
        "mentions_by_incident", "incident", "published_at", where=text("incident IS NOT NULL")
    ),
    _partial("mentions_unread", "published_at", "post", where=text("read_at IS NULL")),
    _partial(
        "mentions_ungrouped",
        "published_at",
        "post",
        where=text("grouped_at IS NULL AND read_at IS NOT NULL"),
    ),
)

assessments = Table(
    "assessments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("post", Key, ForeignKey("posts.key", ondelete="CASCADE"), nullable=False, index=True),
    Column("assessed_at", Utc, nullable=False),
    Column("newest", Boolean, nullable=False),
    Column("model", Text, nullable=False),
    Column("revision", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("negative", Double, nullable=False),
    Column("neutral", Double, nullable=False),
    Column("positive", Double, nullable=False),
    *(Column(emotion.value, Double) for emotion in Emotion),
    _json("felt", nullable=True),
    Column("arousal", Double),
    Column("complaint", Double),
    Column("severity", Double),
    Column("offensive", Double),
    Column("irony", Double),
    Column("abstained", Boolean, nullable=False, server_default=false()),
    Column("embedding", LargeBinary, nullable=False),
    Index(
        "assessments_newest",
        "post",
        unique=True,
        sqlite_where=text("newest = 1"),
        postgresql_where=text("newest"),
    ),
)

# --- what it adds up to -------------------------------------------------------------------------

incidents = Table(
    "incidents",
    metadata,
    Column("id", Text, primary_key=True),
    Column("brand", Text, nullable=False),
    Column("title", Clean, nullable=False),
    Column("state", Choice(IncidentState), nullable=False),
    Column("first_post", Key, nullable=False),
    Column("first_post_at", Utc, nullable=False),
    Column("last_post_at", Utc, nullable=False),
    Column("posts", Integer, nullable=False),
    Column("authors", Integer, nullable=False),
    Column("opened_at", Utc),
    Column("closed_at", Utc),
    Column("level", Choice(Level)),
    Column("centroid", LargeBinary, nullable=False),
    _json("terms"),
    Column("version", Integer, nullable=False),
    Column("decided_version", Integer),
    Column("forecast_due_at", Utc),
    # The incident that its posts went into, wherever that one went since; null for all others.
    # SQLite cannot add a foreign key to a table that is there.
    Column("merged_into", Text),
    Index("incidents_by_brand", "brand", "last_post_at"),
    Index("incidents_by_state", "state", "last_post_at"),
    Index("incidents_by_opening", "opened_at"),
    _partial("incidents_undecided", "last_post_at", where=UNDECIDED),
    _partial("incidents_merged", "merged_into", where=MERGED),
)

# The other story is named and not referred to: one that nobody was told of goes when it is merged.
incident_history = Table(
    "incident_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "incident",
        Text,
        ForeignKey("incidents.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        nullable=False,
        index=True,
    ),
    Column("at", Utc, nullable=False),
    Column("kind", Choice(ChangeKind), nullable=False),
    Column("other", Text, nullable=False),
    Column("title", Clean, nullable=False),
    Column("posts", Integer, nullable=False),
)

forecasts = Table(
    "forecasts",
    metadata,
    Column("incident", Text, ForeignKey("incidents.id"), primary_key=True),
    Column("quantity", Choice(Quantity), primary_key=True),
    Column("horizon", Seconds, primary_key=True),
    Column("made_at", Utc, primary_key=True),
    Column("due_at", Utc, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Column("model", Text, nullable=False),
    Column("low90", Double),
    Column("low50", Double),
    Column("median", Double),
    Column("high50", Double),
    Column("high90", Double),
    Column("outcome", BigInteger),
    # When it turned out that nobody can tell what came of it.
    Column("ungradable_at", Utc),
    _partial("forecasts_due", "due_at", where=FORECAST_OPEN),
    _partial("forecasts_graded", "quantity", "horizon", "made_at", where=FORECAST_GRADED),
)

# --- what is done about it ----------------------------------------------------------------------

alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("incident", Text, ForeignKey("incidents.id"), nullable=False, index=True),
    Column("brand", Text, nullable=False),
    Column("kind", Choice(AlertKind), nullable=False),
    Column("level", Choice(Level), nullable=False),
    Column("raised_at", Utc, nullable=False, index=True),
    _json("reasons"),
)

withheld = Table(
    "withheld",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("incident", Text, ForeignKey("incidents.id"), nullable=False, index=True),
    Column("decided_at", Utc, nullable=False),
    Column("code", Text, nullable=False),
    _json("facts"),
)

# Who is told of an alert, or why a team is not.
notices = Table(
    "notices",
    metadata,
    Column("alert", Text, ForeignKey("alerts.id"), primary_key=True),
    Column("team", Text, primary_key=True),
    Column("incident", Text, ForeignKey("incidents.id"), nullable=False, index=True),
    Column("brand", Text, nullable=False),
    Column("level", Choice(Level), nullable=False),
    Column("owner", Text, nullable=False),
    Column("routed_at", Utc, nullable=False),
    Column("due_at", Utc, nullable=False),
    Column("state", Choice(NoticeState), nullable=False),
    Column("decided_at", Utc),
    Column("code", Text),
    _json("facts", nullable=True),
    _partial("notices_waiting", "due_at", where=NOTICE_WAITING),
    Index("notices_by_team", "team", "decided_at"),
)

# What people did about an incident. Rows are only ever added.
actions = Table(
    "actions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("incident", Text, ForeignKey("incidents.id"), nullable=False),
    Column("at", Utc, nullable=False),
    Column("by", Clean, nullable=False),
    Column("kind", Choice(ActionKind), nullable=False),
    Column("note", Clean, nullable=False),
    Column("assignee", Clean, nullable=False),
    Column("until", Utc),
    Column("response", Choice(ResponseKind)),
    Column("link", Clean, nullable=False),
    Column("post", Key),
    Column("told_at", Utc),
    Index("actions_by_incident", "incident", "at"),
    Index("actions_by_time", "at"),
    _partial("actions_untold", "at", where=ACTION_UNTOLD),
)

silences = Table(
    "silences",
    metadata,
    Column("id", Text, primary_key=True),
    _json("matcher"),
    Column("starts_at", Utc, nullable=False),
    Column("ends_at", Utc, nullable=False, index=True),
    Column("author", Clean, nullable=False),
    Column("comment", Clean, nullable=False),
    Column("created_at", Utc, nullable=False),
)

promises = Table(
    "promises",
    metadata,
    Column("post", Key, ForeignKey("posts.key", ondelete="CASCADE"), primary_key=True),
    Column("kind", Choice(PromiseKind), primary_key=True),
    Column("brand", Text, nullable=False),
    Column("incident", Text, ForeignKey("incidents.id")),
    _json("span"),
    Column("made_at", Utc, nullable=False),
    Column("due_at", Utc, nullable=False),
    Column("kept_at", Utc),
    Column("kept_by", Clean, nullable=False),
    Column("dropped_at", Utc),
    Column("overdue_told_at", Utc),
    _partial("promises_open", "due_at", where=PROMISE_OPEN),
    Index("promises_by_incident", "incident"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("key", binary_text(), primary_key=True),
    Column("channel", Text, nullable=False),
    Column("subject", Clean, nullable=False),
    Column("payload", Clean, nullable=False),
    Column("created_at", Utc, nullable=False),
    # When it may be sent; while it is being sent, when that sender counts as dead.
    Column("due_at", Utc, nullable=False),
    Column("lease_until", Utc),
    Column("state", Choice(DeliveryState), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Clean, nullable=False),
    Column("sent_at", Utc),
    # The message of this channel that must have been sent before, and what the provider calls this.
    Column("follows", binary_text(), nullable=False, server_default=NO_TEXT),
    Column("reference", Clean, nullable=False, server_default=NO_TEXT),
    Column("optional_for", Clean, nullable=False, server_default=NO_TEXT),
    _partial("outbox_pending", "due_at", where=DELIVERY_PENDING),
    _partial("outbox_sending", "lease_until", where=DELIVERY_SENDING),
    Index("outbox_by_age", "created_at"),
)

# Receivers who asked a channel to leave them alone.
unsubscribed = Table(
    "unsubscribed",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("at", Utc, nullable=False),
)

# --- where it comes from, and who is at work ----------------------------------------------------

cursors = Table(
    "cursors",
    metadata,
    Column("source", Text, primary_key=True),
    Column("query", Text, primary_key=True),
    Column("value", Clean, nullable=False),
    Column("saved_at", Utc, nullable=False),
)

source_health = Table(
    "source_health",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("finished_at", Utc, nullable=False),
    Column("health", Choice(Health), nullable=False),
    Column("items", Integer, nullable=False),
    Column("requests", Integer, nullable=False),
    Column("detail", Clean, nullable=False),
    Column("refreshed", Integer, nullable=False, server_default=NONE),
    Column("skipped", Integer, nullable=False, server_default=NONE),
    Column("refused", Integer, nullable=False, server_default=NONE),
    _json("answers", nullable=True),
    _json("missing", nullable=True),
    Column("lag", Double),
    Index("source_health_by_time", "source", "finished_at"),
    _partial("source_health_ok", "source", "finished_at", where=HEALTHY),
)

source_troubles = Table(
    "source_troubles",
    metadata,
    Column("source", Text, primary_key=True),
    Column("noticed_at", Utc, primary_key=True),
    Column("kind", Choice(TroubleKind), nullable=False),
    Column("since", Utc, nullable=False),
    Column("over_at", Utc),
    Column("detail", Clean, nullable=False),
    Index("source_troubles_by_end", "over_at"),
)

# When a known post was last asked for again, whether or not it was answered.
refreshes = Table(
    "refreshes",
    metadata,
    _post(),
    Column("source", Clean, nullable=False),
    Column("asked_at", Utc, nullable=False),
    Index("refreshes_by_source", "source", "asked_at"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("held_until", Utc, nullable=False),
)
