"""How a source is: what each crawl counted, its troubles, and when posts were asked for again.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

HEALTH, TROUBLES, REFRESHES = "source_health", "source_troubles", "refreshes"
COUNTS = ("refreshed", "skipped", "refused")
PAIRS = ("answers", "missing")


def upgrade() -> None:
    """Add the columns and the tables; of earlier crawls nothing more is known."""
    for name in COUNTS:
        op.add_column(
            HEALTH, sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0"))
        )
    for name in PAIRS:
        op.add_column(HEALTH, sa.Column(name, sa.JSON(), nullable=True))
    op.add_column(HEALTH, sa.Column("lag", sa.Double(), nullable=True))
    op.create_table(
        TROUBLES,
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "noticed_at"),
    )
    op.create_index("source_troubles_by_end", TROUBLES, ["over_at"])
    key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        REFRESHES,
        sa.Column("post", key, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["post"], ["posts.key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post"),
    )
    op.create_index("refreshes_by_source", REFRESHES, ["source", "asked_at"])


def downgrade() -> None:
    """Drop the tables and the columns."""
    op.drop_table(REFRESHES)
    op.drop_table(TROUBLES)
    for name in ("lag", *reversed(PAIRS), *reversed(COUNTS)):
        op.drop_column(HEALTH, name)
