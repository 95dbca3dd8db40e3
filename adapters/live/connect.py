"""Getting to the gateway: once at the start, and for ever after a loss."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from adapters.ib.feed import Manner
from adapters.ib.pacing import UNLIMITED
from adapters.ib.port import (
    BrokerError,
    ClientIdTaken,
    DataRefused,
    NoGateway,
    ReadOnly,
    Unanswered,
    UnknownContract,
    UnknownZone,
    WrongAccount,
)
from adapters.live.errors import BadAccount, CannotRun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.ib.port import Broker, Session
    from adapters.ib.settings import Settings

_FIRST: Final = 1.0
_LONGEST: Final = 60.0
_JITTER: Final = 0.3
_DAY: Final = 86_400_000

_REMEDIES: Final[dict[type[BrokerError], str]] = {
    NoGateway: "to wait for it instead say --wait",
    Unanswered: "see whether the gateway is logged in, then start again",
    WrongAccount: "say --account with the number of an account of this login",
    UnknownContract: "say --instrument with what you mean",
}
"""What to do about an error whose own words do not say it."""


def pauses() -> Iterator[float]:
    """Seconds between attempts, for ever: doubling up to a minute, each off by up to a third.

    The jitter keeps many engines from knocking all at once when a gateway comes back.
    """
    pause = _FIRST
    while True:
        yield pause * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - no secret
        pause = min(_LONGEST, pause * 2)


async def first_session(broker: Broker, above: int, *, wait: bool) -> Session:
    """The first connection. Raises `CannotRun` where there is none, unless it may be waited for."""
    for pause in pauses():
        try:
            return await broker.connect(above=above)
        except (NoGateway, Unanswered) as failed:
            if not wait:
                raise cannot(failed) from None
        except BrokerError as failed:
            raise cannot(failed) from None
        await asyncio.sleep(pause)
    raise AssertionError("pauses never end")


def cannot(failed: BrokerError) -> CannotRun:
    """Why a run cannot begin, as what a person is told."""
    remedy = next((words for kind, words in _REMEDIES.items() if isinstance(failed, kind)), "")
    return CannotRun(str(failed), remedy)


def lasting(failed: BaseException) -> bool:
    """Whether trying again will not help until somebody does something."""
    kinds = (
        *(ClientIdTaken, WrongAccount, ReadOnly, DataRefused),
        *(UnknownContract, UnknownZone, BadAccount),
    )
    return isinstance(failed, kinds)


def is_replay(session: Session) -> bool:
    """Whether a gateway plays a market of another day: its clock is a day or more from ours.

    Only for accounts without money: there the gateway's clock is then taken for ours.
    """
    return session.is_paper and abs(session.ahead) >= _DAY


def for_replay(settings: Settings) -> Settings:
    """The settings for a gateway whose clock is not ours.

    It is asked as fast as it answers, and a bar is over when a later one is heard.
    """
    return replace(
        settings, messages=0, limits=UNLIMITED, manner=Manner(grace=None, verify=0), timeout=60.0
    )
