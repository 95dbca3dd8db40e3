"""Live data on their way to who listens, and what spoils them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from adapters.gateway.wire import encode

if TYPE_CHECKING:
    from adapters.gateway.gateway import Gateway
    from adapters.gateway.session import Session
    from adapters.gateway.tape import Range, Tape
    from adapters.gateway.wire import Fields

_SPOILS: Final = (
    "missing-bar",
    "late-bar",
    "duplicate-bar",
    "old-bar",
    "wrong-bar",
    "frozen-price",
    "broken-frame",
)
"""The faults that are drawn anew for each bar, in this order."""


class Broadcast:
    """What every session that listens to a tape is told of its bar at hand."""

    def __init__(self, gateway: Gateway) -> None:
        """To the sessions of this gateway."""
        self._gateway = gateway
        self._spoilt: dict[str, dict[str, float]] = {}
        self._before: dict[str, Range] = {}

    def begin(self, tape: Tape) -> None:
        """A bar of a tape begins: draw what goes wrong with its live data."""
        gateway = self._gateway
        if gateway.config.faults:
            drawn = {name: gateway.hit(name) for name in _SPOILS}
            self._spoilt[tape.name] = {
                name: value for name, value in drawn.items() if value is not None
            }

    def open(self, tape: Tape) -> None:
        """Tell the bar's first price."""
        before = self._before.get(tape.name)
        if before is not None and "old-bar" in self._spoilt.get(tape.name, ()):
            self.tell(tape, before)
        assert tape.seen is not None
        self.tell(tape, tape.seen)

    def close(self, tape: Tape, bar: Range) -> None:
        """Tell the whole bar."""
        self.tell(tape, self._misread(tape, bar))
        self._before[tape.name] = bar

    def _misread(self, tape: Tape, bar: Range) -> Range:
        shift = self._spoilt.get(tape.name, {}).get("wrong-bar")
        if shift is None:
            return bar
        close = bar.close + int(shift)
        return replace(bar, close=close, high=max(bar.high, close))

    def tell(self, tape: Tape, seen: Range) -> None:
        """Tell the bar at hand as far as it has come."""
        spoilt = self._spoilt.get(tape.name)
        if self._is_blind(spoilt):
            return
        if spoilt and "frozen-price" in spoilt and (before := self._before.get(tape.name)):
            price = before.close
            seen = replace(seen, open=price, high=price, low=price, close=price, volume=0)
        for session in self._gateway.lines:
            for one in session.subscriptions.values():
                if one.tape is tape:
                    for frame in one.update(seen, self._gateway.now):
                        self._pass_on(session, frame, spoilt)

    def step(self, tape: Tape, part: Range) -> None:
        """Tell a 5-second bar that is over."""
        spoilt = self._spoilt.get(tape.name)
        if self._is_blind(spoilt):
            return
        for session in self._gateway.lines:
            for one in session.subscriptions.values():
                if one.tape is tape:
                    for frame in one.step(part):
                        self._pass_on(session, frame, spoilt)

    def _is_blind(self, spoilt: dict[str, float] | None) -> bool:
        if spoilt and "missing-bar" in spoilt:
            return True
        outages = self._gateway.outages
        return any(map(outages.is_down, ("link", "market-farm", "competing-session")))

    def _pass_on(self, session: Session, frame: Fields, spoilt: dict[str, float] | None) -> None:
        if not spoilt:
            session.send(frame)
            return
        if "broken-frame" in spoilt:
            session.send_raw(encode(frame[:-2]))
            return
        late = spoilt.get("late-bar")
        for _ in range(1 + ("duplicate-bar" in spoilt)):
            if late is None:
                session.send(frame)
            else:
                session.later(self._gateway.now + late, frame)
