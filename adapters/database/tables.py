"""The tables. Instants are milliseconds since the epoch (UTC), minutes are since the epoch too.

`event` holds the truth, one row an event, `body` its JSON. `owner`, `program`, `family`, `leg`,
`incarnation`, `execution` and `risk` say what the events amount to; `bar` and `checkpoint` what a
restart reads.
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, Column, LargeBinary, Text
from sqlmodel import Field, SQLModel


def big(*, key: bool = False, indexed: bool = False) -> Column[int]:
    """A column of whole numbers of 64 bits."""
    return Column(BigInteger, primary_key=key, index=indexed, nullable=False, autoincrement=False)


def text() -> Column[str]:
    """A column of text of any length."""
    return Column(Text, nullable=False)


class EventRow(SQLModel, table=True):
    """One event, as it was written down."""

    __tablename__ = "event"
    seq: int = Field(sa_column=big(key=True))
    at: int = Field(sa_column=big(indexed=True))
    kind: str = Field(index=True)
    family: str = Field(default="", index=True)
    body: str = Field(sa_column=text())


class OwnerRow(SQLModel, table=True):
    """The account that the journal is of: one row, once it is known."""

    __tablename__ = "owner"
    account: str = Field(primary_key=True)
    since: int = Field(sa_column=big())


class ProgramRow(SQLModel, table=True):
    """A program that traded: `body` is its recipe as a record, empty where none was kept.

    `leads`: another one trades now, and this one leads what it opened.
    """

    __tablename__ = "program"
    strategy: str = Field(primary_key=True)
    name: str = ""
    leads: bool
    changed: int = Field(sa_column=big())
    body: str = Field(sa_column=text())


class FamilyRow(SQLModel, table=True):
    """A setup's orders as a whole; `body` is the family as a record."""

    __tablename__ = "family"
    name: str = Field(primary_key=True)
    strategy: str
    candidate: str
    contract: int = Field(sa_column=big(indexed=True))
    minute: int = Field(sa_column=big())
    action: str
    phase: str = Field(index=True)
    ending: str = ""
    position: int
    changed: int = Field(sa_column=big(indexed=True))
    body: str = Field(sa_column=text())


class LegRow(SQLModel, table=True):
    """An order of ours: what was asked, and the number it was last sent under (0: never)."""

    __tablename__ = "leg"
    ref: str = Field(primary_key=True)
    family: str = Field(index=True)
    role: str
    kind: str
    action: str
    contracts: int
    price: int | None = Field(default=None, sa_type=BigInteger)
    number: int = Field(sa_column=big())


class IncarnationRow(SQLModel, table=True):
    """An order as the broker last told it, by the broker's lasting number."""

    __tablename__ = "incarnation"
    permanent: int = Field(sa_column=big(key=True))
    ref: str = Field(index=True)
    state: str
    filled: int
    told: int = Field(sa_column=big())
    body: str = Field(sa_column=text())


class ExecutionRow(SQLModel, table=True):
    """Contracts that changed hands, latest revision; `price` and `commission` as told."""

    __tablename__ = "execution"
    key: str = Field(primary_key=True)
    revision: int
    ref: str = Field(index=True)
    contract: int = Field(sa_column=big(indexed=True))
    action: str
    contracts: int
    price: str
    minute: int = Field(sa_column=big())
    commission: str | None = None


class RiskRow(SQLModel, table=True):
    """The account at its last mark of a trading date, and what forbade entries then."""

    __tablename__ = "risk"
    date: str = Field(primary_key=True)
    start: str
    equity: str
    peak: str
    latch: str = ""
    halt: str = ""


class Source(StrEnum):
    """Where a kept bar came from."""

    WARM_UP = "warm-up"  # seen before trading began: what it decided was never traded
    LIVE = "live"  # closed while the engine ran, or filled in after a pause: decided on and traded
    LATER = "later"  # told by the broker afterwards: never decided on
    GONE = "gone"  # the broker has no such bar after all


class BarRow(SQLModel, table=True):
    """A closed bar, prices in ticks. Revision 0 is what was decided on, later ones were told later.

    `source` is a `Source`. A bar that has later revisions only was never decided on.
    """

    __tablename__ = "bar"
    contract: int = Field(sa_column=big(key=True))
    minute: int = Field(sa_column=big(key=True))
    revision: int = Field(default=0, sa_column=big(key=True))
    open: int = Field(sa_column=big())
    high: int = Field(sa_column=big())
    low: int = Field(sa_column=big())
    close: int = Field(sa_column=big())
    volume: int = Field(sa_column=big())
    source: str


class CheckpointRow(SQLModel, table=True):
    """What a strategy remembered after a bar: `engine.session.Session.snapshot`."""

    __tablename__ = "checkpoint"
    strategy: str = Field(primary_key=True)
    contract: int = Field(sa_column=big(key=True))
    minute: int = Field(sa_column=big())
    snapshot: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
