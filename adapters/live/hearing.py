"""What the broker says, on its way to the desk: words that are not the desk's become such."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from adapters.database.errors import DatabaseError
from adapters.database.tables import Source
from adapters.ib.port import (
    BarLate,
    BarRevised,
    Disconnected,
    Doubt,
    FiguresTold,
    Integrity,
    PositionTold,
)
from adapters.live.dates import rolls
from adapters.live.ending import Ending
from engine.live import words
from engine.live.commands import Level

if TYPE_CHECKING:
    from adapters.ib.port import Bar, BrokerWord
    from adapters.live.bars import BarKeeper
    from adapters.live.runner import Runner
    from adapters.live.warmup import Prepared

_SAID_AGAIN: Final = 10_000
_REMEMBERED: Final = 50
_CLOCKS_PART: Final = 2_000
"""Milliseconds between the clocks that a person is told of; `Policy.skew` keeps entries back."""


class Hearing:
    """Hears a broker on behalf of a run."""

    def __init__(self, runner: Runner, keeper: BarKeeper, made: Prepared) -> None:
        """After a warm-up, which may have been too short: then bars are counted on."""
        self._runner, self.keeper = runner, keeper
        self._noticed: dict[str, int] = {}
        self._warm: list[Any] = list(made.bars) if made.short else []
        self._is_enough = made.is_enough if made.short else None
        self._began_rolled = self._is_rolling

    async def listen(self) -> None:
        """Hear everything, for ever."""
        async for word in self._runner.broker.events():
            self.hear(word)

    def hear(self, word: BrokerWord) -> None:
        """A word of the broker."""
        runner = self._runner
        match word:
            case words.BarClosed():
                self.bar(word)
            case words.Data(trouble=trouble):
                runner.troubles.say("", trouble)
            case words.Notice(code=code, text=text, ref=ref):
                self._notice(code, text, ref)
            case words.LinkDown(why=why):
                runner.wire.trouble = why
                runner.lifeline.down(word)
            case words.Clock():
                self._clock(word)
            case Disconnected(why=why):
                runner.lifeline.reconnect(why)
            case FiguresTold(figures=figures):
                runner.tell_equity(figures)
            case PositionTold(contract=number, contracts=held):
                self._position(number, held)
            case Doubt(ref=ref, code=code, why=why):
                self._notice(code, why, ref or "?")
            case Integrity(what=what):
                self._notice(0, what, "?")
            case BarLate(bar=bar):
                self._notice(0, f"a bar came too late: {bar}")
                self._told_later(bar, Source.LATER)
            case BarRevised(was=was, now=now):
                self._notice(0, f"a bar was revised: {was} is now {now or 'none'}")
                self._told_later(now or was, Source.LATER if now else Source.GONE)
            case _:
                runner.take(word)

    # --- bars ---------------------------------------------------------------------------------

    def bar(self, bar: words.BarClosed, *, known: bool = False) -> None:
        """A closed bar. `known`: the journal has it."""
        runner = self._runner
        runner.clock.told((bar.minute + runner.plan.program.bar_minutes) * 60_000)
        runner.last_bar = bar = replace(bar, at=runner.clock.now())
        runner.bars_seen += 1
        try:
            if not known:
                self.keeper.keep(bar)
        except DatabaseError as fault:
            runner.fail(fault)
            return
        if self._is_enough is not None:
            self._warm.append(bar)
            if self._is_enough(self._warm):
                self._is_enough, self._warm = None, []
                runner.troubles.say("warm-up", "")
        runner.take(bar)
        if self._is_rolling and not self._began_rolled:
            self._leave_contract()

    def _told_later(self, bar: Bar, source: Source) -> None:
        """What the broker tells otherwise by now: for looking back, the strategy has decided."""
        try:
            self.keeper.told_later(bar, source)
        except DatabaseError as fault:
            self._runner.fail(fault)

    @property
    def _is_rolling(self) -> bool:
        contract = self._runner.contract
        return contract is not None and rolls(contract, self._runner.clock.now())

    def _leave_contract(self) -> None:
        """From its roll on a contract is only traded until nothing of ours is open in it."""
        runner = self._runner
        assert runner.contract is not None
        assert runner.desk is not None
        name = runner.contract.local
        if runner.journal.books.living or runner.desk.leading or runner.desk.trader.is_busy:
            runner.troubles.say("roll", f"{name} rolls: nothing new is opened in it")
        else:
            runner.say(Level.NOTE, f"{name} rolls: the next contract is traded")
            runner.end(Ending.ROLLED)

    # --- the rest -----------------------------------------------------------------------------

    def _notice(self, code: int, text: str, ref: str = "") -> None:
        """Written down, once in a while; with a reference the broker is asked how things are."""
        now, key = self._runner.clock.now(), f"{code} {ref} {text}"
        if now - self._noticed.get(key, -_SAID_AGAIN) < _SAID_AGAIN:
            return
        if len(self._noticed) > _REMEMBERED:
            self._noticed.clear()
        self._noticed[key] = now
        self._runner.take(words.Notice(now, code, text, ref))

    def _clock(self, word: words.Clock) -> None:
        """The clocks were compared; a replayed market's is ours by agreement."""
        if self._runner.is_replay:
            return
        if abs(word.ahead) > _CLOCKS_PART:
            apart = f"{word.ahead / 1000:+.1f} s"
            text = f"the broker's clock is {apart} from ours: set this computer's"
            self._runner.say(Level.WARNING, text)
        self._runner.take(word)

    def _position(self, number: int, held: int) -> None:
        """What is held of our contract: something else than we know of is a reason to ask."""
        contract, families = self._runner.contract, self._runner.journal.books.families.values()
        ours = sum(family.position for family in families if family.contract == number)
        if contract is not None and number == contract.number and held != ours:
            self._notice(0, f"the broker holds {held} contracts, we know of {ours}", "position")
