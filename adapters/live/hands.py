"""Carrying out what the desk wants sent, in its order; what may not be sent is said instead."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from adapters.ib.port import BrokerError, NotConnected
from engine.live.commands import Cancel, Level, Send

if TYPE_CHECKING:
    from adapters.ib.port import Broker, ContractInfo, Margins

NO_MARGIN = 201
"""The code under which a broker refuses an order that the account cannot bear."""


class Owner(Protocol):
    """Who is told what became of a wish, before the broker says anything."""

    def refused(self, order: Send, code: int, text: str) -> None:
        """An order is not sent at all."""
        ...

    def withheld(self, what: Send | Cancel) -> None:
        """It is only watched: this would have been sent."""
        ...

    def alarm(self, level: Level, text: str) -> None:
        """Tell a person."""
        ...


@dataclass(slots=True)
class Hands:
    """Sends and cancels. The first entry of a trading date waits for a word on its margin."""

    broker: Broker
    contract: ContractInfo
    owner: Owner
    monitor_only: bool = False
    _waiting: deque[tuple[str, Send | Cancel]] | None = None
    _margin_of: str = ""
    _task: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits to be sent."""
        return self._task is None

    def carry_out(self, date: str, what: Send | Cancel) -> None:
        """Send or cancel, now or behind what waits. `date` is the trading date."""
        if self.monitor_only:
            self.owner.withheld(what)
        elif self._waiting is not None:
            self._waiting.append((date, what))
        elif isinstance(what, Send) and what.leg.role.opens and date != self._margin_of:
            self._waiting = deque([(date, what)])
            self._task = asyncio.get_running_loop().create_task(self._see_margin())
        else:
            self._do(what)

    def stop(self) -> None:
        """Send nothing more."""
        if self._task is not None:
            self._task.cancel()
        self._task = self._waiting = None

    def _do(self, what: Send | Cancel) -> None:
        try:
            if isinstance(what, Send):
                self.broker.send(what, self.contract)
            else:
                self.broker.cancel(what)
        except NotConnected:
            pass  # the connection says so itself, and what is not there is seen in the next answer
        except BrokerError as failed:
            self.owner.alarm(Level.ALARM, str(failed))
            if isinstance(what, Send):
                self.owner.refused(what, 0, str(failed))

    async def _see_margin(self) -> None:
        """Ask what the entry at the head would need; then do everything that waits."""
        assert self._waiting is not None
        date, entry = self._waiting[0]
        assert isinstance(entry, Send)
        try:
            why_not = lacking(await self.broker.what_if(entry, self.contract))
        except NotConnected:
            why_not = "the connection was lost before it was sent"
        except Exception as failed:  # noqa: BLE001 - whatever it is, exits may not wait behind it
            why_not = f"its margin is not known: {str(failed) or type(failed).__name__}"
        waiting, self._waiting, self._task = self._waiting, None, None
        if not why_not:
            self._margin_of = date
        else:
            self.owner.alarm(Level.WARNING, f"an entry is not sent: {why_not}")
        late = {what.ref for _, what in waiting if isinstance(what, Cancel) and not what.permanent}
        given_up = {ref.partition(":")[0] for ref in late}
        for _, what in waiting:
            if isinstance(what, Send) and what.leg.family in given_up:
                continue  # the word came too late: they are taken for not placed
            if why_not and isinstance(what, Send) and what.leg.family == entry.leg.family:
                self.owner.refused(what, NO_MARGIN, why_not)
            else:
                self._do(what)


def lacking(margins: Margins) -> str:
    """Why an account cannot bear an order, by the broker's own reckoning; empty: it can."""
    after, equity = margins.initial_after, margins.equity_after
    if after is None or equity is None:
        return "the broker does not say what margin it needs"
    if after > equity:
        return f"it needs {after} of margin, and the account has {equity}"
    return ""
