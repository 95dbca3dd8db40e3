"""What is done about families between bars: positions as wished, entries that nobody wants."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from engine.domain.order import Order, OrderKind
from engine.live.commands import Level
from engine.live.family import Asked, Phase
from engine.live.floor import deal_of
from engine.live.identity import Leg, Role
from engine.live.protect import Naked, Remedy
from engine.live.standing import (
    entry_is_over,
    living_of,
    repairs_of,
    standing_of,
    unheard_of,
)
from engine.live.wanted import Wish, difference, sent_places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.live.family import Family
    from engine.live.page import Page
    from engine.live.trader import Trader

UNWANTED: Final = "the account does not want it"


class Positions:
    """Brings what lives at the broker to what is wanted; asked only after the broker answered."""

    def __init__(
        self, page: Page, trader: Trader, earlier: Mapping[str, Trader] | None = None
    ) -> None:
        """Nothing is known to be exposed yet. `earlier`: who leads what other programs opened."""
        self._page, self._trader = page, trader
        self._earlier = {} if earlier is None else earlier
        self._naked = Naked({})

    def seen(self, name: str, *, exposed: bool) -> None:
        """What a snapshot says of a family's stops."""
        if exposed:
            self._naked = self._naked.seen(name, self._page.at)
        else:
            self._naked = self._naked.over(name)

    def tend(self, name: str, *, bars_wait: bool) -> None:
        """Send and withdraw what is needed; with bars that wait, the account is not up to date."""
        family = self._page.books.families[name]
        if family.phase is Phase.DONE:
            return
        if family.held <= 0:
            if not bars_wait:
                self._withdraw_unwanted(family)
            self._turn_back(family)
            return
        self.refuses_fill(family)
        if self._leader(family).strategy != family.signal.strategy:
            self._page.alert(Level.WARNING, _left_behind(family))
        wish = self._wish(family, bars_wait=bars_wait)
        if wish.out:
            self._page.move(family, Phase.CLOSING, "", "its time is over")
        self._watch(name)
        family = self._page.books.families[name]
        self._change(family, replace(wish, out=family.phase is Phase.CLOSING))

    def _change(self, family: Family, wish: Wish) -> None:
        books = self._page.books
        found = difference(
            family,
            self._places(family),
            wish,
            standing_of(books, family, self._page.resting(family)),
        )
        for asked in found.sends:
            self._page.send_more(family, asked)
        self._page.withdraw(found.cancels)

    def _places(self, family: Family) -> tuple[int, ...]:
        """The parts of what it entered with, by its own program."""
        trader = self._leader(family)
        if trader.strategy == family.signal.strategy:
            return trader.places(family.entered)
        return sent_places(family)

    def _leader(self, family: Family) -> Trader:
        """The program that opened it, where that is here; else the one that trades now."""
        return self._earlier.get(family.signal.strategy, self._trader)

    def _wish(self, family: Family, *, bars_wait: bool) -> Wish:
        """What is wanted of a position: by the account where it knows it, else as it was sent."""
        trader, late = self._leader(family), self._is_late(family)
        intent = trader.intent(family.name)
        if intent is None:
            return Wish(_last_stop(family), _sent_targets(family), out=late)
        held, targets = trader.positions().get(intent), trader.targets(family)
        if held is not None:
            return Wish(held.stop, targets, out=bool(held.leaving) or late)
        known = bars_wait or intent in trader.waiting()
        return Wish(_last_stop(family), targets, out=late or not known)

    def _is_late(self, family: Family) -> bool:
        """Whether the clock ended the session that it must not outlive."""
        if family.until is None:
            return False
        return self._page.at >= family.until * 60_000 + self._page.policy.session_grace

    def outlives(self) -> bool:
        """Whether something that is ours is still there, and not leaving, after its session."""
        return any(
            family.phase is not Phase.CLOSING and self._is_late(family)
            for family in self._page.books.living
        )

    def _withdraw_unwanted(self, family: Family) -> None:
        """Withdraw an entry that nobody wants any more."""
        if family.phase not in {Phase.SENDING, Phase.WORKING}:
            return
        books, trader = self._page.books, self._leader(family)
        intent, late = trader.intent(family.name), self._is_late(family)
        wanted = not late and intent is not None and intent in trader.awaited()
        reason = books.latch or books.halt or ("" if wanted else UNWANTED)
        if reason:
            living = [order for _, order in living_of(books, family)]
            self._page.move(family, Phase.CLOSING, "", reason)
            self._page.withdraw(living)
            self._page.look(self._page.at + self._page.policy.armed_within)

    def _turn_back(self, family: Family) -> None:
        """More went out than came in: bring it back, at the market."""
        books = self._page.books
        back = {
            one.leg.ref
            for one in family.asked
            if one.order.action is family.action and not one.leg.role.opens
        }
        coming = back & (unheard_of(books, family) | self._page.resting(family))
        living = any(order.ref in back for _, order in living_of(books, family))
        if family.held == 0 or coming or living:
            return
        leg = Leg(family.name, Role.EXIT, 0, _attempts(family))
        order = Order(leg.ref, family.action, OrderKind.MARKET, -family.held)
        self._page.send_more(family, Asked(leg, order))

    def refuses_fill(self, family: Family) -> bool:
        """Whether the account refuses an entry that was filled; it is closed at once then."""
        page, trader = self._page, self._leader(family)
        intent = trader.intent(family.name)
        if intent is None or intent not in trader.waiting() or family.phase is Phase.CLOSING:
            return False
        if family.entered == 0 or not entry_is_over(page.books, family):
            return False
        tick = trader.program.instrument.tick
        reason = trader.refusal(intent, deal_of(family, family.executions, tick, final=True))
        if reason:
            page.move(family, Phase.CLOSING, "", reason)
        return bool(reason)

    def _watch(self, name: str) -> None:
        """Protect what is exposed; what cannot be protected is flattened, and latched first."""
        page, family = self._page, self._page.books.families[name]
        if name not in self._naked.since:
            return
        page.look(page.at + page.policy.armed_within)
        if family.phase is Phase.CLOSING:
            return
        failed = repairs_of(page.books, family)
        remedy = self._naked.remedy(name, page.at, failed, page.policy.flatten_after)
        if remedy is Remedy.FLATTEN:
            page.latch(f"{family.signal.candidate} could not be protected")
            page.move(family, Phase.CLOSING, "", "it could not be protected")


def _left_behind(family: Family) -> str:
    """What becomes of a position that another program opened."""
    end = (
        "until one of them is filled"
        if family.until is None
        else "at the latest to its session's end"
    )
    return (
        f"{family.signal.candidate} was opened by program {family.signal.strategy[:12]}, and now "
        f"another one runs: its last stop and its targets stay, {end}, and nothing enters before"
    )


def _attempts(family: Family) -> int:
    """The attempt of its next way out in the first place."""
    legs = [one.leg for one in family.asked]
    mine = [leg.attempt for leg in legs if leg.role is Role.EXIT and leg.number == 0]
    return max(mine, default=-1) + 1


def _last_stop(family: Family) -> int:
    """Where the stop was last sent."""
    price = [one.order.price for one in family.asked if one.leg.role is Role.STOP][-1]
    assert price is not None
    return price


def _sent_targets(family: Family) -> dict[int, int]:
    """The prices of the targets as they were sent, by number."""
    return {
        one.leg.number: one.order.price
        for one in family.asked
        if one.leg.role is Role.TARGET and one.order.price is not None
    }
