"""The market as it is played: each bar opens, is met, passes, closes and is over.

A bar's first price is told before it is traded at: who learns by it that the bar before is over may
send, change and withdraw orders that still meet it, as the backtest does between two bars.

Markets whose bars begin at the same instant are played together, in the order they were named.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING

from adapters.gateway.config import Matching, Stops
from adapters.gateway.tape import STEP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.gateway.gateway import Gateway
    from adapters.gateway.subscriptions import Subscription
    from adapters.gateway.tape import Tape


class _Moment(Enum):
    """What can happen to the bar at hand."""

    OPEN = "open"
    FIRST = "first"
    STEP = "step"
    CLOSE = "close"
    END = "end"


class Replay:
    """The bars of all tapes, one moment after the other."""

    def __init__(self, gateway: Gateway) -> None:
        """The tapes of this gateway, from the rows they stand at."""
        self._gateway = gateway
        self._moments: deque[tuple[float, _Moment, int]] = deque()
        self._playing: list[Tape] = []
        self.bars = 0

    def next_at(self) -> float | None:
        """When the next moment comes; None when the bars are over."""
        if not self._moments:
            self._plan()
        return self._moments[0][0] if self._moments else None

    def play(self) -> bool:
        """Let the next moment be; whether a client may act before what follows."""
        _, moment, number = self._moments.popleft()
        match moment:
            case _Moment.OPEN:
                return self._open()
            case _Moment.FIRST:
                return self._first()
            case _Moment.STEP:
                return self._step(number)
            case _Moment.CLOSE:
                return self._close()
            case _Moment.END:
                return self._end(number)

    def _plan(self) -> None:
        """Queue the moments of the next bar of every market that has one then."""
        begins = [
            (begins, tape)
            for tape in self._gateway.tapes.values()
            if (begins := tape.begins(tape.row)) is not None
        ]
        if not begins:
            return
        first = min(when for when, _ in begins)
        self._playing = [tape for when, tape in begins if when == first]
        seconds = self._playing[0].seconds
        count = seconds // STEP
        self._moments.append((first, _Moment.OPEN, 0))
        self._moments.append((first, _Moment.FIRST, 0))
        if self._is_fine:
            for number in range(1, count):
                self._moments.append((first + number * STEP, _Moment.STEP, number))
        self._moments.append((first + seconds - 1, _Moment.CLOSE, count))
        self._moments.append((first + seconds, _Moment.END, count))

    @property
    def _is_fine(self) -> bool:
        config = self._gateway.config
        if config.fine or config.matching is Matching.WAY:
            return True
        return any(one.fine for one in self._listeners())

    def _listeners(self) -> Iterator[Subscription]:
        for session in self._gateway.lines:
            yield from session.subscriptions.values()

    def _open(self) -> bool:
        gateway = self._gateway
        gateway.begin_bar()
        for tape in self._playing:
            tape.begin()
            gateway.broadcast.begin(tape)
            gateway.broadcast.open(tape)
        return True

    def _first(self) -> bool:
        """Trade at the first price; whether something was, or is under way."""
        for tape in self._playing:
            self._gateway.exchange.meet_first(tape)
        return self._gateway.is_restless

    def _step(self, number: int) -> bool:
        gateway = self._gateway
        for tape in self._playing:
            tape.reach(number)
            part = tape.walk()[number - 1]
            if gateway.config.matching is Matching.WAY:
                gateway.exchange.meet(tape, part)
            gateway.broadcast.step(tape, part)
            assert tape.seen is not None
            gateway.broadcast.tell(tape, tape.seen)
        return False

    def _close(self) -> bool:
        gateway = self._gateway
        for tape in self._playing:
            part = tape.walk()[-1] if gateway.config.matching is Matching.WAY else None
            bar = tape.finish()
            gateway.exchange.meet(tape, bar if part is None else part)
            gateway.broadcast.close(tape, bar)
        return self._stops_at_close()

    def _stops_at_close(self) -> bool:
        gateway = self._gateway
        choice = gateway.config.stop_at_close
        if choice is Stops.HELD:
            # what the bar has taken out of the market is news as much as what it left
            accounts = gateway.exchange.accounts.values()
            return gateway.is_restless or any(
                one.quantity for account in accounts for one in account.positions.values()
            )
        return choice is Stops.ALWAYS

    def _end(self, number: int) -> bool:
        gateway = self._gateway
        for tape in self._playing:
            if any(one.tape is tape and one.fine for one in self._listeners()):
                gateway.broadcast.step(tape, tape.walk()[number - 1])
            tape.end()
            self.bars += 1
        self._playing = []
        following = gateway.next_at()
        return following is None or following > gateway.now
