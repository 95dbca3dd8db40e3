"""Runs as pages print them: figures with their signs, funnels as bars, texts cut into lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from engine.statistics.table import money, multiple, number, percent
from web.views.formulas import formula

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from adapters.workshop.runs import Run

TONES: Final[Mapping[str, str]] = {
    "done": "good", "failed": "bad", "cancelled": "warn", "running": "accent", "queued": "",
}  # fmt: skip
FATES: Final[Mapping[str, str]] = {
    "traded": "good", "open": "good", "refused": "warn", "cancelled": "warn", "dead": "bad",
    "alive": "accent", "waiting": "accent",
}  # fmt: skip
_NONE: Final = "-"


@dataclass(frozen=True, slots=True)
class Card:
    """A headline figure: what it is, its value, what is said beside it, its formula, its tone."""

    name: str
    value: str
    beside: str
    formula: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A run in the list."""

    run: Run
    tone: str
    net: str
    net_tone: str
    trades: str
    candidates: str
    win_rate: str
    expectancy: str
    drawdown: str
    share: int


def lines_of(runs: Sequence[Run]) -> list[Line]:
    """The rows of the list."""
    return [_line(run) for run in runs]


def _line(run: Run) -> Line:
    told = run.figures
    done = bool(told)
    net = float(told["net"]) if done else 0.0
    return Line(
        run=run,
        tone=TONES[run.state.value],
        net=signed(told["net"], told["currency"]) if done else _NONE,
        net_tone=tone(net),
        trades=f"{told['trades']:,}" if done else _NONE,
        candidates=f"{told['candidates']:,}" if done else _NONE,
        win_rate=percent(told["win_rate"]) if done else _NONE,
        expectancy=multiple(told["expectancy_r"]) if done else _NONE,
        drawdown=percent(told["drawdown"], 2) if done else _NONE,
        share=round(100 * run.progress),
    )


def cards_of(result: Mapping[str, Any]) -> list[Card]:
    """The figures people look for first."""
    found = result["statistics"]
    one, fell, ratios = found["all"], found["drawdown"], found["returns"]
    currency = found["currency"]
    return [
        Card(
            "Net profit", signed(one["net"]), f"{currency}, {percent(ratios['total'], 2)}",
            formula("net of closed trades"), tone(float(one["net"])),
        ),
        Card(
            "Expectancy", multiple(one["expectancy_r"]),
            "a trade" if one["expectancy"] is None else f"{signed(one['expectancy'])} a trade",
            formula("expectancy in R"), tone(one["expectancy_r"]),
        ),
        Card(
            "Trades", f"{one['trades']:,}",
            f"{number(found['activity']['trades_per_week'])} a week", formula("trades"),
        ),
        Card(
            "Win rate", percent(one["win_rate"]), f"{one['wins']:,} won, {one['losses']:,} lost",
            formula("win rate"),
        ),
        Card(
            "Profit factor", number(one["profit_factor"]), f"payoff {number(one['payoff'])}",
            formula("profit factor"),
        ),
        Card(
            "Largest drawdown", percent(fell["share"], 2),
            f"{_amount(fell['money'])} {currency}, {fell['days']:,} days",
            formula("in percent of the peak"),
        ),
        Card(
            "Sharpe", number(ratios["sharpe"]), "of daily returns, a year",
            formula("Sharpe (daily, a year)"),
        ),
        Card(
            "Sortino", number(ratios["sortino"]), f"CAGR {percent(ratios['cagr'])}",
            formula("Sortino (daily, a year)"),
        ),
    ]  # fmt: skip


def groups_of(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every figure in its group, with its formula."""
    return [
        {
            "title": group["title"],
            "rows": [
                {"label": label, "value": value, "formula": formula(label)}
                for label, value in group["rows"]
            ],
        }
        for group in result["groups"]
    ]


def funnels_of(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How far candidates came, each stage with its share of all, and what ended them there."""
    found = []
    for side in result["funnel"]:
        most = max(side["started"], 1)
        rows = [
            {
                "name": stage["stage"] or "setup",
                "count": stage["entered"],
                "share": round(100 * stage["entered"] / most, 1),
                "ended": sorted(stage["died"].items(), key=lambda one: (-one[1], one[0])),
                "alive": stage["alive"],
            }
            for stage in side["stages"]
        ]
        share = round(100 * side["completed"] / most, 1)
        rows.append({"name": "complete", "count": side["completed"], "share": share,
                     "ended": [], "alive": 0})  # fmt: skip
        found.append({**side, "rows": rows})
    return found


def conditions_of(sides: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The condition table of each side; how near a condition came is in its own unit."""
    return [
        {
            **side,
            "rows": [
                {
                    **one,
                    "nearest": _near(one["nearest"]),
                    "share": round(100 * one["true"] / one["asked"], 1) if one["asked"] else 0,
                }
                for one in side["conditions"]
            ],
        }
        for side in sides
    ]


def _near(near: Mapping[str, Any] | None) -> str:
    if near is None or near.get("missing") is None:
        return ""
    unit = near.get("unit", "")
    word = {"price": "", "pt": " pt", "%": " %"}.get(unit, f" {unit}" if unit else "")
    return f"{near['missing']:,}{word}"


def signed(amount: str | Decimal, currency: str = "") -> str:
    """Decimal text as money with its sign: `+1,234.50 USD`."""
    plus = "+" if float(amount) > 0 else ""
    return f"{plus}{_amount(amount)} {currency}".rstrip()


def _amount(amount: str | Decimal) -> str:
    from decimal import Decimal as Exact  # noqa: PLC0415 - light, and only here

    return money(Exact(amount))


def price(value: float | None, decimals: int) -> str:
    """A price with the decimals of its tick."""
    return _NONE if value is None else f"{value:,.{decimals}f}"


def tone(value: float | None) -> str:
    """`good`, `bad` or nothing."""
    return "" if not value else "good" if value > 0 else "bad"


def minute_of(text: str) -> int:
    """The minute since the epoch of an instant in ISO 8601."""
    return int(datetime.fromisoformat(text).timestamp()) // 60


def in_r(value: float | None) -> str:
    """A multiple of the risk."""
    return multiple(value)
