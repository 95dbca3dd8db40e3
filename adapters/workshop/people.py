"""Who may sign in, and as what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sqlmodel import col, select

from adapters.workshop import passwords
from adapters.workshop.errors import BadInput, Conflict, NotFound
from adapters.workshop.tables import Person as PersonRow
from adapters.workshop.tables import Sitting, Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlmodel import Session

    from adapters.workshop.keeper import Keeper

FIRST: Final = "trader"
"""The operator that the first start makes."""

TERMINAL: Final = "terminal"
"""Who acts where somebody with the machine itself does, and nobody is signed in."""

_NAME: Final = re.compile(r"[a-z][a-z0-9._-]{0,39}")


class Role(StrEnum):
    """What a person may do."""

    VIEWER = "viewer"  # looks
    OPERATOR = "operator"  # and changes


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in, or could until `disabled`. Instants in ms since the epoch."""

    id: int
    name: str
    role: Role
    created: int
    disabled: int | None
    is_chosen: bool  # the password was set by a person

    @property
    def is_operator(self) -> bool:
        """Whether this person may change things."""
        return self.role is Role.OPERATOR


def person_of(row: PersonRow) -> Person:
    """The person of a row."""
    assert row.id is not None
    return Person(row.id, row.name, Role(row.role), row.created, row.disabled, row.is_chosen)


class People:
    """The people of a workshop. What changes one is written down with who did it.

    `changed` is called after what somebody may do, or the password, has changed.
    """

    def __init__(self, keeper: Keeper, changed: Callable[[], None] = lambda: None) -> None:
        self._keeper = keeper
        self._changed = changed

    def all(self) -> list[Person]:
        """Everybody, by name."""
        with self._keeper.reading() as session:
            rows = session.exec(select(PersonRow).order_by(col(PersonRow.name))).all()
            return [person_of(row) for row in rows]

    def make_first(self) -> str | None:
        """Make the first operator; the password, to be shown once, or None: there is somebody."""
        password = passwords.made()
        kept = passwords.hashed(password)
        with self._keeper.writing() as session:
            if session.exec(select(PersonRow).limit(1)).first() is not None:
                return None
            self._add(session, TERMINAL, FIRST, Role.OPERATOR, kept, is_chosen=False)
        return password

    def has_chosen(self) -> bool:
        """Whether everybody who may sign in has a password that a person set."""
        able = [person for person in self.all() if person.disabled is None]
        return bool(able) and all(person.is_chosen for person in able)

    def checked(self, name: str, password: str) -> Person | None:
        """The person of this name and password, if there is one and it may sign in."""
        with self._keeper.reading() as session:
            row = session.exec(select(PersonRow).where(PersonRow.name == name)).first()
        may = row is not None and row.disabled is None
        right = passwords.agrees(row.password_hash if row and may else None, password)
        return person_of(row) if row and right else None

    def add(self, by: str, name: str, role: Role, password: str) -> Person:
        """A new person. Raises `BadInput` and `Conflict` where the name is taken."""
        if not _NAME.fullmatch(name):
            raise BadInput(
                f"`{name[:40]}` cannot be a name", "use small letters, digits, . _ -", field="name"
            )
        kept = passwords.hashed(password)
        with self._keeper.writing() as session:
            if session.exec(select(PersonRow).where(PersonRow.name == name)).first() is not None:
                raise Conflict(f"there is a {name} already", "choose another name")
            return self._add(session, by, name, role, kept, is_chosen=True)

    def set_password(self, by: str, name: str, password: str) -> None:
        """A new password; whoever sat signed in under this name must sign in again.

        Raises `NotFound`, `BadInput`.
        """
        kept = passwords.hashed(password)
        with self._keeper.writing() as session:
            row = self._row(session, name)
            row.password_hash, row.is_chosen = kept, True
            session.add(row)
            self._end_sittings(session, row)
            self._keeper.deed(session, by, "changed a password", name)
        self._changed()

    def set_role(self, by: str, name: str, role: Role) -> None:
        """What this person may do from now on. Raises `NotFound`, `Conflict`."""
        with self._keeper.writing() as session:
            row = self._row(session, name)
            if role is not Role.OPERATOR:
                self._keep_an_operator(session, row)
            row.role = role
            session.add(row)
            self._keeper.deed(session, by, f"made {role}", name)
        self._changed()

    def disable(self, by: str, name: str) -> None:
        """Nobody signs in as this person any more. Raises `NotFound`, `Conflict` (the last)."""
        with self._keeper.writing() as session:
            row = self._row(session, name)
            self._keep_an_operator(session, row)
            row.disabled = self._keeper.now()
            session.add(row)
            self._end_sittings(session, row)
            for token in session.exec(select(Token).where(Token.person == row.id)):
                token.ended = token.ended or row.disabled
                session.add(token)
            self._keeper.deed(session, by, "disabled", name)
        self._changed()

    def enable(self, by: str, name: str) -> None:
        """This person may sign in again. Raises `NotFound`."""
        with self._keeper.writing() as session:
            row = self._row(session, name)
            row.disabled = None
            session.add(row)
            self._keeper.deed(session, by, "enabled", name)
        self._changed()

    def _add(
        self, session: Session, by: str, name: str, role: Role, kept: str, *, is_chosen: bool
    ) -> Person:
        row = PersonRow(
            name=name,
            role=role,
            password_hash=kept,
            is_chosen=is_chosen,
            created=self._keeper.now(),
        )
        session.add(row)
        session.flush()
        self._keeper.deed(session, by, f"added as {role}", name)
        return person_of(row)

    @staticmethod
    def _row(session: Session, name: str) -> PersonRow:
        row = session.exec(select(PersonRow).where(PersonRow.name == name)).first()
        if row is None:
            raise NotFound(f"there is nobody called {name[:40]}")
        return row

    @staticmethod
    def _keep_an_operator(session: Session, leaving: PersonRow) -> None:
        """Raise where nobody could change anything any more."""
        others = select(PersonRow).where(
            PersonRow.role == Role.OPERATOR,
            col(PersonRow.disabled).is_(None),
            PersonRow.id != leaving.id,
        )
        if session.exec(others.limit(1)).first() is None:
            raise Conflict(
                f"{leaving.name} is the last operator", "make somebody else an operator first"
            )

    @staticmethod
    def _end_sittings(session: Session, row: PersonRow) -> None:
        for sitting in session.exec(select(Sitting).where(Sitting.person == row.id)):
            session.delete(sitting)
