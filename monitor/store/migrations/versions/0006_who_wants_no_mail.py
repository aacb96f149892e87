"""Receivers who asked a channel to leave them alone, and messages that heed it.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; messages that wait already go to everybody."""
    op.create_table(
        "unsubscribed",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address"),
    )
    op.add_column(
        "outbox",
        sa.Column("optional_for", sa.Text(), nullable=False, server_default=sa.text("''")),
    )


def downgrade() -> None:
    """Drop the table: who had unsubscribed gets everything again."""
    op.drop_column("outbox", "optional_for")
    op.drop_table("unsubscribed")
