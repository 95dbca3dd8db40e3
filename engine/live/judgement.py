"""A snapshot, dealt with: what it tells is written down, then the table says what is done."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.live import words
from engine.live.commands import Level
from engine.live.entries import Again
from engine.live.family import Phase
from engine.live.holdings import OrderState
from engine.live.reconcile import ABANDONED, NOT_PLACED, Act, mismatches, verdict
from engine.live.situation import Situation, situation_of
from engine.live.standing import entry_is_over, living_of, refused_of, unheard_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.live.entries import Entries
    from engine.live.family import Family
    from engine.live.holdings import HeldOrder, Holdings
    from engine.live.identity import Leg
    from engine.live.page import Page
    from engine.live.positions import Positions
    from engine.live.reconcile import Verdict
    from engine.live.trader import Trader


class Judgement:
    """What a snapshot says of every family; what one snapshot does not know is not gone yet."""

    def __init__(self, page: Page, trader: Trader, entries: Entries, positions: Positions) -> None:
        """Without doubts."""
        self._page, self._trader = page, trader
        self._entries, self._positions = entries, positions
        self.doubts: dict[str, tuple[Situation, int]] = {}
        self._missing: dict[str, int] = {}
        self._mismatch_at: int | None = None

    def of(self, holdings: Holdings) -> None:
        """Deal with a snapshot."""
        self._take_note(holdings)
        self._add_up(holdings)
        for family in list(self._page.books.families.values()):
            self._judge(family, holdings)

    # --- taking note ------------------------------------------------------------------------

    def _take_note(self, holdings: Holdings) -> None:
        """Write down what the broker holds and did: executions first, then orders."""
        page = self._page
        for execution in holdings.executions:
            page.book(execution)
        said = {order.permanent for order in holdings.orders}
        for order in holdings.orders:
            known = page.family_of(order.ref) is not None
            if known and page.books.incarnations.get(order.permanent) != order:
                page.record(words.Told(page.at, order))
        for family in page.books.living:
            for _, order in living_of(page.books, family):
                if order.permanent not in said:
                    page.record(words.Told(page.at, _gone(order, family)))
            if family.phase is not Phase.SENDING:
                self._miss(family, holdings)

    def _miss(self, family: Family, holdings: Holdings) -> None:
        """Write off orders that were sent and that the broker does not know."""
        page = self._page
        there = {order.ref for order in holdings.orders}
        for ref in sorted(unheard_of(page.books, family) - there):
            due = self._due(family, ref)
            if page.at >= due:
                page.record(words.Refused(page.at, ref, 0, "the broker never had it"))
                page.write_off(family, ref, OrderState.LOST)
                self._missing.pop(ref, None)
            else:
                page.look(due)

    def _due(self, family: Family, ref: str) -> int:
        """When an order that is nowhere is believed lost: a second look, a while after the first.

        One of a group is sent again sooner, one from before a restart at once: should both be there
        after all, a fill of one cancels the other.
        """
        if any(one.order.group for one in family.asked if one.leg.ref == ref):
            sent = self._page.sent_at.get(ref)
            return self._page.at if sent is None else sent + self._patience(family)
        return self._missing.setdefault(ref, self._page.at) + self._patience(family)

    def _patience(self, family: Family) -> int:
        """How long an order may be nowhere; one that protects, not so long."""
        policy = self._page.policy
        return policy.armed_within if family.held > 0 else policy.second_look

    # --- the table --------------------------------------------------------------------------

    def _judge(self, family: Family, holdings: Holdings) -> None:
        """Do what the table says of a family."""
        name, situation = family.name, situation_of(family, holdings)
        self._positions.seen(name, exposed=situation is Situation.EXPOSED)
        if family.phase is Phase.DONE and situation is Situation.NOTHING:
            return
        found = verdict(family, holdings)
        if Act.ASK_AGAIN in found.acts and self._is_early(family, situation):
            return
        if _may_be_sent(found):
            again = self._entries.send_again(family, living_of(self._page.books, family))
            if again is Again.WAITS:
                self._seen_since(name, situation)
                self._page.look(self._page.at + self._page.policy.armed_within)
                return
            if again is Again.SENT:
                self.doubts.pop(name, None)
                return
        self.doubts.pop(name, None)
        if Act.SEND in found.acts:
            self._page.move(family, Phase.DONE, ABANDONED, situation)
        if found.phase is not None:
            self._page.move(family, found.phase, found.ending, situation)
        if found.phase is Phase.DONE:
            self._withdraw_unseen(family, found)
        self._act(family, found.acts, holdings)

    def _withdraw_unseen(self, family: Family, found: Verdict) -> None:
        """Have an entry cancelled of which no end was told: one that is held unseen goes, too."""
        books = self._page.books
        if found.ending == NOT_PLACED or not entry_is_over(books, family):
            sent = {
                one.leg.ref
                for one in family.asked
                if one.leg.role.opens and one.leg.ref in books.numbers
            }
            for ref in sent - refused_of(books, family):
                self._page.withdraw_unseen(ref)

    def _seen_since(self, name: str, situation: Situation) -> int:
        """Since when a family, which is doubted from now on, is seen in a situation."""
        before = self.doubts.get(name)
        if before is None or before[0] is not situation:
            self.doubts[name] = before = (situation, self._page.at)
        return before[1]

    def _is_early(self, family: Family, situation: Situation) -> bool:
        """Whether it is too early to believe it: the same has to be seen again, later."""
        page = self._page
        due = self._seen_since(family.name, situation) + self._patience(family)
        if page.at < due:
            page.look(due)
            return True
        return False

    def _act(self, family: Family, acts: tuple[Act, ...], holdings: Holdings) -> None:
        """All but `PROTECT`, which is what `Positions` does of itself."""
        page, living = self._page, list(holdings.living(family.name))
        if Act.LATCH in acts:
            page.latch(f"{family.signal.candidate} is not as the journal has it")
        if Act.FLATTEN in acts:
            page.move(family, Phase.CLOSING, "", "it has to go")
        if Act.CANCEL_ALL in acts:
            page.withdraw(order for leg, order in living if not _turns_back(family, leg, order))
        elif Act.CANCEL_ENTRY in acts:
            page.withdraw(order for leg, order in living if leg.role.opens)
        if Act.CANCEL_EXTRA in acts:
            page.withdraw(_extra(order for _, order in living))
        if Act.ALERT in acts:
            page.alert(
                Level.ALARM, f"{family.signal.candidate}: the broker holds what it should not"
            )

    # --- adding up --------------------------------------------------------------------------

    def _add_up(self, holdings: Holdings) -> None:
        """Compare the position with what the executions explain, and look for strangers."""
        page, contract = self._page, self._trader.contract
        families = page.books.families.values()
        ours = {asked.leg.ref for family in families for asked in family.asked}
        foreign = sum(
            order.contract == contract and order.ref not in ours and not order.state.is_over
            for order in holdings.orders
        )
        wrong = mismatches(families, holdings, (contract,))
        page.strangers = f"{foreign} orders of somebody else are there" if foreign else ""
        page.unexplained = "; ".join(
            f"our executions make {one.explained} contracts, the broker holds {one.held}"
            for one in wrong
        )
        for text in (page.strangers, page.unexplained):
            if text:
                page.alert(Level.ALARM, text)
        if not wrong:
            self._mismatch_at = None
        elif self._mismatch_at is None:
            self._mismatch_at = page.at
            page.look(page.at + page.policy.second_look)
        elif page.at - self._mismatch_at >= page.policy.second_look:
            page.latch(page.unexplained)


def _may_be_sent(found: Verdict) -> bool:
    """Whether a verdict has something sent before anything else, if it is not too late."""
    return found.ending == NOT_PLACED or not {Act.SEND, Act.COMPLETE}.isdisjoint(found.acts)


def _gone(order: HeldOrder, family: Family) -> HeldOrder:
    """An order that lived and that a snapshot does not know: filled, if its executions say so."""
    filled = sum(one.contracts for one in family.executions if one.ref == order.ref)
    state = OrderState.FILLED if filled >= order.contracts else OrderState.CANCELLED
    return replace(order, filled=max(filled, order.filled), state=state)


def _turns_back(family: Family, leg: Leg, order: HeldOrder) -> bool:
    """Whether an order brings back what went out beyond what had come in."""
    return family.held < 0 and not leg.role.opens and order.action is family.action


def _extra(orders: Iterable[HeldOrder]) -> list[HeldOrder]:
    """Incarnations beside the first of each reference."""
    first: dict[str, int] = {}
    return [
        order
        for order in sorted(orders, key=lambda one: one.permanent)
        if first.setdefault(order.ref, order.permanent) != order.permanent
    ]
