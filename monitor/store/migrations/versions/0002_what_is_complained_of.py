"""What else the model says of a post, and what a post says about each brand.

What was already read and grouped stays as it is: nobody waits, after an upgrade, until the past has
been read once more. What was assessed and not yet grouped is read first.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SHARES = (
    "disgust",
    "fear",
    "joy",
    "sadness",
    "surprise",
    "none",
    "arousal",
    "severity",
    "offensive",
    "irony",
)
UNGROUPED = "mentions_ungrouped"


def upgrade() -> None:
    """Add the columns; a mention is undone until it is read."""
    for name in SHARES:
        op.add_column("assessments", sa.Column(name, sa.Double(), nullable=True))
    op.add_column("assessments", sa.Column("felt", sa.JSON(), nullable=True))
    op.add_column(
        "assessments",
        sa.Column("abstained", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.drop_index("mentions_unassessed", "mentions")
    op.drop_index(UNGROUPED, "mentions")
    op.alter_column("mentions", "assessed_at", new_column_name="read_at")
    op.add_column("mentions", sa.Column("reader", sa.Text(), nullable=True))
    op.add_column("mentions", sa.Column("touchpoint", sa.Text(), nullable=True))
    op.add_column("mentions", sa.Column("touchpoint_spans", sa.JSON(), nullable=True))
    op.add_column("mentions", sa.Column("aggravations", sa.JSON(), nullable=True))
    op.add_column("mentions", sa.Column("target", sa.Text(), nullable=True))
    op.execute("UPDATE mentions SET read_at = NULL WHERE grouped_at IS NULL")
    _index("mentions_unread", where="read_at IS NULL")
    _index(UNGROUPED, where="grouped_at IS NULL AND read_at IS NOT NULL")


def downgrade() -> None:
    """Take the columns out; a mention is undone until its post is assessed."""
    op.drop_index("mentions_unread", "mentions")
    op.drop_index(UNGROUPED, "mentions")
    for name in ("target", "aggravations", "touchpoint_spans", "touchpoint", "reader"):
        op.drop_column("mentions", name)
    op.alter_column("mentions", "read_at", new_column_name="assessed_at")
    op.execute(
        "UPDATE mentions SET assessed_at = (SELECT assessments.assessed_at FROM assessments "
        "WHERE assessments.post = mentions.post AND assessments.newest)"
    )
    _index("mentions_unassessed", where="assessed_at IS NULL")
    _index(UNGROUPED, where="grouped_at IS NULL AND assessed_at IS NOT NULL")
    for name in ("abstained", "felt", *SHARES):
        op.drop_column("assessments", name)


def _index(name: str, *, where: str) -> None:
    """An index over the mentions for which the condition holds, oldest first."""
    condition = sa.text(where)
    op.create_index(
        name,
        "mentions",
        ["published_at", "post"],
        sqlite_where=condition,
        postgresql_where=condition,
    )
