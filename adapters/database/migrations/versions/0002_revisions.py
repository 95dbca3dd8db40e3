"""Every revision of a bar is kept beside the one that was decided on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_revisions"
down_revision = "0001_first"

_COLUMNS = "contract, minute, revision, open, high, low, close, volume, source"


def upgrade() -> None:
    """Let a bar's revision be part of its key."""
    whole = sa.BigInteger()
    keys = (
        sa.Column(name, whole, primary_key=True, autoincrement=False)
        for name in ("contract", "minute", "revision")
    )
    prices = (
        sa.Column(name, whole, nullable=False)
        for name in ("open", "high", "low", "close", "volume")
    )
    op.create_table("bar_new", *keys, *prices, sa.Column("source", sa.String(), nullable=False))
    op.execute(f"INSERT INTO bar_new ({_COLUMNS}) SELECT {_COLUMNS} FROM bar")  # noqa: S608
    op.drop_table("bar")
    op.rename_table("bar_new", "bar")
