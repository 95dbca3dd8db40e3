"""The connection of a run: lost and found again for ever, kept warm, and the pace of its time."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from adapters.ib.port import BrokerError, NoGateway, NotConnected, Unanswered
from adapters.live import connect
from adapters.live.alerts import Outage
from adapters.live.ending import Ending
from adapters.live.errors import CannotRun
from adapters.live.plan import check_login
from engine.live import words
from engine.live.commands import Level

if TYPE_CHECKING:
    from adapters.ib.port import Session
    from adapters.live.runner import Runner

_BEAT: Final = 30.0
_DATA_PAUSE: Final = 15.0
_LAST_TRIES: Final = 3
_LOOK: Final = 5.0
_SPINS: Final = 50
_NAP: Final = 0.005
_GLANCE: Final = 0.0005


@dataclass(slots=True)
class Wire:
    """How the connection stands: since when, how often it was tried since, and what is wrong."""

    is_up: bool = False
    since: int = 0
    attempts: int = 0
    trouble: str = ""


class Lifeline:
    """Keeps a run connected. Its stops work at the broker meanwhile; nothing else does."""

    def __init__(self, runner: Runner) -> None:
        """Not connected yet."""
        self._runner = runner
        self.wire = Wire(since=runner.clock.now())
        self._reconnecting: asyncio.Task[None] | None = None
        self._unsaid: words.LinkDown | None = None

    # --- lost and found -----------------------------------------------------------------------

    def is_up_again(self) -> None:
        """There is a connection."""
        self.wire = Wire(is_up=True, since=self._runner.clock.now())

    def down(self, word: words.LinkDown) -> None:
        """The link is down. A replay ends so, too: there it is only said once it was no end."""
        runner = self._runner
        if runner.plan.until_end and runner.is_replay and not runner.broker.is_connected:
            self._unsaid = word
        else:
            runner.take(word)

    def lost(self, why: str) -> None:
        """An answer did not come: what this connection says is not believed any more."""
        self._runner.take(words.LinkDown(self._runner.clock.now(), why))
        self.reconnect(why)

    def reconnect(self, why: str) -> None:
        """Connect anew, for as long as it takes."""
        self.wire = Wire(since=self._runner.clock.now(), trouble=why)
        self._runner.changed.set()
        if self._reconnecting is None or self._reconnecting.done():
            self._reconnecting = self._runner.run_beside(self._until_connected())

    async def _until_connected(self) -> None:
        runner = self._runner
        while not self.wire.is_up and not runner.is_over:
            session = await self._found()
            if self._unsaid is not None:
                runner.take(self._unsaid)
                self._unsaid = None
            runner.connected(session)
            self.is_up_again()
            runner.take(words.LinkUp(runner.clock.now(), data_kept=False))
            await self.follow()
            await self._know_hours()

    async def _know_hours(self) -> None:
        """Hours are told for a few dates: those of the coming ones, where the broker answers."""
        runner = self._runner
        assert runner.contract is not None
        with suppress(BrokerError):
            told = await runner.broker.contract(runner.plan.program.instrument)
            runner.contract = replace(runner.contract, sessions=told.sessions, regular=told.regular)

    async def _found(self) -> Session:
        """Try until there is a connection; somebody is told while there is none."""
        watching = self._runner.run_beside(self._watch())
        try:
            return await self._knock()
        finally:
            watching.cancel()

    async def _knock(self) -> Session:
        runner, pauses = self._runner, connect.pauses()
        while True:
            self.wire.attempts += 1
            try:
                above = runner.journal.books.highest_number
                session = await runner.broker.connect(above=above)
                check_login(runner.plan, session.account)
            except (BrokerError, CannotRun) as failed:
                self._is_still_lost(failed)
            else:
                return session
            await asyncio.sleep(next(pauses))

    def _is_still_lost(self, failed: Exception) -> None:
        runner, self.wire.trouble = self._runner, str(failed)
        if connect.lasting(failed) and self.wire.attempts == 1:
            runner.say(Level.ALARM, f"the gateway is there and cannot be used: {failed}")
        is_gone = isinstance(failed, NoGateway) and self.wire.attempts >= _LAST_TRIES
        if runner.plan.until_end and is_gone:
            runner.end(Ending.OVER)
        runner.changed.set()

    async def _watch(self) -> None:
        """By the loop's clock: a replayed one stands still meanwhile."""
        loop, outage = asyncio.get_running_loop(), Outage(self._runner.clock.now())
        began = loop.time()
        while True:
            await asyncio.sleep(_LOOK)
            passed = int((loop.time() - began) * 1000)
            if (due := outage.due(outage.since + passed)) is not None:
                self._runner.say(*due)

    # --- bars ---------------------------------------------------------------------------------

    async def follow(self) -> None:
        """Have bars come; while they are refused there are no entries, and it is tried again.

        On this connection: after another one it is for that one's `follow` to have them come once.
        """
        runner, wire = self._runner, self.wire
        assert runner.contract is not None
        while wire.is_up and wire is self.wire and not runner.is_over:
            since = None if runner.last_bar is None else runner.last_bar.minute
            minutes = runner.plan.program.bar_minutes
            try:
                await runner.broker.bars(runner.contract, minutes, since, runner.plan.feed)
            except Unanswered as failed:
                if wire is self.wire:
                    self.lost(f"no bars: {failed}")
                return
            except BrokerError as failed:
                runner.troubles.say("bars", str(failed))
            else:
                runner.troubles.say("bars", "")
                runner.take(words.Followed(runner.clock.now()))
                return
            await asyncio.sleep(_DATA_PAUSE)

    # --- time ---------------------------------------------------------------------------------

    async def beat(self) -> None:
        """Now and then ask for the time: the clocks are compared, and a dead line is noticed.

        Whether the run is over is asked here, too: waiting for an answer can swallow a
        cancellation (Python 3.11).
        """
        while not self._runner.is_over:
            await asyncio.sleep(_BEAT)
            if self.wire.is_up:
                await self._time()

    async def pulse(self) -> None:
        """Ask a replayed market for its time whenever there is nothing else to do.

        A gateway in lockstep plays on when it is asked, and answers behind the news; so nothing
        here is ever late, and no time is lost.
        """
        before = still = 0
        while not self._runner.is_over:
            await self._quiet()
            now = await self._time() if self.wire.is_up else None
            if now is None:
                await asyncio.sleep(_NAP)
                continue
            still = still + 1 if now == before else 0
            if still > _SPINS:  # it goes by its own speed: no need to ask that often
                await asyncio.sleep(_NAP)
            before = now
            await self._quiet()  # the news before the answer come first, and all they bring
            self._runner.clock.told(now * 1000)

    async def _time(self) -> int | None:
        """The broker's clock in seconds; None where it does not say: then it is lost."""
        try:
            return await self._runner.broker.server_time()
        except NotConnected:
            pass  # the connection says so itself
        except Unanswered as failed:
            if self.wire.is_up:
                self.lost(f"the gateway is silent: {failed}")
        return None

    async def _quiet(self) -> None:
        """Wait until nothing is under way."""
        spins = 0
        while not self._runner.is_over and not self._runner.is_idle:
            spins += 1
            await asyncio.sleep(0 if spins < _SPINS else _GLANCE)
