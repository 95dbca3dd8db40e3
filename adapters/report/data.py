"""The numbers a report's page draws from: trades, setups, the equity, and packed bars."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from adapters.report.drawings import Sketcher, remembered_by
from adapters.report.packing import compact, packed
from adapters.report.setups import Fate, Setup, setups_of
from adapters.report.windows import by_worth, chosen, columns_of, pieces_of
from dsl.ir.program import ENTRY, reasons
from dsl.quantities import plain
from engine.domain.clocks import wall_of
from engine.execution import records as out
from engine.execution.intents import SIDES
from engine.execution.records import Kind, reason_names
from engine.statistics.ledger import ledger_of

if TYPE_CHECKING:
    from adapters.report.windows import Piece
    from engine.domain.market import Ints
    from engine.run import Run
    from engine.statistics.ledger import Ledger

BARS: Final = 400_000
"""No more bars than this are tried at first."""

OTHERS: Final = 4000
"""So many setups without a trade are listed at most."""

POINTS: Final = 1200
"""The equity is drawn through so many points at most."""


@dataclass(frozen=True)
class PageData:
    """The data of one run's page."""

    run: Run

    @cached_property
    def ledger(self) -> Ledger:
        """The trades and the equity."""
        return ledger_of(self.run)

    @cached_property
    def setups(self) -> list[Setup]:
        """Every candidate."""
        return setups_of(self.run)

    @cached_property
    def wall(self) -> Ints:
        """What the strategy's day clock shows at the open of every bar, in wall minutes."""
        return wall_of(self.run.program.day.zone, self.run.market.minute)

    @cached_property
    def others(self) -> list[int]:
        """The numbers of the setups listed though they came to no trade, newest first."""
        untraded = [n for n in by_worth(self.setups) if self.setups[n].fate is not Fate.TRADED]
        return sorted(untraded[:OTHERS], reverse=True)

    @property
    def unlisted(self) -> int:
        """How many advanced setups without a trade are not listed."""
        advanced = sum(s.has_advanced and s.fate is not Fate.TRADED for s in self.setups)
        return advanced - len(self.others)

    def text(self, room: int) -> str:
        """The JSON in `room` characters, if that can be: for want of room fewer setups are drawn.

        Those go first that came to no trade, and the oldest first.
        """
        bars, budget = len(self.run.market), BARS
        while True:
            numbers = chosen(self.setups, bars, budget)
            found = compact(self._whole(pieces_of(self.setups, numbers, bars)))
            if len(found) <= room or not numbers:
                return found
            budget = min(budget, self._shown(numbers)) * 3 // 4

    def _shown(self, numbers: list[int]) -> int:
        bars = len(self.run.market)
        pieces = pieces_of(self.setups, numbers, bars)
        return sum((piece.stop - piece.first) // piece.size for piece in pieces)

    def _whole(self, pieces: list[Piece]) -> dict[str, Any]:
        shown = {
            number: [piece, place]
            for piece, held in enumerate(pieces)
            for place, number in enumerate(held.setups)
        }
        return {
            "meta": self._meta,
            "trades": self._trades(shown),
            "setups": self._others(shown),
            "curve": self._curve,
            "pieces": self._packed(pieces),
        }

    def _packed(self, pieces: list[Piece]) -> list[str]:
        setups, market = self.setups, self.run.market
        sketcher = Sketcher(self.run, self._remembered)
        return [
            packed(
                columns_of(market, self.wall, piece),
                {
                    "k": piece.size,
                    "g": [
                        sketcher.drawing(setups[number], piece.first, piece.size)
                        for number in piece.setups
                    ],
                },
            )
            for piece in pieces
        ]

    @cached_property
    def _remembered(self) -> Any:
        numbers = chosen(self.setups, len(self.run.market), BARS)
        return remembered_by(self.run, [self.setups[number] for number in numbers])

    @cached_property
    def _meta(self) -> dict[str, Any]:
        program = self.run.program
        instrument = program.instrument
        return {
            "tick": [instrument.tick.numerator, instrument.tick.denominator],
            "decimals": len(plain(instrument.tick).partition(".")[2]),
            "point": float(instrument.point),
            "currency": instrument.currency,
            "symbol": instrument.symbol,
            "minutes": self.run.market.bar_minutes,
            "zone": program.day.zone,
            "stages": [stage.name for stage in program.stages],
            "reasons": reasons(program),
            "exits": reason_names(program),
            "stops": [case.name for case in program.stops],
            "targets": [target.name for target in program.targets],
            "start": [rule.name for rule in program.start.when],
            "ways": [
                {way.to: [rule.name for rule in way.when] for way in stage.advance}
                for stage in program.stages
            ],
            "entry": ENTRY,
            "order": program.entry.order.value,
            "fates": [fate.value for fate in Fate],
        }

    def _trades(self, shown: dict[int, list[int]]) -> dict[str, list[Any]]:
        """A list of each column, trades in the order they closed."""
        trades, ledger = self.ledger.trades, self.ledger
        scale = ledger.money.scale
        of_trade = self._setup_of_trade
        exits = trades.exit_sum / trades.contracts
        multiples = [None if r != r else round(r, 3) for r in ledger.multiples.tolist()]  # noqa: PLR0124 - NaN
        where = [shown.get(number, [-1, -1]) for number in of_trade]
        return {
            "day": self.run.days.date[ledger.entry_day].tolist(),
            "side": trades.side.tolist(),
            "ordinal": [self.setups[number].ordinal for number in of_trade],
            "opened": self.wall[trades.entry_row].tolist(),
            "closed": self.wall[trades.exit_row].tolist(),
            "held": (trades.exit_row - trades.entry_row + 1).tolist(),
            "entry": trades.entry_price.tolist(),
            "exit": [round(price, 3) for price in exits.tolist()],
            "contracts": trades.contracts.tolist(),
            "risk": trades.risk_ticks.tolist(),
            "mae": trades.mae.tolist(),
            "mfe": trades.mfe.tolist(),
            "net": [round(net / scale, 6) for net in trades.net.tolist()],
            "paid": [round(paid / scale, 6) for paid in trades.commission.tolist()],
            "r": multiples,
            "reason": trades.reason.tolist(),
            "piece": [piece for piece, _ in where],
            "place": [place for _, place in where],
        }

    @cached_property
    def _setup_of_trade(self) -> list[int]:
        """The number of the setup that each trade came of."""
        intents = self.run.intents
        numbers = {(s.side.value, s.day, s.ordinal): n for n, s in enumerate(self.setups)}
        return [
            numbers[SIDES[intents.side[i]], int(intents.day[i]), int(intents.ordinal[i])]
            for i in self.ledger.trades.intent.tolist()
        ]

    def _others(self, shown: dict[int, list[int]]) -> dict[str, list[Any]]:
        """A list of each column, of the setups that came to no trade, newest first."""
        listed = [self.setups[number] for number in self.others]
        where = [shown.get(number, [-1, -1]) for number in self.others]
        fates, dates = list(Fate), self.run.days.date
        return {
            "day": [int(dates[one.day]) for one in listed],
            "side": [SIDES.index(one.side.value) for one in listed],
            "ordinal": [one.ordinal for one in listed],
            "opened": [int(self.wall[one.first]) for one in listed],
            "closed": [int(self.wall[one.last]) for one in listed],
            "reached": [one.reached for one in listed],
            "fate": [fates.index(one.fate) for one in listed],
            "reason": [one.reason for one in listed],
            "contracts": [self._planned(one) for one in listed],
            "piece": [piece for piece, _ in where],
            "place": [place for _, place in where],
        }

    @staticmethod
    def _planned(setup: Setup) -> int:
        """The contracts its intent was given; 0 where it had none."""
        intent = setup.record(Kind.INTENT)
        return intent[out.CONTRACTS] if intent else 0

    @cached_property
    def _curve(self) -> dict[str, Any]:
        """Wall minute, equity and deepest drawdown at points evenly spread over the bars."""
        ledger = self.ledger
        equity, start = ledger.equity, ledger.start / ledger.money.scale
        if not len(equity):
            return {"start": start, "at": [], "equity": [], "down": []}
        peak = np.maximum(np.maximum.accumulate(equity), ledger.start)
        down = (peak - equity) / peak
        stops = np.unique(np.linspace(0, len(equity), min(len(equity), POINTS) + 1).astype(int))
        deepest = np.maximum.reduceat(down, stops[:-1])
        last = stops[1:] - 1
        return {
            "start": start,
            "at": self.wall[last].tolist(),
            "equity": [round(units / ledger.money.scale, 2) for units in equity[last].tolist()],
            "down": [round(share, 5) for share in deepest.tolist()],
        }
