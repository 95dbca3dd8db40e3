"""The tables of the workshop. Instants are milliseconds since the epoch (UTC).

They have a registry of their own: the live journal's tables lie in another database.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Text, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Table(SQLModel, registry=registry()):
    """The base of every table here."""


def instant(*, indexed: bool = False) -> Column[int]:
    """A column of instants."""
    return Column(BigInteger, nullable=False, index=indexed)


def prose() -> Column[str]:
    """A column of text of any length."""
    return Column(Text, nullable=False, default="")


class Person(Table, table=True):
    """Somebody who may sign in. `disabled` is when that ended; people are never deleted.

    `is_chosen`: a person set the password, and not the first start.
    """

    __tablename__ = "person"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    role: str
    password_hash: str
    is_chosen: bool = False
    created: int = Field(sa_column=instant())
    disabled: int | None = Field(default=None, sa_type=BigInteger)


class Sitting(Table, table=True):
    """A signed-in browser. Only the digest of its cookie is kept."""

    __tablename__ = "sitting"
    digest: str = Field(primary_key=True)
    person: int = Field(index=True, foreign_key="person.id")
    began: int = Field(sa_column=instant())
    seen: int = Field(sa_column=instant())
    peer: str = ""


class Token(Table, table=True):
    """A key for a program that uses the API as a person. Only its digest is kept."""

    __tablename__ = "token"
    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True)
    person: int = Field(index=True, foreign_key="person.id")
    label: str
    created: int = Field(sa_column=instant())
    ended: int | None = Field(default=None, sa_type=BigInteger)


class Version(Table, table=True):
    """A text that a strategy had or shall have; versions of a strategy count from 1.

    `why` is what the person said, `note` what the workshop adds ("changed on disk");
    a draft is a version that waits until a person switches to it.
    """

    __tablename__ = "version"
    __table_args__ = (UniqueConstraint("strategy", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    strategy: str = Field(index=True)
    number: int
    text: str = Field(sa_column=prose())
    sha: str = Field(index=True)
    who: str
    at: int = Field(sa_column=instant())
    why: str = Field(default="", sa_column=prose())
    note: str = ""
    is_draft: bool = False


class Run(Table, table=True):
    """A backtest that was asked for: what of, how far it is, what came of it.

    `choice` and `figures` are JSON; `folder` is seen from the workshop's folder.
    """

    __tablename__ = "run"
    id: int | None = Field(default=None, primary_key=True)
    created: int = Field(sa_column=instant(indexed=True))
    who: str
    strategy: str = Field(index=True)
    version: int | None = None
    spec: str = Field(sa_column=prose())
    choice: str = Field(default="{}", sa_column=prose())
    state: str = Field(default="queued", index=True)
    progress: float = 0.0
    message: str = Field(default="", sa_column=prose())
    program: str = ""
    data: str = ""
    figures: str = Field(default="{}", sa_column=prose())
    folder: str = ""
    started: int | None = Field(default=None, sa_type=BigInteger)
    ended: int | None = Field(default=None, sa_type=BigInteger)
    process: int | None = None


class Deed(Table, table=True):
    """Something a person did: who, what, on what. Never a password, a cookie or a key."""

    __tablename__ = "deed"
    id: int | None = Field(default=None, primary_key=True)
    at: int = Field(sa_column=instant(indexed=True))
    who: str = Field(index=True)
    what: str
    on_what: str = ""
    detail: str = Field(default="", sa_column=prose())
