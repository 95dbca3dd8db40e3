"""A live run as a person reads it, and as a program does: one line an event."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from adapters.cli.reach import shown
from adapters.cli.screen import coloured
from adapters.live.telling import Story
from dsl.render import safe
from engine.live import commands as cmd
from engine.live import events as ev
from engine.live.codec import plain
from engine.live.commands import Level

if TYPE_CHECKING:
    from adapters.cli.pen import Pen
    from adapters.live.plan import Plan
    from adapters.live.runner import Runner
    from engine.live.events import Event

_COLOURS: Final = {Level.NOTE: None, Level.WARNING: "yellow", Level.ALARM: "red"}


class JsonTeller:
    """Every event as a line of JSON."""

    def __init__(self, pen: Pen) -> None:
        """What writes the lines."""
        self._pen = pen

    def began(self, runner: Runner) -> None:
        """See `listener.Listener`."""
        session, contract = runner.session, runner.contract
        assert session is not None
        assert contract is not None
        self._say(
            "began",
            {
                "at": runner.clock.now(),
                "account": session.account,
                "paper": session.is_paper,
                "contract": contract.local,
                "number": contract.number,
                "program": runner.strategy,
                "bars": runner.bars_seen,
                "monitor_only": runner.plan.monitor_only,
                "replay": runner.is_replay,
                "journal": shown(runner.plan.journal),
            },
        )

    def happened(self, event: Event) -> None:
        """See `listener.Listener`."""
        self._say(ev.kind_of(event), plain(event))

    def withheld(self, at: int, what: cmd.Send | cmd.Cancel) -> None:
        """See `listener.Listener`."""
        self._say("withheld", {"at": at, "what": type(what).__name__.lower(), **plain(what)})

    def alerted(self, at: int, level: Level, text: str) -> None:
        """See `listener.Listener`."""
        self._say("alert", {"at": at, "level": level.value, "text": text})

    def _say(self, event: str, of: dict[str, Any]) -> None:
        told = {"event": event, **of}
        self._pen.line(json.dumps(told, ensure_ascii=False, allow_nan=False))


class Teller:
    """What is worth telling a person, a line each, on the strategy's own clock."""

    def __init__(self, plan: Plan, pen: Pen, *, verbose: bool) -> None:
        """`verbose`: every event."""
        self._pen = pen
        self._zone = ZoneInfo(plan.program.day.zone)
        self._story = Story(plan.program.instrument, monitor_only=plan.monitor_only)
        self._verbose = verbose
        self._is_coloured = coloured()

    def began(self, runner: Runner) -> None:
        """See `listener.Listener`."""
        for number, line in enumerate(_head(runner)):
            self._pen.line(
                click.style(line, bold=True) if self._is_coloured and not number else line
            )

    def happened(self, event: Event) -> None:
        """See `listener.Listener`."""
        text = self._story.heard(event)
        if text:
            self._say(event.at, text)
        elif self._verbose:
            self._say(event.at, f"{ev.kind_of(event)} {plain(event)}")

    def withheld(self, at: int, what: cmd.Send | cmd.Cancel) -> None:
        """See `listener.Listener`."""
        if isinstance(what, cmd.Send):
            self._say(at, f"would send {self._story.order(what.order)}")
        else:
            self._say(at, f"would withdraw {what.ref}")

    def alerted(self, at: int, level: Level, text: str) -> None:
        """See `listener.Listener`."""
        self._say(at, f"{level.value}: {text}", _COLOURS[level])

    def _say(self, at: int, text: str, colour: str | None = None) -> None:
        when = datetime.fromtimestamp(at / 1000, UTC).astimezone(self._zone)
        line = f"{when:%Y-%m-%d %H:%M:%S}  {safe(text)}"
        self._pen.line(click.style(line, fg=colour) if colour and self._is_coloured else line)


def _head(runner: Runner) -> list[str]:
    """What a run begins with."""
    session, contract, plan = runner.session, runner.contract, runner.plan
    assert session is not None
    assert contract is not None
    kind = "PAPER" if session.is_paper else "REAL MONEY"
    figures = runner.figures
    is_told = figures is not None and figures.equity is not None
    worth = f", {figures.equity:,} {figures.currency}" if figures and is_told else ""
    expires = f", expires {contract.expires}" if contract.expires else ""
    lines = [
        f"{plan.program.name} on {contract.local}",
        f"account {session.account} ({kind}{worth}), {session.library}",
        f"contract {contract.local} ({contract.number}){expires}",
        f"program {runner.strategy}; {runner.bars_seen:,} bars of warm-up",
        f"journal {shown(plan.journal)}",
    ]
    if runner.is_replay:
        lines.append("the gateway replays a market: its clock counts")
    if plan.monitor_only:
        lines.append("monitor only: nothing is sent")
    return [*lines, "Ctrl-C ends it."]
