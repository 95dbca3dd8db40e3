"""A live run as a person reads it, and as a program does: one line an event."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from adapters.cli.screen import coloured, print_json
from adapters.live.standing import decimal_text, price_text
from dsl.render import safe
from engine.live import commands as cmd
from engine.live import events as ev
from engine.live import words
from engine.live.codec import plain
from engine.live.commands import Level
from engine.live.family import Phase
from engine.live.identity import Role, leg_of

if TYPE_CHECKING:
    from adapters.live.plan import Plan
    from adapters.live.runner import Runner
    from engine.live.events import Event
    from engine.live.family import Family

_NAMES: Final = {
    Role.ENTRY: "entry",
    Role.STOP: "stop",
    Role.TARGET: "target",
    Role.EXIT: "way out",
}
_COLOURS: Final = {Level.NOTE: None, Level.WARNING: "yellow", Level.ALARM: "red"}


class JsonTeller:
    """Every event as a line of JSON."""

    def began(self, runner: Runner) -> None:
        """See `runner.Listener`."""
        session, contract = runner.session, runner.contract
        assert session is not None
        assert contract is not None
        _line(
            {
                "event": "began",
                "at": runner.clock.now(),
                "account": session.account,
                "paper": session.is_paper,
                "contract": contract.local,
                "number": contract.number,
                "program": runner.strategy,
                "bars": runner.bars_seen,
                "monitor_only": runner.plan.monitor_only,
                "replay": runner.is_replay,
                "journal": str(runner.plan.journal),
            }
        )

    def happened(self, event: Event) -> None:
        """See `runner.Listener`."""
        _line({"event": ev.kind_of(event), **plain(event)})

    def withheld(self, at: int, what: cmd.Send | cmd.Cancel) -> None:
        """See `runner.Listener`."""
        _line({"event": "withheld", "at": at, "what": type(what).__name__.lower(), **plain(what)})

    def alerted(self, at: int, level: Level, text: str) -> None:
        """See `runner.Listener`."""
        _line({"event": "alert", "at": at, "level": level.value, "text": text})


def _line(document: dict[str, Any]) -> None:
    print_json(document)
    sys.stdout.flush()


class Teller:
    """What is worth telling a person, a line each, on the strategy's own clock."""

    def __init__(self, plan: Plan, *, verbose: bool) -> None:
        """`verbose`: every event."""
        self._zone = ZoneInfo(plan.program.day.zone)
        self._tick = plan.program.instrument.tick
        self._symbol = plan.program.instrument.symbol
        self._monitor = plan.monitor_only
        self._verbose = verbose
        self._multiplier = plan.program.instrument.multiplier
        self._currency = plan.program.instrument.currency
        self._families: dict[str, Family] = {}

    # --- runner.Listener ------------------------------------------------------------------------

    def began(self, runner: Runner) -> None:
        """See `runner.Listener`."""
        session, contract, plan = runner.session, runner.contract, runner.plan
        assert session is not None
        assert contract is not None
        kind = "PAPER" if session.is_paper else "REAL MONEY"
        equity = runner.figures.equity if runner.figures else None
        worth = "" if equity is None else f", {equity:,} {runner.figures.currency}"  # type: ignore[union-attr]
        click.secho(f"{plan.program.name} on {contract.local}", bold=True)
        click.echo(f"account {session.account} ({kind}{worth}), {session.library}")
        expires = f", expires {contract.expires}" if contract.expires else ""
        click.echo(f"contract {contract.local} ({contract.number}){expires}")
        click.echo(f"program {runner.strategy}; {runner.bars_seen:,} bars of warm-up")
        click.echo(f"journal {plan.journal}")
        if runner.is_replay:
            click.echo("the gateway replays a market: its clock counts")
        if plan.monitor_only:
            click.echo("monitor only: nothing is sent")
        click.echo("Ctrl-C ends it.")
        sys.stdout.flush()

    def happened(self, event: Event) -> None:
        """See `runner.Listener`."""
        self._remember(event)
        text = self._told(event)
        if text:
            self._say(event.at, text)
        elif self._verbose:
            self._say(event.at, f"{ev.kind_of(event)} {plain(event)}")

    def withheld(self, at: int, what: cmd.Send | cmd.Cancel) -> None:
        """See `runner.Listener`."""
        if isinstance(what, cmd.Send):
            self._say(at, f"would send {self._order(what.order)}")
        else:
            self._say(at, f"would withdraw {what.ref}")

    def alerted(self, at: int, level: Level, text: str) -> None:
        """See `runner.Listener`."""
        self._say(at, f"{level.value}: {text}", _COLOURS[level])

    def _remember(self, event: Event) -> None:
        """Families and what was executed of them, so that their result can be told."""
        if isinstance(event, ev.Planned):
            self._families[event.family.name] = event.family
        elif isinstance(event, words.Executed):
            leg = event.execution.leg
            family = self._families.get(leg.family) if leg else None
            if family is not None:
                self._families[family.name] = family.with_executions([event.execution])

    # --- words ------------------------------------------------------------------------------------

    def _say(self, at: int, text: str, colour: str | None = None) -> None:
        when = datetime.fromtimestamp(at / 1000, UTC).astimezone(self._zone)
        line = f"{when:%Y-%m-%d %H:%M:%S}  {safe(text)}"
        click.secho(line, fg=colour if coloured() else None)
        sys.stdout.flush()

    def _told(self, event: Event) -> str:
        match event:
            case ev.Planned(family=family):
                return self._planned(family)
            case words.Executed(execution=one):
                leg = leg_of(one.ref)
                name = _NAMES[leg.role] if leg else "order"
                side = "bought" if one.action.sign > 0 else "sold"
                price = decimal_text(Fraction(one.price))
                return f"{side} {one.contracts} {self._symbol} at {price} ({name})"
            case ev.Wanted(asked=asked):
                return f"{_NAMES[asked.leg.role]}: {self._order(asked.order)}"
            case ev.Moved(family=name, phase=Phase.DONE, ending=ending, why=why):
                over = self._families.get(name)
                who = name if over is None else over.signal.candidate
                return f"{who} is over: {ending or why}{self._result(over)}"
            case words.Refused(ref=ref, code=code, text=text):
                return f"{ref} is refused: {text} ({code})"
            case ev.Latched(reason=reason):
                return f"no more entries: {reason}"
            case ev.Unlatched(who=who, why=why):
                return f"{who} cleared the latch: {why}"
            case ev.Halted(who=who, why=why):
                return f"{who} halted the entries: {why}"
            case ev.Resumed(who=who, why=why):
                return f"{who} resumed the entries: {why}"
            case _:
                return ""

    def _result(self, family: Family | None) -> str:
        """What a family brought before commissions, where it traded and is out."""
        if family is None or family.entered == 0 or family.held != 0:
            return ""
        paid = (-one.action.sign * one.contracts * one.price for one in family.executions)
        money = Fraction(sum(paid)) * self._multiplier
        return f", {'+' if money > 0 else ''}{decimal_text(money)} {self._currency} gross"

    def _planned(self, family: Family) -> str:
        orders = [one.order for one in family.asked]
        ways = ", ".join(self._order(order) for order in orders[1:])
        would = "would send" if self._monitor else "sends"
        return f"{family.signal.candidate} {would} {self._order(orders[0])}; {ways}"

    def _order(self, order: Any) -> str:
        price = "market" if order.price is None else price_text(order.price, self._tick)
        return f"{order.action.value} {order.contracts} {order.kind.value} {price}".replace(
            "market market", "at the market"
        )
