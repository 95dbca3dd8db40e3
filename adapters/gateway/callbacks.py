"""What clients are told of their orders and fills, as the faults leave it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from adapters.gateway import answers

if TYPE_CHECKING:
    from adapters.gateway.gateway import Gateway
    from adapters.gateway.orders import Execution, Order
    from adapters.gateway.session import Session
    from adapters.gateway.wire import Fields


class Callbacks:
    """The exchange's audience: passes its news to the clients they concern."""

    def __init__(self, gateway: Gateway) -> None:
        """To the sessions of this gateway."""
        self._gateway = gateway
        self._dice = Random(f"{gateway.config.seed}/shuffle")  # noqa: S311 - dice

    def changed(self, order: Order) -> None:
        """Tell the client of an order that it changed."""
        self._gateway.stir()
        session = self._owner(order)
        if session is not None:
            session.told(order)

    def withdrawn(self, order: Order, reason: str) -> None:
        """Tell the client of an order that it was cancelled."""
        self._gateway.stir()
        session = self._owner(order)
        if session is not None:
            session.send(answers.order_status(order))
            session.error(order.id, 202, f"Order Canceled - reason:{reason}")

    def share(self, order: Order) -> int:
        """All of an order that can be filled, unless a fault leaves some of it for later."""
        part = self._gateway.hit("partial-fill")
        if part is None or part >= order.left:
            return order.left
        order.wait_until = self._gateway.now + 1
        return max(1, int(part))

    def wakes(self, order: Order) -> bool:
        """Whether children are armed at once; a fault lets them sleep on."""
        gateway = self._gateway
        delay = gateway.hit("children-asleep")
        if delay is None:
            return True
        gateway.at(gateway.now + delay, lambda: gateway.exchange.wake_children(order))
        return False

    def executed(self, execution: Execution) -> None:
        """Tell the client of a fill, in the order that the faults leave it, and the positions."""
        self._gateway.stir()
        session = self._owner(execution.order)
        if session is not None:
            for frame in self._frames(session, execution):
                session.send(frame)
        shift = self._gateway.hit("correct-execution")
        if shift is not None:
            self._correct(session, execution, int(shift))
        self._moved(execution.order)

    def _frames(self, session: Session, execution: Execution) -> list[Fields]:
        hit = self._gateway.hit
        late = hit("late-commission")
        silent = hit("silent-commission") is not None
        frames = session.told_fill(execution, commission=late is None and not silent)
        if late is not None:
            session.later(self._gateway.now + late, answers.commission(execution))
        if hit("silent-fill") is not None:
            return []
        if hit("silent-status") is not None:
            frames = [frame for frame in frames if frame[0] != 3]
        if hit("duplicate-callbacks") is not None:
            frames = [frame for frame in frames for _ in range(2)]
        if hit("shuffle-callbacks") is not None:
            self._dice.shuffle(frames)
        return frames

    def _correct(self, session: Session | None, execution: Execution, shift: int) -> None:
        corrected = self._gateway.exchange.correct(execution, execution.price + shift)
        if session is not None:
            session.send(session.execution(-1, corrected))
            session.send(answers.commission(corrected))

    def _moved(self, order: Order) -> None:
        gateway = self._gateway
        if gateway.is_cut_off:
            return
        account = order.ticket.account
        position = gateway.exchange.accounts[account].positions[order.contract.con_id]
        for session in gateway.lines:
            session.bookkeeping.moved(account, position)

    def _owner(self, order: Order) -> Session | None:
        """The session an order's news go to; none while the link is cut."""
        gateway = self._gateway
        return None if gateway.is_cut_off else gateway.sessions.get(order.client)
