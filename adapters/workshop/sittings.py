"""Who is signed in: browsers by a cookie, programs by a token. Only digests are kept.

What was found is believed for a few seconds, so that a page with many requests asks once; what
this process itself ends is forgotten at once.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Final

from sqlmodel import col, select

from adapters.workshop.errors import BadInput, NotFound
from adapters.workshop.people import Person, person_of
from adapters.workshop.tables import Person as PersonRow
from adapters.workshop.tables import Sitting, Token

if TYPE_CHECKING:
    from sqlmodel import Session

    from adapters.workshop.keeper import Keeper

BELIEVED: Final = 5_000
"""Milliseconds for which what was found is not asked again."""

NOTED: Final = 60_000
"""Milliseconds after which a sitting that is used is written down as used again."""

MOST: Final = 20
"""Sittings a person may have; the oldest make room."""

_HOUR: Final = 3_600_000


def digest(secret: str) -> str:
    """What is kept of a cookie or token: it has 256 random bits, so a plain hash will do."""
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Key:
    """A token of a person, as it may be shown."""

    id: int
    person: str
    label: str
    created: int
    ended: int | None


@dataclass(frozen=True, slots=True)
class _Found:
    person: Person
    at: int
    ends: int


class Sittings:
    """The sittings of a workshop. `hours` without a request end one, `most_hours` end any."""

    def __init__(self, keeper: Keeper, hours: float = 12, most_hours: float = 24 * 7) -> None:
        self._keeper = keeper
        self._idle = int(hours * _HOUR)
        self._whole = int(most_hours * _HOUR)
        self._found: dict[str, _Found] = {}
        self._lock = Lock()

    def begin(self, person: Person, peer: str, instead_of: str = "") -> str:
        """Sign somebody in: a fresh secret for the cookie. An older sitting is ended with it."""
        secret, now = secrets.token_urlsafe(32), self._keeper.now()
        with self._keeper.writing() as session:
            self._delete(session, digest(instead_of))
            mine = select(Sitting).where(Sitting.person == person.id)
            rows = session.exec(mine.order_by(col(Sitting.seen).desc())).all()
            for row in rows[MOST - 1 :]:
                self._delete(session, row.digest)
            row = Sitting(digest=digest(secret), person=person.id, began=now, seen=now, peer=peer)
            session.add(row)
            self._keeper.deed(session, person.name, "signed in", detail=peer)
        return secret

    def end(self, secret: str) -> None:
        """Sign a browser out; one that is not signed in is no mistake."""
        person = self.of_cookie(secret)
        with self._keeper.writing() as session:
            self._delete(session, digest(secret))
            if person is not None:
                self._keeper.deed(session, person.name, "signed out")

    def forget(self) -> None:
        """Believe nothing any more: somebody was disabled or changed."""
        with self._lock:
            self._found.clear()

    def known(self, secret: str) -> Person | None:
        """Whoever has this cookie or token and was found in the last seconds; never waits."""
        now, found = self._keeper.now(), self._found.get(digest(secret))
        if found is None or not 0 <= now - found.at < BELIEVED or found.ends <= now:
            return None
        return found.person

    def of_cookie(self, secret: str) -> Person | None:
        """Whoever has this cookie, and its sitting is noted as used; None for nobody."""
        name, now = digest(secret), self._keeper.now()
        with self._keeper.reading() as session:
            query = select(Sitting, PersonRow).join(PersonRow).where(Sitting.digest == name)
            pair = session.exec(query).first()
        if pair is None:
            return None
        sitting, row = pair
        ends = min(sitting.seen + self._idle, sitting.began + self._whole)
        if row.disabled is not None or now >= ends:
            return None
        if now - sitting.seen >= NOTED:
            self._note(name, now)
        return self._believe(name, _Found(person_of(row), now, ends))

    def of_token(self, secret: str) -> Person | None:
        """Whoever has this token; None for nobody."""
        name, now = digest(secret), self._keeper.now()
        with self._keeper.reading() as session:
            query = select(Token, PersonRow).join(PersonRow).where(Token.digest == name)
            pair = session.exec(query).first()
        if pair is None or pair[0].ended is not None or pair[1].disabled is not None:
            return None
        return self._believe(name, _Found(person_of(pair[1]), now, now + BELIEVED))

    def make_token(self, by: Person, label: str) -> str:
        """A token for a program of this person, to be shown once."""
        if not 1 <= len(label.strip()) <= 60:
            raise BadInput("a token needs a label of 1 to 60 characters", field="label")
        secret = f"engine_{secrets.token_urlsafe(32)}"
        with self._keeper.writing() as session:
            now, name = self._keeper.now(), label.strip()
            row = Token(digest=digest(secret), person=by.id, label=name, created=now)
            session.add(row)
            self._keeper.deed(session, by.name, "made a token", name)
        return secret

    def tokens(self, of: Person) -> list[Key]:
        """The tokens of a person, newest first."""
        with self._keeper.reading() as session:
            query = select(Token, PersonRow).join(PersonRow).where(Token.person == of.id)
            query = query.order_by(col(Token.id).desc())
            return [
                Key(token.id or 0, row.name, token.label, token.created, token.ended)
                for token, row in session.exec(query)
            ]

    def end_token(self, by: Person, number: int) -> None:
        """A token opens nothing any more. Raises `NotFound`."""
        with self._keeper.writing() as session:
            row = session.get(Token, number)
            if row is None or (row.person != by.id and not by.is_operator):
                raise NotFound(f"there is no token {number} of yours")
            row.ended = row.ended or self._keeper.now()
            session.add(row)
            self._keeper.deed(session, by.name, "ended a token", row.label)
        self.forget()

    def _believe(self, name: str, found: _Found) -> Person:
        with self._lock:
            if len(self._found) > 10_000:
                self._found.clear()
            self._found[name] = found
        return found.person

    def _note(self, name: str, now: int) -> None:
        with self._keeper.writing() as session:
            row = session.get(Sitting, name)
            if row is not None:
                row.seen = now
                session.add(row)

    def _delete(self, session: Session, name: str) -> None:
        with self._lock:
            self._found.pop(name, None)
        row = session.get(Sitting, name)
        if row is not None:
            session.delete(row)
