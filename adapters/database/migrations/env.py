"""Alembic's door: it is handed an open connection and runs the versions on it."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from adapters.database import tables

assert tables.EventRow.__tablename__ == "event"  # importing the tables fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
