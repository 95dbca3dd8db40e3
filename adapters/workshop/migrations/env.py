"""Alembic's door: it is handed an open connection and runs the versions on it."""

from __future__ import annotations

from alembic import context

from adapters.workshop.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
