"""What people do about incidents, who is told, what is silenced, and what was promised.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WAITING = "state = 'waiting'"
_UNTOLD = "told_at IS NULL"
_OPEN = "kept_at IS NULL AND dropped_at IS NULL"


def upgrade() -> None:
    """Add the tables; decisions to tell nobody move out of the way of people's silences."""
    op.drop_index("ix_silences_incident", "silences")
    op.rename_table("silences", "withheld")
    op.create_index("ix_withheld_incident", "withheld", ["incident"])
    for name, kind in (("follows", _key()), ("reference", sa.Text())):
        op.add_column("outbox", sa.Column(name, kind, nullable=False, server_default=sa.text("''")))
    _notices()
    _actions()
    _silences()
    _promises()


def downgrade() -> None:
    """Drop the tables: what people did is lost; messages that follow others stand alone."""
    for name in ("promises", "silences", "actions", "notices"):
        op.drop_table(name)
    op.drop_column("outbox", "reference")
    op.drop_column("outbox", "follows")
    op.drop_index("ix_withheld_incident", "withheld")
    op.rename_table("withheld", "silences")
    op.create_index("ix_silences_incident", "silences", ["incident"])


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("alert", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("routed_at", _moment(), nullable=False),
        sa.Column("due_at", _moment(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_at", _moment(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["alert"], ["alerts.id"]),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"]),
        sa.PrimaryKeyConstraint("alert", "team"),
    )
    op.create_index("ix_notices_incident", "notices", ["incident"])
    op.create_index("notices_by_team", "notices", ["team", "decided_at"])
    _partial("notices_waiting", "notices", "due_at", _WAITING)


def _actions() -> None:
    op.create_table(
        "actions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=False),
        sa.Column("until", _moment(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("post", _key(), nullable=True),
        sa.Column("told_at", _moment(), nullable=True),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("actions_by_incident", "actions", ["incident", "at"])
    op.create_index("actions_by_time", "actions", ["at"])
    _partial("actions_untold", "actions", "at", _UNTOLD)


def _silences() -> None:
    op.create_table(
        "silences",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("matcher", sa.JSON(), nullable=False),
        sa.Column("starts_at", _moment(), nullable=False),
        sa.Column("ends_at", _moment(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("created_at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_silences_ends_at", "silences", ["ends_at"])


def _promises() -> None:
    op.create_table(
        "promises",
        sa.Column("post", _key(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("incident", sa.Text(), nullable=True),
        sa.Column("span", sa.JSON(), nullable=False),
        sa.Column("made_at", _moment(), nullable=False),
        sa.Column("due_at", _moment(), nullable=False),
        sa.Column("kept_at", _moment(), nullable=True),
        sa.Column("kept_by", sa.Text(), nullable=False),
        sa.Column("dropped_at", _moment(), nullable=True),
        sa.Column("overdue_told_at", _moment(), nullable=True),
        sa.ForeignKeyConstraint(["post"], ["posts.key"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["incident"], ["incidents.id"]),
        sa.PrimaryKeyConstraint("post", "kind"),
    )
    op.create_index("promises_by_incident", "promises", ["incident"])
    _partial("promises_open", "promises", "due_at", _OPEN)


def _moment() -> sa.DateTime:
    return sa.DateTime(timezone=True)


def _key() -> sa.Text:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _partial(name: str, table: str, column: str, condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
