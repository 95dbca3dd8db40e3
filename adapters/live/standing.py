"""From what a run knows to how it stands, for whoever asks."""

from __future__ import annotations

import os
from fractions import Fraction
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from adapters.database.connect import shown
from adapters.live.status import (
    AccountStands,
    CandidateStands,
    Connection,
    EarlierStands,
    MarketStands,
    OrderStands,
    PositionStands,
    Process,
    RiskStands,
    Status,
)
from adapters.live.values import price_text
from adapters.live.waits import lacks
from dsl.ir.expression import Const, Param
from dsl.quantities import plain
from engine.live.identity import Role
from engine.live.situation import armed
from engine.live.standing import living_of

if TYPE_CHECKING:
    from decimal import Decimal

    from adapters.live.runner import Runner
    from dsl.ir.program import Program
    from engine.live.books import Books
    from engine.live.family import Family
    from engine.live.holdings import HeldOrder


def status_of(runner: Runner) -> Status:
    """How a run stands now."""
    books = runner.journal.books
    return Status(
        at=runner.clock.now(),
        state=runner.state,
        process=_process(runner),
        connection=_connection(runner),
        account=_account(runner),
        market=_market(runner),
        candidates=tuple(_candidates(runner)),
        orders=tuple(_orders(runner, books)),
        positions=tuple(_positions(runner, books)),
        earlier=tuple(_earlier(runner, books)),
        risk=_risk(runner, books),
        why_not=runner.why_not,
        said=tuple(runner.alerts.said),
        told=runner.story.lines,
        journal=shown(runner.plan.journal),
        owner=books.account,
        events=runner.events_written,
    )


@cache
def _version() -> str:
    return version("slob-engine")


def _process(runner: Runner) -> Process:
    plan = runner.plan
    return Process(
        pid=os.getpid(),
        started=runner.started,
        version=_version(),
        strategy=plan.program.name,
        program=runner.strategy,
        file=plan.file,
        instrument=plan.program.instrument.symbol,
        monitor_only=plan.monitor_only,
    )


def _connection(runner: Runner) -> Connection:
    settings, session, wire = runner.plan.settings, runner.session, runner.wire
    return Connection(
        is_up=wire.is_up,
        since=wire.since,
        host=settings.host,
        port=settings.port,
        client=settings.client,
        server=session.version if session else None,
        library=session.library if session else "",
        ahead=session.ahead if session and not runner.is_replay else None,
        attempts=wire.attempts,
        trouble=wire.trouble,
    )


def _account(runner: Runner) -> AccountStands | None:
    if runner.session is None or runner.figures is None:
        return None
    figures = runner.figures
    return AccountStands(
        number=runner.session.account,
        is_paper=runner.session.is_paper,
        currency=figures.currency,
        equity=_money(figures.equity),
        available=_money(figures.available),
        told=figures.at,
    )


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _market(runner: Runner) -> MarketStands | None:
    contract, bar = runner.contract, runner.last_bar
    if contract is None:
        return None
    return MarketStands(
        contract=contract.local,
        number=contract.number,
        expires=contract.expires,
        is_open=contract.is_open(runner.clock.now() / 60_000),
        bar_minutes=runner.plan.program.bar_minutes,
        last_bar=None if bar is None else bar.minute,
        price=None if bar is None else price_text(bar.close, contract.tick),
        bars=runner.bars_seen,
        trouble=runner.troubles.text,
    )


def _candidates(runner: Runner) -> list[CandidateStands]:
    if runner.decider is None:
        return []
    program, decider = runner.plan.program, runner.decider
    tick = program.instrument.tick
    return [
        CandidateStands(
            name=one.name,
            side=one.side.value,
            stage=one.stage,
            started=one.started,
            since=one.since,
            levels={name: price_text(ticks, tick) for name, ticks in one.levels.items()},
            waits_for=lacks(program, one.side, ways),
        )
        for one, ways in zip(decider.alive, decider.waiting, strict=True)
    ]


def _orders(runner: Runner, books: Books) -> list[OrderStands]:
    if runner.contract is None:
        return []
    tick = runner.contract.tick
    return [
        OrderStands(
            ref=order.ref,
            role=leg.role.value,
            action=order.action.value,
            kind=order.kind.value,
            contracts=order.contracts,
            filled=order.filled,
            price=None if order.price is None else price_text(order.price, tick),
            state=order.state.value,
            number=order.number,
            permanent=order.permanent,
        )
        for family in books.families.values()
        for leg, order in living_of(books, family)
    ]


