"""Closed bars of one contract, live: the subscription around the assembler.

What is missing is fetched before anything later is given out, however long that takes. What was
given out is compared with IB's own history afterwards. After the link was down everything is
subscribed anew.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, Final, Protocol

from adapters.ib.assembler import Assembler, Closed, Late, Quiet, Revised, Wanted
from adapters.ib.contracts import WHAT
from adapters.ib.history import Trouble, bar_of, made, ticks_of, trouble_of, volume_of
from adapters.ib.port import (
    BarLate,
    BarRevised,
    BrokerError,
    DataRefused,
    FeedKind,
    NotConnected,
    RequestRefused,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from adapters.ib.assembler import Outcome
    from adapters.ib.port import Bar, BrokerWord, ContractInfo
    from engine.live.meanwhile import Making

_MARGIN: Final = 2
"""Seconds by which our idea of the broker's clock may be behind it."""

_PAUSES: Final = (2.0, 5.0, 10.0, 30.0)
"""Seconds before a failed request is made again."""

_STALE: Final = 3


@dataclass(frozen=True, slots=True)
class Manner:
    """How bars are followed.

    `grace`: seconds after a bar's close for which its last words are waited for; None: the market's
    clock is not ours, so a bar is only over when there is a later one; if none was heard though
    that clock was told to be past the close, history is looked into for it. `words`: a bar of
    which fewer different ones were heard is taken from history. `verify`: after so many bars they
    are compared with history; 0: never.
    """

    grace: float | None = 3.0
    words: int = 2
    verify: int = 5


class Source(Protocol):
    """What a feed needs of its connection."""

    def clock(self) -> float:
        """The broker's clock, in seconds since the epoch; never ahead of it by much."""
        ...

    def now(self) -> int:
        """Our clock, in milliseconds."""
        ...

    def say(self, word: BrokerWord) -> None:
        """Let a word come out."""
        ...

    def trouble(self, what: str, text: str) -> None:
        """Say what is wrong with a part of the data."""
        ...

    def broken(self, what: str) -> None:
        """Say that something could not be understood."""
        ...

    async def fetch(
        self, contract: ContractInfo, bar_minutes: int, since: int, until: int
    ) -> list[Bar]:
        """The bars of some minutes, out of history."""
        ...

    async def latest(self, contract: ContractInfo, bar_minutes: int) -> list[Bar]:
        """The last few bars of history, with the one at hand as far as it has come."""
        ...

    async def subscribe(self, feed: Feed) -> Iterable[Any]:
        """Let a feed hear its data; the bars that came as the first answer."""
        ...

    def unsubscribe(self, feed: Feed) -> None:
        """Let a feed hear no more."""
        ...


