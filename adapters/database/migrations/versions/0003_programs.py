"""Whose account it is, and what the programs that wrote the journal are made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_programs"
down_revision = "0002_revisions"


def upgrade() -> None:
    """Make the tables; the first start that follows fills them."""
    op.create_table(
        "owner",
        sa.Column("account", sa.String(), primary_key=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "program",
        sa.Column("strategy", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("leads", sa.Boolean(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
