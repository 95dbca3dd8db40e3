"""The tables of the first live journal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_first"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    whole = sa.BigInteger()
    op.create_table(
        "event",
        sa.Column("seq", whole, primary_key=True, autoincrement=False),
        sa.Column("at", whole, nullable=False, index=True),
        sa.Column("kind", sa.String(), nullable=False, index=True),
        sa.Column("family", sa.String(), nullable=False, index=True),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_table(
        "family",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("candidate", sa.String(), nullable=False),
        sa.Column("contract", whole, nullable=False, index=True),
        sa.Column("minute", whole, nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False, index=True),
        sa.Column("ending", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("changed", whole, nullable=False, index=True),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_table(
        "leg",
        sa.Column("ref", sa.String(), primary_key=True),
        sa.Column("family", sa.String(), nullable=False, index=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("contracts", sa.Integer(), nullable=False),
        sa.Column("price", whole),
        sa.Column("number", whole, nullable=False),
    )
    op.create_table(
        "incarnation",
        sa.Column("permanent", whole, primary_key=True, autoincrement=False),
        sa.Column("ref", sa.String(), nullable=False, index=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("filled", sa.Integer(), nullable=False),
        sa.Column("told", whole, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_table(
        "execution",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False, index=True),
        sa.Column("contract", whole, nullable=False, index=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("contracts", sa.Integer(), nullable=False),
        sa.Column("price", sa.String(), nullable=False),
        sa.Column("minute", whole, nullable=False),
        sa.Column("commission", sa.String()),
    )
    op.create_table(
        "risk",
        sa.Column("date", sa.String(), primary_key=True),
        sa.Column("start", sa.String(), nullable=False),
        sa.Column("equity", sa.String(), nullable=False),
        sa.Column("peak", sa.String(), nullable=False),
        sa.Column("latch", sa.String(), nullable=False),
        sa.Column("halt", sa.String(), nullable=False),
    )
    op.create_table(
        "bar",
        sa.Column("contract", whole, primary_key=True, autoincrement=False),
        sa.Column("minute", whole, primary_key=True, autoincrement=False),
        *(sa.Column(name, whole, nullable=False) for name in ("open", "high", "low", "close")),
        sa.Column("volume", whole, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
    )
    op.create_table(
        "checkpoint",
        sa.Column("strategy", sa.String(), primary_key=True),
        sa.Column("contract", whole, primary_key=True, autoincrement=False),
        sa.Column("minute", whole, nullable=False),
        sa.Column("snapshot", sa.LargeBinary(), nullable=False),
    )
