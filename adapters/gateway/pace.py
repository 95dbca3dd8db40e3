"""How fast the market is played: in step with the clients, at some speed, or on a virtual clock."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.gateway.gateway import Gateway
    from adapters.gateway.session import Session

_GAP: Final = 300.0
"""Seconds without a bar that nobody wants to sit through."""


class Lockstep:
    """As fast as the clients can: what comes next comes when each has asked for the time.

    A client that listens to live data and was told something answers with reqCurrentTime once it
    has done what it wanted to do, orders included. That request is part of the protocol; here
    its reply comes behind the next news, so `while True: await reqCurrentTime()` is all that a
    client needs, and it can never be late. Nothing is played before somebody listens, nor while
    nobody is connected. Who does not answer within `patience` seconds is no longer waited for.
    After anything that happened to an order the next seconds are played one by one
    (`Config.unrest`).
    """

    def __init__(self, gateway: Gateway, *, patience: float = 10.0) -> None:
        """Play this gateway; `start` begins."""
        self._gateway = gateway
        self._patience = patience
        self._begun = False
        self._asked = False
        self._timer: asyncio.TimerHandle | None = None
        self.lost_patience = 0
        self.done = asyncio.Event()

    def start(self) -> None:
        """Begin on the running loop."""
        self._gateway.on_listener = self._listened
        self._gateway.on_acknowledged = self._acknowledged

    def stop(self) -> None:
        """Play no further."""
        self._gateway.on_listener = None
        self._gateway.on_acknowledged = None
        self._tell_time()
        if self._timer is not None:
            self._timer.cancel()

    def _listened(self) -> None:
        self._begun = True
        self._consider()

    def _acknowledged(self, _: Session) -> None:
        self._consider()

    def _consider(self) -> None:
        if not self._asked:
            self._asked = True
            asyncio.get_running_loop().call_soon(self._go)

    def _go(self) -> None:
        self._asked = False
        if self._gateway.on_listener is None or not self._begun:
            return
        if self._waits():
            for one in self._gateway.lines:
                if not one.subscriptions:
                    one.tell_time()
                    one.flush()
            if self._timer is None and self._gateway.sessions:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._patience, self._lose_patience)
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._play()

    def _play(self) -> None:
        if self._gateway.breathe() or self._gateway.advance():
            self._consider()
        else:
            self._gateway.on_acknowledged = None
            self.done.set()

    def _tell_time(self) -> None:
        for one in self._gateway.lines:
            one.tell_time()
            one.flush()

    def _waits(self) -> bool:
        gateway = self._gateway
        if not gateway.is_up:
            return False
        listens = owes = False
        for one in gateway.lines:
            if one.is_held:
                return False
            if one.subscriptions:
                listens = True
                owes = owes or one.owes
        return owes if listens else not gateway.is_cut_off

    def _lose_patience(self) -> None:
        self._timer = None
        self.lost_patience += 1
        for one in self._gateway.lines:
            one.owes = False
        self._play()


class RealTime:
    """At real speed times `speed`, from the first client on; long gaps are skipped if wanted."""

    def __init__(self, gateway: Gateway, speed: float, *, skip_gaps: bool = False) -> None:
        """Play this gateway; `start` begins."""
        self._gateway = gateway
        self._speed = speed
        self._skip = skip_gaps
        self._anchor = (0.0, gateway.now)
        self._handle: asyncio.TimerHandle | None = None
        self.lost_patience = 0
        self.done = asyncio.Event()

    def start(self) -> None:
        """Begin when somebody is there."""
        self._gateway.on_connected = self._begin

    def stop(self) -> None:
        """Play no further."""
        self._gateway.on_connected = None
        self._gateway.clock = None
        if self._handle is not None:
            self._handle.cancel()

    def _begin(self) -> None:
        if self._handle is None:
            self._set_anchor()
            self._gateway.clock = self._clock
            self._wait()

    def _set_anchor(self) -> None:
        self._anchor = (asyncio.get_running_loop().time(), self._gateway.now)

    def _clock(self) -> float:
        wall, market = self._anchor
        return market + (asyncio.get_running_loop().time() - wall) * self._speed

    def _wait(self) -> None:
        following = self._gateway.next_at()
        if following is None:
            self.done.set()
            return
        if self._skip and following - self._gateway.now > _GAP:
            self._gateway.pass_time(following - 1)
            self._set_anchor()
        loop = asyncio.get_running_loop()
        wall, market = self._anchor
        self._handle = loop.call_at(wall + (following - market) / self._speed, self._play)

    def _play(self) -> None:
        self._gateway.step()
        self._wait()


class _Idle(selectors.DefaultSelector):
    """A selector that lets virtual time pass where the real one would wait."""

    idle: Callable[[float | None], bool]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        return [] if self.idle(timeout) else super().select(timeout)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock is the gateway's: nobody ever waits.

    When no callback is ready, the next thing happens at once: a timer of a client, or a step of the
    market, whichever is earlier. Clients need no handshake: the market goes on when they are
    idle. Work in threads is not seen; keep it out of such tests. The market begins when somebody
    listens, and stands still while nobody is connected unless `alone`.
    """

    def __init__(self, gateway: Gateway, *, alone: bool = False) -> None:
        """A loop for this gateway and its clients."""
        selector = _Idle()
        selector.idle = self._pass
        self._gateway = gateway
        self._start = gateway.now
        self._waited = 0.0
        super().__init__(selector)
        self._alone = alone
        self._begun = False
        self.is_paused = False

    def time(self) -> float:
        """Seconds of the market since the loop was made, and those it stood still.

        Counted from there because a clock of 1.7e9 seconds has no room for microseconds.
        """
        return self._gateway.now - self._start + self._waited

    def _pass(self, timeout: float | None) -> bool:
        """Let time pass to what comes next; False where nothing ever comes."""
        gateway = self._gateway
        market = gateway.next_at() if self._plays() else None
        if market is not None and (timeout is None or market - gateway.now <= timeout):
            gateway.step()
            return True
        if timeout is None:
            return False
        before = gateway.now
        if market is not None:
            gateway.pass_time(before + timeout)
        self._waited += timeout - (gateway.now - before)
        return True

    def _plays(self) -> bool:
        lines = self._gateway.lines
        self._begun = self._begun or any(one.subscriptions for one in lines)
        if self.is_paused or not self._begun:
            return False
        return bool(lines) or self._alone or not self._gateway.is_up