class Feed:
    """Live bars. `start` subscribes; from then on bars are said as they close, until `stop`."""

    def __init__(
        self,
        source: Source,
        contract: ContractInfo,
        bar_minutes: int,
        since: int,
        kind: FeedKind,
        manner: Manner,
    ) -> None:
        """Bars that open after minute `since`."""
        self.contract = contract
        self.bar_minutes = bar_minutes
        self.kind = kind
        self.request = 0
        self._source = source
        self._manner = manner
        self._assembler = Assembler(
            bar_minutes,
            since,
            is_shut=contract.closed_throughout,
            grace=manner.grace or 0.0,
            words=manner.words,
        )
        self._asking = 0
        self._heard_early: list[tuple[str, Any]] | None = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._unverified: list[Bar] = []
        self._stopped = False
        self._renewing = False
        self._outdated = False
        self._frozen = 0
        self._told = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether an answer is waited for without which no further bar is given out."""
        return self._asking > 0

    @property
    def making(self) -> Making | None:
        """What has traded since the last closed bar; None where that is not known."""
        is_followed = self._heard_early is None and not (self._stopped or self._renewing)
        return self._assembler.making if is_followed else None

    async def start(self) -> None:
        """Subscribe; raises `DataRefused`, `RequestRefused` or `Unanswered`."""
        self._heard_early = []
        self._asking += 1
        try:
            first = list(await self._source.subscribe(self))
        finally:
            self._asking -= 1
        self._take(self._assembler.listening(self._source.clock() + _MARGIN))
        self._take(self._assembler.hear_history(bar_of(self.contract, told) for told in first))
        early, self._heard_early = self._heard_early, None
        for kind, told in early:
            self._hear(kind, told)
        self._source.trouble("feed", "")
        self._set_timer()

    def stop(self) -> None:
        """Hear no more; nothing is given out from here on."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        self._source.unsubscribe(self)

    # --- what is heard (line.Listener) ------------------------------------------------------

    def heard(self, kind: str, told: Any) -> None:
        """A bar, a step or a tick of the subscription."""
        if self._stopped:
            return
        if self._heard_early is not None:
            self._heard_early.append((kind, told))
            return
        self._hear(kind, told)
        self._set_timer()

    def _hear(self, kind: str, told: Any) -> None:
        try:
            outcomes = self._understood(kind, told)
        except (ValueError, TypeError, ArithmeticError) as nonsense:
            self._source.broken(f"market data: {nonsense}")
            self._assembler.doubt()
            return
        self._take(outcomes)

    def _understood(self, kind: str, told: Any) -> list[Outcome]:
        instrument = self.contract.instrument
        if kind == "bar":
            bar = bar_of(self.contract, told)
            return self._assembler.hear_bar(bar, self._source.clock())
        if kind == "step":
            second, opened, high, low, close, volume, *_ = told
            prices = (opened, high, low, close)
            return self._assembler.hear_step(
                int(second), made(self.contract, int(second), prices, volume)
            )
        second, price, size = told
        return self._assembler.hear_tick(
            int(second), ticks_of(instrument, price), volume_of(instrument, size)
        )

    def failed(self, code: int, text: str) -> None:
        """The subscription is refused or ended by the broker: subscribe again after a while."""
        self._source.trouble("feed", f"{self.contract.local}: {text} ({code})")
        self._renew()

    def interrupted(self) -> None:
        """The link was down: what was heard is not trusted; the broker may have forgotten us."""
        self._renew()

    def missed(self) -> None:
        """Something was said that could not be read: it may have been about these bars."""
        self._assembler.doubt()

    # --- what comes of it -------------------------------------------------------------------

    def _take(self, outcomes: Iterable[Outcome]) -> None:
        for one in outcomes:
            now = self._source.now()
            if isinstance(one, Closed):
                self._source.trouble("quiet", "")
                self._look_for_ice(one.heard or one.bar)
                self._source.say(one.bar.told(now))
                self._verify_later(one.bar)
            elif isinstance(one, Wanted):
                self._run(self._fill(one))
            elif isinstance(one, Late):
                self._source.say(BarLate(now, one.bar))
            elif isinstance(one, Revised):
                self._source.say(BarRevised(now, one.was, one.now))
            elif isinstance(one, Quiet):
                self._quiet(one.times)

    def _look_for_ice(self, bar: Bar) -> None:
        """Bars that repeat a price without a trade are no market."""
        traded = bar.volume or bar.low < bar.high or self.contract.kind in WHAT
        self._frozen = 0 if traded else self._frozen + 1
        words = f"{self.contract.local}: {self._frozen} bars in a row without a trade"
        self._source.trouble("frozen", words if self._frozen >= _STALE else "")

    def _quiet(self, times: int) -> None:
        if times >= _STALE:
            minutes = times * self.bar_minutes
            words = f"{self.contract.local}: no bar for {minutes} minutes in open hours"
            self._source.trouble("quiet", words)

    async def _fill(self, wanted: Wanted) -> None:
        """Ask history until it answers: nothing later is given out before."""
        bars = await self._persistently(wanted)
        if bars is None or self._stopped or self._assembler.wanted != wanted:
            return
        self._source.trouble("hole", "")
        self._take(self._assembler.answered(wanted, bars))
        self._set_timer()

    async def _persistently(self, wanted: Wanted) -> list[Bar] | None:
        """The bars, once history has them; None where they are not wanted any more."""
        for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
            try:
                return await self._fetched(wanted.since, wanted.until)
            except NotConnected:
                return None
            except BrokerError as failed:
                words = f"{self.contract.local}: a hole is not filled: {failed}"
                self._source.trouble("hole", words)
            await asyncio.sleep(pause)
            if self._assembler.wanted != wanted:
                break
        return None

    async def _fetched(self, since: int, until: int) -> list[Bar]:
        self._asking += 1
        try:
            return await self._source.fetch(self.contract, self.bar_minutes, since, until)
        except RequestRefused as refused:
            if trouble_of(refused) is Trouble.NOTHING:
                return []
            raise
        finally:
            self._asking -= 1

    def _renew(self) -> None:
        self._outdated = True
        if not self._renewing and not self._stopped:
            self._renewing = True
            self._source.unsubscribe(self)
            self._run(self._start_again())

    async def _start_again(self) -> None:
        """Subscribe until it works."""
        pauses = chain(_PAUSES, repeat(_PAUSES[-1]))
        while self._outdated:
            self._outdated = False
            try:
                await self.start()
            except NotConnected:
                return
            except BrokerError as failed:
                self._source.trouble("feed", f"{self.contract.local}: no live bars: {failed}")
                await asyncio.sleep(next(pauses))
                self._outdated = True
        self._renewing = False

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._source.broken(f"market data: {task.exception()!r}")

    # --- the clock --------------------------------------------------------------------------

    def _set_timer(self) -> None:
        """Look at the clock when the bar in the making should be over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._assembler.due()
        if due is None or self._manner.grace is None or self._stopped:
            return
        seconds = max(0.05, due - self._source.clock())
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._heard_early is None and not self._stopped:
            self._take(self._assembler.passed(self._source.clock()))
            self._set_timer()

    def clock_told(self, seconds: float) -> None:
        """The broker has told its clock, and before it everything else that there was to say.

        A market that goes by that clock alone does not wait: what it has not told by then of the
        bar that should be over, or of the one behind it, is looked up at once.
        """
        due, told = self._assembler.due(), self._told
        self._told = seconds
        if self._manner.grace is not None or self._heard_early is not None or self._stopped:
            return
        if due is not None and seconds >= due and seconds != told:
            self._asking += 1
            self._run(self._look_up())

    async def _look_up(self) -> None:
        """Hear what history has by now; the clock alone closes nothing, for it may be wrong."""
        try:
            bars = await self._source.latest(self.contract, self.bar_minutes)
        except BrokerError:
            return  # the next word will tell
        finally:
            self._asking -= 1
        if self._heard_early is None and not self._stopped:
            self._take(self._assembler.hear_history(bars))

    # --- afterwards -------------------------------------------------------------------------

    def _verify_later(self, bar: Bar) -> None:
        if not self._manner.verify:
            return
        self._unverified.append(bar)
        # the last one is left for the next time: history may not have settled it yet
        if len(self._unverified) > self._manner.verify:
            since, until = self._unverified[0].minute, self._unverified[-1].minute
            del self._unverified[:-1]
            self._run(self._verify(since, until))

    async def _verify(self, since: int, until: int) -> None:
        try:
            bars = await self._source.fetch(self.contract, self.bar_minutes, since, until)
        except BrokerError:
            return  # no harm: nothing rests on it
        if not self._stopped:
            self._take(self._assembler.compare(since, until, bars))


def refused_for(failed: RequestRefused, contract: ContractInfo) -> DataRefused:
    """What to tell a person whose data are not live."""
    return DataRefused(
        f"IB gives no live market data for {contract.local} ({failed.text}): subscribe to them for "
        "this user, close other sessions of it, or share them with the paper account; "
        "nothing is traded on delayed data"
    )
