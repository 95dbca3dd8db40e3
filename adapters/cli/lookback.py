"""`engine compare SPEC --live`: a live journal beside the same program on official bars."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from adapters.calendars import ExchangeCalendars
from adapters.cli.figures import counted, when
from adapters.cli.reach import asked_of, journal_that_is
from adapters.cli.retold import record, show
from adapters.cli.screen import MISTAKE, Failure, print_json
from adapters.cli.workbench import SAMPLE, bars_for, compiled_for_data, folder_of, program_of, shown
from adapters.database.connect import address, told
from adapters.database.reader import JournalReader
from adapters.database.tables import Source
from adapters.events import event_lists
from dsl.ir.text import program_hash
from engine.domain.dates import date_begins
from engine.domain.market import Market
from engine.live.events import Stepped
from engine.live.hindsight import Said, looked_back
from engine.run import Strategy
from engine.window import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from adapters.cli.options import Choice
    from adapters.cli.reach import Reach
    from adapters.database.tables import BarRow
    from adapters.ib.connection import IbBroker
    from dsl.ir.program import Program
    from engine.domain.market import Ints
    from engine.live.events import Event
    from engine.live.hindsight import Hindsight

_KINDS: Final = ("stepped", "planned", "moved")
_EVER: Final = 1 << 40


@dataclass(frozen=True, slots=True)
class Traded:
    """What a journal has of one program on one contract."""

    contract: int
    steps: tuple[Stepped, ...]
    bars: tuple[BarRow, ...]
    official: tuple[BarRow, ...]

    @property
    def has_begun(self) -> bool:
        """Whether there is more than a warm-up."""
        is_lived = any(bar.source != Source.WARM_UP for bar in self.bars)
        return is_lived or any(step.records for step in self.steps)

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last minute that was traded."""
        live = [bar.minute for bar in self.bars if bar.source != Source.WARM_UP]
        return (live[0], live[-1]) if live else (self.steps[0].minute, self.steps[-1].minute)


@dataclass(frozen=True, slots=True)
class Look:
    """A hindsight with what a person should know about it."""

    program: Program
    name: str
    journal: str
    contract: int
    against: str
    seen: Hindsight

    @property
    def zone(self) -> str:
        """The clock that people read the strategy's times on."""
        return self.program.day.zone


def look_back(
    choice: Choice, named: str | None, day: date | None, reach: Reach | None, *, as_json: bool
) -> None:
    """Compare a journal with its replay and say what differs.

    Raises what `looks_back` raises.
    """
    looks = looks_back(choice, named, day, reach)
    if as_json:
        print_json(
            {"equal": all(look.seen.is_equal for look in looks), "runs": list(map(record, looks))}
        )
        return
    for look in looks:
        show(look)


def looks_back(
    choice: Choice, named: str | None, day: date | None = None, reach: Reach | None = None
) -> list[Look]:
    """A journal beside its replay, a hindsight a contract; `reach`: fetch the bars from there.

    Raises `Failure`, `DatabaseError`, `BrokerError`, `BadStrategy`, `DataError`.
    """
    where = journal_that_is(named)
    made, _ = compiled_for_data(choice)
    program = program_of(shown(choice.spec), made)
    with JournalReader.open(where) as journal:
        happened = [event for _, event in journal.events(kinds=_KINDS)]
        contracts = [one for one in _traded(journal, program, happened) if one.has_begun]
        if not contracts:
            raise _not_this(program, ())
    looks = [
        _look(
            choice,
            program,
            told(address(where)).removeprefix("sqlite:///"),
            traded,
            happened,
            day,
            reach,
        )
        for traded in contracts
        if day is None or _overlap(program, traded.span, day)
    ]
    if not looks:
        raise Failure(f"nothing was traded live on {day}", _dates_there(program, contracts))
    return looks


# --- what was traded ------------------------------------------------------------------------


def _traded(
    journal: JournalReader, program: Program, happened: Sequence[Event]
) -> Iterator[Traded]:
    """What the program traded, contract by contract."""
    steps = [event for event in happened if isinstance(event, Stepped)]
    mine = [step for step in steps if step.strategy == program_hash(program)]
    if not mine:
        raise _not_this(program, steps)
    for contract in dict.fromkeys(step.contract for step in mine):
        yield Traded(
            contract,
            tuple(step for step in mine if step.contract == contract),
            tuple(journal.bars(contract, 0, _EVER)),
            tuple(journal.official_bars(contract, 0, _EVER)),
        )


