"""Passwords: how they are kept, and what is asked of one. argon2id, as RFC 9106 recommends it."""

from __future__ import annotations

import secrets
from functools import cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final

from adapters.workshop.errors import BadInput

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST: Final = 10
LONGEST: Final = 200
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_AT_ONCE: Final = BoundedSemaphore(2)
"""Each takes 64 MiB and a core for some hundredths of a second: a crowd at the door must wait."""


def made() -> str:
    """A new password: 20 letters and digits that are not mistaken for each other, 99 bits."""
    letters = [secrets.choice(_ALPHABET) for _ in range(20)]
    return "-".join("".join(letters[at : at + 5]) for at in range(0, 20, 5))


def hashed(password: str) -> str:
    """The password as it is kept. Raises `BadInput` where it is too short or too long."""
    if len(password) < SHORTEST:
        raise BadInput(f"the password needs {SHORTEST} characters or more", field="password")
    if len(password) > LONGEST:
        raise BadInput(f"the password may have {LONGEST} characters at most", field="password")
    with _AT_ONCE:
        return _hasher().hash(password)


def agrees(kept: str | None, password: str) -> bool:
    """Whether it is the password. None, for nobody, takes as long and is never right."""
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415 - an extra

    with _AT_ONCE:
        try:
            _hasher().verify(kept or _nobodys(), password[: LONGEST + 1])
        except (VerificationError, InvalidHashError):
            return False
    return bool(kept)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # noqa: PLC0415 - an extra

    return PasswordHasher()


@cache
def _nobodys() -> str:
    """A hash that costs what a real one costs, so that time does not tell who exists."""
    return _hasher().hash(secrets.token_urlsafe(16))
