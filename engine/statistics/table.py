"""Statistics in words: tables of (label, value) for a terminal or a page, na where undefined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from engine.statistics.results import Results
    from engine.statistics.statistics import OpenPosition, Statistics

NA: Final = "na"
"""What stands where a figure is not defined."""

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Figures that belong together, under a title."""

    title: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class Split:
    """The same figures for each of some parts: `rows` of one text for each of `head`."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def money(amount: Decimal | None, currency: str = "") -> str:
    """An amount with thousands apart: `-1,234.50 USD`."""
    return NA if amount is None else f"{amount:,f} {currency}".rstrip()


def percent(share: float | None, places: int = 1) -> str:
    """A share as percent: `12.5 %`."""
    return NA if share is None else f"{_rounded(100 * share, places):,.{places}f} %"


def number(value: float | None, places: int = 2) -> str:
    """A number with thousands apart."""
    return NA if value is None else f"{_rounded(value, places):,.{places}f}"


def multiple(value: float | None) -> str:
    """A multiple of the risk: `+1.25 R`."""
    return NA if value is None else f"{_rounded(value, 2):+,.2f} R"


def _rounded(value: float, places: int) -> float:
    """So rounded; never minus zero."""
    return round(value, places) + 0.0


def groups(statistics: Statistics) -> tuple[Group, ...]:
    """Every figure but the splits, in the order people ask for them."""
    found = (
        Group("Result", _result(statistics)),
        Group("Trades", _trades(statistics)),
        Group("Risk and return", _risk(statistics)),
        Group("Excursions and activity", _activity(statistics)),
    )
    if not statistics.open_positions:
        return found
    rows = tuple(_open(one, statistics.currency) for one in statistics.open_positions)
    return (*found, Group("Open at the end of the data, in no figure of trades", rows))


def splits(statistics: Statistics) -> tuple[Split, ...]:
    """The trades by side, by weekday and by hour; those without any trade are left out."""
    parts: tuple[tuple[str, str, Mapping[str, Results]], ...] = (
        ("By side", "side", statistics.sides),
        ("By weekday of the trading date", "weekday", statistics.weekdays),
        (f"By hour of the entry ({statistics.zone})", "hour", statistics.hours),
    )
    head = ("trades", "win rate", "net", "average R", "profit factor")
    return tuple(
        Split(title, (name, *head), tuple(_line(key, one) for key, one in made.items()))
        for title, name, made in parts
        if made
    )


def _line(name: str, results: Results) -> tuple[str, ...]:
    return (
        name,
        f"{results.trades:,}",
        percent(results.win_rate),
        money(results.net),
        multiple(results.expectancy_r),
        number(results.profit_factor),
    )


def _result(statistics: Statistics) -> Rows:
    one, currency = statistics.all, statistics.currency
    return (
        ("starting equity", money(statistics.start, currency)),
        ("final equity", money(statistics.equity, currency)),
        ("total return", percent(statistics.returns.total, 2)),
        ("net of closed trades", money(one.net, currency)),
        ("gross", money(one.gross, currency)),
        ("commission", money(one.commission, currency)),
        ("profit factor", number(one.profit_factor)),
        ("expectancy", money(one.expectancy, currency)),
        ("expectancy in R", multiple(one.expectancy_r)),
    )


def _trades(statistics: Statistics) -> Rows:
    one, currency = statistics.all, statistics.currency
    even = f", {one.even:,} even" if one.even else ""
    return (
        ("trades", f"{one.trades:,}"),
        ("won, lost", f"{one.wins:,}, {one.losses:,}{even}"),
        ("win rate", percent(one.win_rate)),
        ("average win", money(one.average_win, currency)),
        ("average loss", money(one.average_loss, currency)),
        ("payoff (win / loss)", number(one.payoff)),
        ("median R", multiple(one.median_r)),
        ("best trade", _both(one.best, one.best_r, currency)),
        ("worst trade", _both(one.worst, one.worst_r, currency)),
        ("longest winning streak", f"{statistics.streaks.wins:,}"),
        ("longest losing streak", f"{statistics.streaks.losses:,}"),
    )


def _both(amount: Decimal | None, in_r: float | None, currency: str) -> str:
    beside = f" ({multiple(in_r)})" if in_r is not None else ""
    return f"{money(amount, currency)}{beside}"


def _risk(statistics: Statistics) -> Rows:
    fell, ratios, currency = statistics.drawdown, statistics.returns, statistics.currency
    return (
        ("largest drawdown", money(fell.money, currency)),
        ("in percent of the peak", percent(fell.share, 2)),
        ("it lasted", _lasted(statistics)),
        ("longest time below a peak", f"{fell.longest_days:,} days"),
        ("drawdown of closed trades", percent(fell.closed_share, 2)),
        ("Sharpe (daily, a year)", number(ratios.sharpe)),
        ("Sortino (daily, a year)", number(ratios.sortino)),
        ("CAGR", percent(ratios.cagr, 2)),
        ("Calmar", number(ratios.calmar)),
        ("volatility a year", percent(ratios.volatility, 2)),
        ("best, worst date", f"{percent(ratios.best, 2)}, {percent(ratios.worst, 2)}"),
    )


def _lasted(statistics: Statistics) -> str:
    fell = statistics.drawdown
    if fell.peak is None:
        return NA
    ended = f"to {fell.recovered}" if fell.recovered else "not yet recovered"
    return f"{fell.days:,} days, from {fell.peak} ({fell.trough} lowest), {ended}"


def _activity(statistics: Statistics) -> Rows:
    far, done, currency = statistics.excursions, statistics.activity, statistics.currency
    return (
        ("average MAE, MFE", f"{_plain_r(far.mae_r)}, {_plain_r(far.mfe_r)}"),
        ("MAE of winners", _plain_r(far.mae_wins_r)),
        ("MFE of losers", _plain_r(far.mfe_losses_r)),
        ("largest MAE", money(far.mae, currency)),
        ("largest MFE", money(far.mfe, currency)),
        ("bars held, on average", number(statistics.all.bars_held, 1)),
        ("in a position", f"{percent(done.exposure, 2)} of the bars"),
        ("trades a week", number(done.trades_per_week)),
        ("trading dates", f"{done.dates:,} in {done.weeks:,} weeks"),
        ("bars", f"{done.bars:,}"),
    )


def _plain_r(value: float | None) -> str:
    return NA if value is None else f"{value:,.2f} R"


def _open(position: OpenPosition, currency: str) -> tuple[str, str]:
    return (
        f"{position.side} {position.contracts:,} since {position.entered}",
        f"{position.entry} to {position.last}: {money(position.unrealised, currency)} so far",
    )