def _positions(runner: Runner, books: Books) -> list[PositionStands]:
    held = [family for family in books.families.values() if family.held]
    return [_position(runner, books, family) for family in held] if runner.contract else []


def _position(runner: Runner, books: Books, family: Family) -> PositionStands:
    assert runner.contract is not None
    tick, living = runner.contract.tick, living_of(books, family)
    entries = [one for one in family.executions if one.leg and one.leg.role.opens]
    count = sum(one.contracts for one in entries) or 1
    paid = sum((Fraction(one.price) * one.contracts for one in entries), Fraction(0)) / count
    stops = [order for leg, order in living if leg.role is Role.STOP]
    targets = [order for leg, order in living if leg.role is Role.TARGET]
    profit = None
    if runner.last_bar is not None:
        now = runner.last_bar.close * tick
        profit = plain((now - paid) * family.position * runner.contract.multiplier)
    return PositionStands(
        family=family.name,
        side="long" if family.action.sign > 0 else "short",
        contracts=family.held,
        entry=plain(paid),
        stop=_price_of(stops, tick),
        targets=tuple(
            price_text(order.price, tick) for order in targets if order.price is not None
        ),
        opened=min((one.minute for one in entries), default=0) * 60_000,
        open_profit=profit,
        is_protected=armed(family, living) == family.held,
        program=family.signal.strategy,
        led_by=_led_by(runner, family),
    )


def _earlier(runner: Runner, books: Books) -> list[EarlierStands]:
    """The programs of before that have something open."""
    leading = runner.desk.leading if runner.desk is not None else frozenset()
    opened = {one.signal.strategy for one in books.living}
    found = []
    for strategy in sorted((opened | leading) - {runner.strategy}):
        recipe = books.recipes.get(strategy)
        found.append(
            EarlierStands(
                program=strategy,
                name="" if recipe is None else recipe.name,
                file="" if recipe is None else recipe.file,
                leads=strategy in leading,
                trouble=runner.estate.troubles.get(strategy, ""),
            )
        )
    return found


def _led_by(runner: Runner, family: Family) -> str:
    """What leads a position; empty: the program that trades."""
    strategy = family.signal.strategy
    if strategy == runner.strategy:
        return ""
    leads = runner.desk is not None and strategy in runner.desk.leading
    return f"program {strategy}" if leads else "its own orders"


def _price_of(orders: list[HeldOrder], tick: Fraction) -> str | None:
    prices = [order.price for order in orders if order.price is not None]
    return price_text(prices[-1], tick) if prices else None


@cache
def limits_of(program: Program) -> dict[str, str]:
    """The account's limits as shares, by name; those that the strategy has."""
    risk, values = program.risk, program.side_params(program.written)
    given = dict(zip((param.name for param in program.params), values, strict=True))
    found: dict[str, str] = {}
    for name, node in (
        ("reduce_at", risk.reduce_at), ("stop_at", risk.stop_at), ("daily_loss", risk.daily_loss)
    ):  # fmt: skip
        match node:
            case Const(value=value):
                found[name] = plain(Fraction(value, 1_000_000))
            case Param(name=param):
                found[name] = plain(Fraction(given[param], 1_000_000))
            case _:
                pass
    return found


def _risk(runner: Runner, books: Books) -> RiskStands | None:
    risk = books.risk
    if not risk.date:
        return None
    peak = Fraction(risk.peak)
    drawdown = (peak - Fraction(risk.equity)) / peak if peak > 0 else Fraction(0)
    entries = sum(
        family.signal.candidate.startswith(f"{runner.date}/")
        and any(one.leg.role.opens and one.leg.ref in books.numbers for one in family.asked)
        for family in books.families.values()
    )
    limits, first = limits_of(runner.plan.program), runner.past.equity
    return RiskStands(
        date=risk.date,
        profit_today=str(risk.equity - risk.start),
        profit_total=str(risk.equity - (risk.equity if first is None else first)),
        peak=str(risk.peak),
        drawdown=plain(Fraction(round(drawdown * 10_000), 10_000)),
        reduce_at=limits.get("reduce_at"),
        stop_at=limits.get("stop_at"),
        daily_loss_at=limits.get("daily_loss"),
        entries_today=entries,
        entries_most=runner.policy.entries_a_day,
        latch=books.latch,
        halted_by=runner.past.halted_by if books.halt else "",
        halted_why=books.halt,
    )
