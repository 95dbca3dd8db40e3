"""How a running engine stands, as lines for a person: one screen, the gravest first."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import click

from adapters.cli.figures import NONE, counted, money, share, when
from adapters.cli.screen import Table
from adapters.live.status import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from adapters.live.status import Connection, RiskStands, Status

_COLOURS: Final[Mapping[State, str]] = {
    State.TRADING: "green",
    State.WATCHING: "cyan",
    State.HALTED: "yellow",
    State.STOPPING: "yellow",
    State.LATCHED: "red",
    State.DOWN: "red",
}
_LEVELS: Final[Mapping[str, str]] = {"warning": "yellow", "alarm": "red"}
_ROLES: Final[Mapping[str, str]] = {"E": "entry", "S": "stop", "T": "target", "X": "way out"}
_SAID: Final = 5
_LONGEST: Final = 140
_MINUTE: Final = 60_000


def lines_of(status: Status) -> Iterator[str]:
    """The lines, with colours; whoever prints them where none are wanted takes them off."""
    yield from _head(status)
    if status.why_not:
        yield click.style(f"No entry could happen now: {status.why_not}", fg="yellow")
    yield ""
    for name, told in _facts(status):
        yield f"{name:<10}{told}"
    yield from _positions(status)
    yield from _orders(status)
    yield from _candidates(status)
    yield from _said(status)


def _head(status: Status) -> Iterator[str]:
    process, account, market = status.process, status.account, status.market
    state = click.style(status.state.value.upper(), fg=_COLOURS.get(status.state), bold=True)
    title = click.style(f"{process.strategy} · {process.instrument}", bold=True)
    watching = " · monitor only: nothing is sent" if process.monitor_only else ""
    yield f"{title} · {state}{watching}"
    whose = "not connected yet"
    if account is not None:
        kind = (
            "paper account" if account.is_paper else click.style("REAL MONEY", fg="red", bold=True)
        )
        whose = f"{kind} {account.number}"
    traded = ""
    if market is not None:
        traded = f" · {market.contract}" + (f", expires {market.expires}" if market.expires else "")
    yield f"{whose}{traded} · {instant(status.at)}"


def instant(at: int) -> str:
    """An instant (ms since the epoch) as people read it."""
    return f"{when(at // _MINUTE, 'UTC')}:{at // 1000 % 60:02d} UTC"


def ago(status: Status, at: int | None) -> str:
    """How long before the status an instant was."""
    if at is None:
        return "never"
    seconds = max(0, status.at - at) // 1000
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 120:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"


# --- facts ----------------------------------------------------------------------------------


def _facts(status: Status) -> Iterator[tuple[str, str]]:
    account, market, process = status.account, status.market, status.process
    if account is not None:
        told = f", told {ago(status, account.told)} ago" if account.told else ""
        available = f", {_money(account.available, '')} available" if account.available else ""
        yield "equity", f"{_money(account.equity, account.currency)}{available}{told}"
    if status.risk is not None:
        yield from _risk(status.risk, account.currency if account else "")
    if market is not None:
        hours = "open" if market.is_open else "closed"
        last = "no bar yet"
        if market.last_bar is not None:
            last = f"last bar {when(market.last_bar, 'UTC')[11:]} UTC at {market.price}"
        trouble = f"; {market.trouble}" if market.trouble else ""
        yield "market", f"{hours}, {last}, {counted(market.bars, 'bar')} seen{trouble}"
    yield "gateway", _connection(status, status.connection)
    yield (
        "engine",
        (
            f"process {process.pid}, since {instant(process.started)}, version "
            f"{process.version}, program {process.program[:16]} of {process.file}"
        ),
    )
    for one in status.earlier:
        yield "before", one.words if one.leads else click.style(one.words, fg="yellow")
    whose = f" of {status.owner}" if status.owner else ""
    yield "journal", f"{status.journal}{whose}, {counted(status.events, 'event')}"


def _money(amount: str | None, currency: str) -> str:
    return NONE if amount is None else money(Decimal(amount), currency).rstrip()


def _signed(amount: str, currency: str) -> str:
    return money(Decimal(amount), currency, sign=True).rstrip()


def _share(value: str | None) -> str:
    return share(None if value is None else float(value), 2)


def _risk(risk: RiskStands, currency: str) -> Iterator[tuple[str, str]]:
    entries = (
        f"{risk.entries_today} of {risk.entries_most}"
        if risk.entries_most
        else str(risk.entries_today)
    )
    limit = f", no more after a loss of {_share(risk.daily_loss_at)}" if risk.daily_loss_at else ""
    yield "today", f"{_signed(risk.profit_today, currency)}, entries {entries}{limit}"
    limits = [
        words
        for words, value in (
            (f"smaller sizes from {_share(risk.reduce_at)}", risk.reduce_at),
            (f"no entries from {_share(risk.stop_at)}", risk.stop_at),
        )
        if value
    ]
    below = f"{_share(risk.drawdown)} below its peak of {_money(risk.peak, currency)}"
    yield "drawdown", ", ".join([below, *limits])
    if risk.latch:
        yield "latched", click.style(f"{risk.latch} (engine unlatch --why ...)", fg="red")
    if risk.halted_why or risk.halted_by:
        by = f" by {risk.halted_by}" if risk.halted_by else ""
        yield "halted", click.style(f"{risk.halted_why}{by} (engine live resume)", fg="yellow")


def _connection(status: Status, line: Connection) -> str:
    place = f"{line.host}:{line.port}, client {line.client}"
    if not line.is_up:
        tried = f", {counted(line.attempts, 'attempt')}" if line.attempts else ""
        why = f": {line.trouble}" if line.trouble else ""
        down = click.style(f"DOWN for {ago(status, line.since)}", fg="red")
        return f"{place}, {down}{tried}{why}"
    clock = "" if line.ahead is None else f", its clock {line.ahead / 1000:+.1f} s"
    server = "" if line.server is None else f", server {line.server}"
    return f"{place}{server}, {line.library}, up for {ago(status, line.since)}{clock}"


# --- tables ---------------------------------------------------------------------------------


def _titled(title: str, table: Table) -> Iterator[str]:
    if table.rows:
        yield ""
        yield click.style(title, bold=True)
        yield from table.lines()


def _positions(status: Status) -> Iterator[str]:
    currency = status.account.currency if status.account else ""
    rows = [
        (
            one.side,
            str(one.contracts),
            one.entry,
            one.stop or NONE,
            " ".join(one.targets) or NONE,
            NONE if one.open_profit is None else _signed(one.open_profit, currency),
            "yes" if one.is_protected else "NO",
            instant(one.opened)[:16],
            one.led_by or "this program",
        )
        for one in status.positions
    ]
    head = (
        *("side", "contracts", "entry", "stop", "targets", "profit", "protected", "since (UTC)"),
        "led by",
    )
    shown = len(head) if any(one.led_by for one in status.positions) else len(head) - 1
    table = Table(head[:shown], [row[:shown] for row in rows], frozenset({1, 2, 3, 4, 5}))
    yield from _titled("Position", table)


def _orders(status: Status) -> Iterator[str]:
    rows = [
        (
            _ROLES.get(one.role, one.role),
            one.action,
            one.kind,
            f"{one.contracts - one.filled} of {one.contracts}"
            if one.filled
            else str(one.contracts),
            one.price or NONE,
            one.state,
            str(one.number),
            one.ref,
        )
        for one in status.orders
    ]
    head = ("order", "action", "kind", "left", "price", "state", "number", "reference")
    yield from _titled("At the broker", Table(head, rows, frozenset({3, 4, 6})))


def _candidates(status: Status) -> Iterator[str]:
    rows = [
        (
            one.name,
            one.stage,
            when(one.since, "UTC")[5:],
            ", ".join(f"{name} {value}" for name, value in one.levels.items()) or NONE,
        )
        for one in status.candidates
    ]
    head = ("candidate", "stage", "since (UTC)", "levels")
    yield from _titled("Setups in the making", Table(head, rows))
    for one in status.candidates:
        if one.waits_for:
            yield f"{one.name} waits for {one.waits_for}"


def _said(status: Status) -> Iterator[str]:
    if not status.said:
        return
    yield ""
    yield click.style("Said lately", bold=True)
    for one in status.said[:_SAID]:
        text = " ".join(one.text.split())
        cut = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        yield click.style(
            f"{instant(one.at)[5:]}  {one.level:<7}  {cut}", fg=_LEVELS.get(one.level)
        )


def in_one_line(status: Status) -> str:
    """How it stands, after it was told something."""
    held = sum(one.contracts for one in status.positions)
    naked = [one for one in status.positions if not one.is_protected]
    position = "nothing is open"
    if held:
        guarded = "NOT protected yet" if naked else "protected by stops at the broker"
        position = f"{counted(held, 'contract')} open, {guarded}"
    orders = f"{counted(len(status.orders), 'order')} at the broker"
    return f"{status.state.value}: {position}, {orders}"


def shortened(lines: Sequence[str], rows: int) -> list[str]:
    """As many lines as a screen has; the last says how many are missing."""
    if len(lines) <= rows:
        return list(lines)
    return [*lines[: rows - 1], f"... {len(lines) - rows + 1} more lines: engine live status"]
