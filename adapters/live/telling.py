"""What happens in a live run, in words: a line for each event that is worth telling."""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from adapters.live.status import Said
from adapters.live.values import price_text
from dsl.quantities import plain
from engine.live import events as ev
from engine.live import words
from engine.live.family import Phase
from engine.live.identity import Role, leg_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.ir.program import Instrument
    from engine.domain.order import Order
    from engine.live.events import Event
    from engine.live.family import Family

ROLES: Final[Mapping[Role, str]] = {
    Role.ENTRY: "entry",
    Role.STOP: "stop",
    Role.TARGET: "target",
    Role.EXIT: "way out",
}
_KEPT: Final = 60


class Story:
    """Tells events in words, of one instrument; remembers the last lines."""

    def __init__(self, instrument: Instrument, *, monitor_only: bool = False) -> None:
        """Nothing has happened yet."""
        self._of = instrument
        self._sends = "would send" if monitor_only else "sends"
        self._families: dict[str, Family] = {}
        self._lines: deque[Said] = deque(maxlen=_KEPT)

    @property
    def lines(self) -> tuple[Said, ...]:
        """The last lines, newest first."""
        return tuple(reversed(self._lines))

    def heard(self, event: Event) -> str:
        """The line of an event, which is remembered; empty where it is not worth one."""
        self._remember(event)
        text = self._line(event)
        if text:
            self._lines.append(Said(event.at, "", text))
        return text

    def _remember(self, event: Event) -> None:
        """Families and what was executed of them, so that their result can be told."""
        if isinstance(event, ev.Planned):
            self._families[event.family.name] = event.family
        elif isinstance(event, words.Executed):
            leg = event.execution.leg
            family = self._families.get(leg.family) if leg else None
            if family is not None:
                self._families[family.name] = family.with_executions([event.execution])

    def _line(self, event: Event) -> str:
        match event:
            case ev.Planned(family=family):
                return self._planned(family)
            case words.Executed(execution=one):
                leg = leg_of(one.ref)
                name = ROLES[leg.role] if leg else "order"
                side = "bought" if one.action.sign > 0 else "sold"
                price = plain(Fraction(one.price))
                return f"{side} {one.contracts} {self._of.symbol} at {price} ({name})"
            case ev.Wanted(asked=asked):
                return f"{ROLES[asked.leg.role]}: {self.order(asked.order)}"
            case ev.Moved(family=name, phase=Phase.DONE, ending=ending, why=why):
                over = self._families.pop(name, None)
                who = name if over is None else over.signal.candidate
                return f"{who} is over: {ending or why}{self._result(over)}"
            case words.Refused(ref=ref, code=code, text=text):
                return f"{ref} is refused: {text} ({code})"
            case ev.Latched(reason=reason):
                return f"no more entries: {reason}"
            case ev.Unlatched(who=who, why=why):
                return f"{who} cleared the latch: {why}"
            case ev.Halted(who=who, why=why):
                return f"{who} halted the entries: {why}"
            case ev.Resumed(who=who, why=why):
                return f"{who} resumed the entries: {why}"
            case ev.LaidDown(strategy=strategy, why=why):
                return f"program {strategy[:12]} is laid down: {why}"
            case _:
                return ""

    def _planned(self, family: Family) -> str:
        orders = [one.order for one in family.asked]
        ways = ", ".join(self.order(order) for order in orders[1:])
        return f"{family.signal.candidate} {self._sends} {self.order(orders[0])}; {ways}"

    def _result(self, family: Family | None) -> str:
        """What a family brought before commissions, where it traded and is out."""
        if family is None or family.entered == 0 or family.held != 0:
            return ""
        paid = (-one.action.sign * one.contracts * one.price for one in family.executions)
        money = Fraction(sum(paid)) * self._of.multiplier
        return f", {'+' if money > 0 else ''}{plain(money)} {self._of.currency} gross"

    def order(self, order: Order) -> str:
        """An order in words, such as `sell 2 stop 25593`."""
        if order.price is None:
            return f"{order.action.value} {order.contracts} at the market"
        price = price_text(order.price, self._of.tick)
        return f"{order.action.value} {order.contracts} {order.kind.value} {price}"
