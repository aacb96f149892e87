"""Runs the migrations on the connection that the opening store hands over."""

from __future__ import annotations

from alembic import context

from monitor.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=metadata, version_table="sparkwatch_schema"
)
context.run_migrations()
