"""What became of a story beside growing, and of forecasts that nobody can grade.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

HISTORY = "incident_history"
BY_INCIDENT = "ix_incident_history_incident"
MERGED = "incidents_merged"
FORECASTS_DUE = "forecasts_due"
_OPEN = "outcome IS NULL AND median IS NOT NULL"
_GRADABLE = f"{_OPEN} AND ungradable_at IS NULL"


def upgrade() -> None:
    """Add the table, and the column that leads from a merged incident to where it went."""
    op.add_column("incidents", sa.Column("merged_into", sa.Text(), nullable=True))
    merged = sa.text("merged_into IS NOT NULL")
    op.create_index(
        MERGED, "incidents", ["merged_into"], sqlite_where=merged, postgresql_where=merged
    )
    op.create_table(
        HISTORY,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("posts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident"],
            ["incidents.id"],
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(BY_INCIDENT, HISTORY, ["incident"])
    op.add_column("forecasts", sa.Column("ungradable_at", sa.DateTime(timezone=True)))
    _index_forecasts_due(_GRADABLE)


def downgrade() -> None:
    """Drop the table and the column; what was merged stays merged."""
    _index_forecasts_due(_OPEN)
    op.drop_column("forecasts", "ungradable_at")
    op.drop_table(HISTORY)
    op.drop_index(MERGED, "incidents")
    op.drop_column("incidents", "merged_into")


def _index_forecasts_due(condition: str) -> None:
    where = sa.text(condition)
    op.drop_index(FORECASTS_DUE, "forecasts")
    op.create_index(
        FORECASTS_DUE, "forecasts", ["due_at"], sqlite_where=where, postgresql_where=where
    )
