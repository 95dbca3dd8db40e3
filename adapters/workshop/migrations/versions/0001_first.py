"""The tables of the first workshop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_first"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    instant = sa.BigInteger()
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False, unique=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("is_chosen", sa.Boolean(), nullable=False),
        sa.Column("created", instant, nullable=False),
        sa.Column("disabled", instant),
    )
    op.create_table(
        "sitting",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("person", sa.Integer(), sa.ForeignKey("person.id"), nullable=False, index=True),
        sa.Column("began", instant, nullable=False),
        sa.Column("seen", instant, nullable=False),
        sa.Column("peer", sa.String(), nullable=False),
    )
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("digest", sa.String(), nullable=False, unique=True),
        sa.Column("person", sa.Integer(), sa.ForeignKey("person.id"), nullable=False, index=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("created", instant, nullable=False),
        sa.Column("ended", instant),
    )
    op.create_table(
        "version",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("strategy", sa.String(), nullable=False, index=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha", sa.String(), nullable=False, index=True),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("is_draft", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("strategy", "number"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("created", instant, nullable=False, index=True),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False, index=True),
        sa.Column("version", sa.Integer()),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False, index=True),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("program", sa.String(), nullable=False),
        sa.Column("data", sa.String(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("started", instant),
        sa.Column("ended", instant),
        sa.Column("process", sa.Integer()),
    )
    op.create_table(
        "deed",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", instant, nullable=False, index=True),
        sa.Column("who", sa.String(), nullable=False, index=True),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("on_what", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
    )
