"""The first tables.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def partial_index(name: str, table: str, columns: list[str], *, where: str) -> None:
    """An index over the rows for which the condition holds."""
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "authors",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("native_id", sa.Text(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("followers", sa.BigInteger(), nullable=True),
        sa.Column("last_observed_at", MOMENT, nullable=False),
        sa.Column("carried", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("source", "native_id"),
    )
    op.create_table(
        "cursors",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("source", "query"),
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("first_post", KEY, nullable=False),
        sa.Column("first_post_at", MOMENT, nullable=False),
        sa.Column("last_post_at", MOMENT, nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.Column("authors", sa.Integer(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("centroid", sa.LargeBinary(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("decided_version", sa.Integer(), nullable=True),
        sa.Column("forecast_due_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("incidents_by_brand", "incidents", ["brand", "last_post_at"])
    op.create_index("incidents_by_opening", "incidents", ["opened_at"])
    op.create_index("incidents_by_state", "incidents", ["state", "last_post_at"])
    partial_index(
        "incidents_undecided",
        "incidents",
        ["last_post_at"],
        where="state <> 'forming' AND (decided_version IS NULL OR decided_version <> version)",
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("held_until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "outbox",
        sa.Column("key", KEY, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("outbox_by_age", "outbox", ["created_at"])
    partial_index("outbox_pending", "outbox", ["due_at"], where="state = 'pending'")
    partial_index("outbox_sending", "outbox", ["lease_until"], where="state = 'sending'")
    op.create_table(
        "posts",
        sa.Column("key", KEY, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("parent", KEY, nullable=True),
        sa.Column("thread", KEY, nullable=True),
        sa.Column("language_hint", sa.Text(), nullable=True),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("rating", sa.Double(), nullable=True),
        sa.Column("first_observed_at", MOMENT, nullable=False),
        sa.Column("last_observed_at", MOMENT, nullable=False),
        sa.Column("carried", sa.JSON(), nullable=True),
        sa.Column("matched_with", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("posts_by_author", "posts", ["source", "author"])
    op.create_index("posts_by_first_sight", "posts", ["first_observed_at"])
    op.create_index("posts_of_source_by_first_sight", "posts", ["source", "first_observed_at"])
    op.create_index("posts_by_match", "posts", ["matched_with", "published_at", "key"])
    op.create_index("posts_by_source", "posts", ["source", "published_at"])
    op.create_table(
        "source_health",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("finished_at", MOMENT, nullable=False),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("source_health_by_time", "source_health", ["source", "finished_at"])
    partial_index(
        "source_health_ok", "source_health", ["source", "finished_at"], where="health = 'ok'"
    )
    op.create_table(
        "tombstones",
        sa.Column("key", KEY, nullable=False),
        sa.Column("deleted_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident"],
            ["incidents.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_alerts_incident", "alerts", ["incident"])
    op.create_index("ix_alerts_raised_at", "alerts", ["raised_at"])
    op.create_table(
        "assessments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("post", KEY, nullable=False),
        sa.Column("assessed_at", MOMENT, nullable=False),
        sa.Column("newest", sa.Boolean(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("negative", sa.Double(), nullable=False),
        sa.Column("neutral", sa.Double(), nullable=False),
        sa.Column("positive", sa.Double(), nullable=False),
        sa.Column("anger", sa.Double(), nullable=True),
        sa.Column("complaint", sa.Double(), nullable=True),
        sa.Column("embedding", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["post"], ["posts.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "assessments_newest",
        "assessments",
        ["post"],
        unique=True,
        sqlite_where=sa.text("newest = 1"),
        postgresql_where=sa.text("newest"),
    )
    op.create_index("ix_assessments_post", "assessments", ["post"])
    op.create_table(
        "forecasts",
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("horizon", sa.Integer(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("low90", sa.Double(), nullable=True),
        sa.Column("low50", sa.Double(), nullable=True),
        sa.Column("median", sa.Double(), nullable=True),
        sa.Column("high50", sa.Double(), nullable=True),
        sa.Column("high90", sa.Double(), nullable=True),
        sa.Column("outcome", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident"],
            ["incidents.id"],
        ),
        sa.PrimaryKeyConstraint("incident", "quantity", "horizon", "made_at"),
    )
    partial_index(
        "forecasts_due", "forecasts", ["due_at"], where="outcome IS NULL AND median IS NOT NULL"
    )
    partial_index(
        "forecasts_graded",
        "forecasts",
        ["quantity", "horizon", "made_at"],
        where="outcome IS NOT NULL",
    )
    op.create_table(
        "mentions",
        sa.Column("post", KEY, nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("spans", sa.JSON(), nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.Column("assessed_at", MOMENT, nullable=True),
        sa.Column("incident", sa.Text(), nullable=True),
        sa.Column("grouped_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["incident"], ["incidents.id"], initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(["post"], ["posts.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post", "brand"),
    )
    partial_index(
        "mentions_by_incident",
        "mentions",
        ["incident", "published_at"],
        where="incident IS NOT NULL",
    )
    op.create_index("mentions_by_time", "mentions", ["brand", "published_at", "incident"])
    partial_index(
        "mentions_unassessed", "mentions", ["published_at", "post"], where="assessed_at IS NULL"
    )
    partial_index(
        "mentions_ungrouped",
        "mentions",
        ["published_at", "post"],
        where="grouped_at IS NULL AND assessed_at IS NOT NULL",
    )
    op.create_table(
        "silences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident"],
            ["incidents.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_silences_incident", "silences", ["incident"])
    op.create_table(
        "snapshots",
        sa.Column("post", KEY, nullable=False),
        sa.Column("taken_at", MOMENT, nullable=False),
        sa.Column("views", sa.BigInteger(), nullable=True),
        sa.Column("likes", sa.BigInteger(), nullable=True),
        sa.Column("shares", sa.BigInteger(), nullable=True),
        sa.Column("replies", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["post"], ["posts.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post", "taken_at"),
        sqlite_with_rowid=False,
    )
    partial_index("snapshots_by_views", "snapshots", ["views", "post"], where="views IS NOT NULL")


def downgrade() -> None:
    """Drop every table."""
    for table in (
        "snapshots",
        "silences",
        "mentions",
        "forecasts",
        "assessments",
        "alerts",
        "tombstones",
        "source_health",
        "posts",
        "outbox",
        "leases",
        "incidents",
        "cursors",
        "authors",
    ):
        op.drop_table(table)