def _not_this(program: Program, steps: Sequence[Stepped]) -> Failure:
    others = sorted({step.strategy for step in steps})
    if not others:
        return Failure("no setup was decided in this journal yet", "there is nothing to compare")
    return Failure(
        f"the journal was not traded by this program ({program_hash(program)}) but by "
        f"{', '.join(others)}",
        "compare the file as it was then, with the same --set and --instrument, "
        "or name another --journal",
        MISTAKE,
    )


def _minutes_of(program: Program, day: date) -> tuple[int, int]:
    """The first and the last minute of a trading date."""
    number_ = (np.datetime64(day) - np.datetime64(0, "D")).astype(int)
    begins, ends = date_begins(program.day, np.array([number_, number_ + 1])).tolist()
    return begins, ends - 1


def _overlap(program: Program, span: tuple[int, int], day: date | None) -> tuple[int, int] | None:
    """What of a span lies on a trading date; all of it without one."""
    if day is None:
        return span
    begins, ends = _minutes_of(program, day)
    first, last = max(span[0], begins), min(span[1], ends)
    return (first, last) if first <= last else None


def _dates_there(program: Program, contracts: Sequence[Traded]) -> str:
    first = min(one.span[0] for one in contracts)
    last = max(one.span[1] for one in contracts)
    days = [when(minute, program.day.zone) for minute in (first, last)]
    return f"this program traded from {days[0]} to {days[1]} {program.day.zone}"


# --- against what ---------------------------------------------------------------------------


def _look(
    choice: Choice,
    program: Program,
    where: str,
    traded: Traded,
    happened: Sequence[Event],
    day: date | None,
    reach: Reach | None,
) -> Look:
    span = _overlap(program, traded.span, day)
    assert span is not None
    lived = _market(program, traded.bars) if traded.bars else None
    official, against = _official(choice, program, traded, span, reach)
    events: Mapping[str, Ints] = event_lists(program.events, folder_of(choice.spec))
    seen = looked_back(
        Strategy(program), ExchangeCalendars(), events, traded.steps, Said.of(happened),
        lived, official, span,
    )  # fmt: skip
    return Look(program, shown(choice.spec), where, traded.contract, against, seen)


def _official(
    choice: Choice,
    program: Program,
    traded: Traded,
    span: tuple[int, int],
    reach: Reach | None,
) -> tuple[Market, str]:
    """The bars to replay, and what they are; what lies before them is as it was lived."""
    if reach is not None:
        fetched = asked_of(reach.settings(), lambda broker: _fetched(broker, program, traded, span))
        return _spliced(program, traded.bars, fetched), f"history fetched from {reach.place}"
    if choice.data is not None:
        named = replace(choice, data=None) if choice.data == SAMPLE else choice
        market, described = bars_for(named, program.instrument)
        name = f"{described['name']}{' (SYNTHETIC)' if described['synthetic'] else ''}"
        if traded.bars and market.minute[0] > traded.bars[0].minute:
            return _spliced(program, traded.bars, market), name
        return market, name
    if not traded.official:
        raise Failure(
            "the journal has kept no bars of this contract", "say --data or --fetch for the bars"
        )
    revised = sum(bar.revision > 0 for bar in traded.official)
    return _market(program, traded.official), (
        f"the bars as the broker told them last ({counted(revised, 'revision')})"
    )


async def _fetched(
    broker: IbBroker, program: Program, traded: Traded, span: tuple[int, int]
) -> Market:
    contract = await broker.contract(program.instrument)
    if contract.number != traded.contract:
        raise Failure(
            f"{contract.local} ({contract.number}) is traded now, the journal is of contract "
            f"{traded.contract}",
            "give its bars from elsewhere: --data",
        )
    bars = await broker.fetch(contract, program.bar_minutes, span[0], span[1] + 1)
    if not bars:
        raise Failure("the gateway has no bars of these minutes", "give them with --data")
    return _market(program, bars)


def _market(program: Program, bars: Sequence[Any]) -> Market:
    """Bars as columns."""
    columns = (np.array([getattr(bar, name) for bar in bars], np.int64) for name in COLUMNS)
    return Market(program.instrument, program.bar_minutes, *columns)


def _spliced(program: Program, lived: Sequence[BarRow], official: Market) -> Market:
    """The official bars behind what was lived before them, and before what was after."""
    first, last = int(official.minute[0]), int(official.minute[-1])
    before = _market(program, [bar for bar in lived if bar.minute < first])
    after = _market(program, [bar for bar in lived if bar.minute > last])
    parts = (before, official, after)
    columns = (np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS)
    return Market(program.instrument, program.bar_minutes, *columns)
