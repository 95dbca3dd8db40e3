"""Names of orders: a function of the signal, never of a clock, a counter or chance.

A signal that is replayed after a crash finds its own orders, because it derives their names again.
The broker's own numbers are no names: they roll back, and are given out twice.
"""

from __future__ import annotations

import re
from base64 import b32encode
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Final

_LETTERS: Final = 16
_LEG: Final = re.compile(r"([a-z2-7]{16}):([ESTX])([0-9]{1,2})\.([0-9]{1,3})")


class Role(StrEnum):
    """What an order is for."""

    ENTRY = "E"
    STOP = "S"
    TARGET = "T"
    EXIT = "X"

    @property
    def opens(self) -> bool:
        """Whether a fill opens a position; all others close one."""
        return self is Role.ENTRY


@dataclass(frozen=True, slots=True)
class Signal:
    """A completed setup: the strategy's hash, the contract, the deciding bar, side, ordinal.

    `contract` is the broker's number of the contract, `minute` the open of the deciding bar
    (minutes since the epoch, UTC), `candidate` its id (`DATE/SIDE/ORDINAL`).
    """

    strategy: str
    contract: int
    minute: int
    candidate: str

    @property
    def family(self) -> str:
        """The name all its orders share: sixteen letters and digits."""
        return _letters(f"{self.strategy}|{self.contract}|{self.minute}|{self.candidate}")


@lru_cache(maxsize=4096)  # every family is asked for its name by every snapshot
def _letters(words: str) -> str:
    return b32encode(sha256(words.encode()).digest())[:_LETTERS].decode().lower()


@dataclass(frozen=True, slots=True)
class Leg:
    """One order of a family: its role, its number (a target and its stop share one), its attempt.

    `attempt` counts from 0 the orders that replaced one another in the same place.
    """

    family: str
    role: Role
    number: int = 0
    attempt: int = 0

    @property
    def ref(self) -> str:
        """The reference the broker carries: at most 24 characters."""
        return f"{self.family}:{self.role}{self.number}.{self.attempt}"

    @property
    def again(self) -> Leg:
        """The next attempt in the same place."""
        return Leg(self.family, self.role, self.number, self.attempt + 1)


@lru_cache(maxsize=4096)  # asked of every order and execution, of every snapshot
def leg_of(ref: str) -> Leg | None:
    """The leg that a reference names; None for the reference of an order that is not ours."""
    found = _LEG.fullmatch(ref)
    if found is None:
        return None
    family, role, number, attempt = found.groups()
    leg = Leg(family, Role(role), int(number), int(attempt))
    return leg if leg.ref == ref else None
