"""What a strategy must be to be traded live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.preflight.check import Check, Found, failed, ok, warning
from dsl.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.compilation import Compiled


def checks(name: str, made: Compiled) -> Iterator[Check]:
    """The checks of a compiled strategy file."""
    yield Check("strategy", lambda: findings(name, made))
    yield Check("terms", lambda: terms(made))


def findings(name: str, made: Compiled) -> Found:
    """What the compiler says."""
    from dsl.ir.text import program_hash  # noqa: PLC0415 - its one use
    from dsl.render import summary  # noqa: PLC0415 - as above

    if made.program is None:
        first = next(one for one in made.findings if one.severity is Severity.ERROR)
        return failed(
            f"{name}: {summary(made.findings)}: {first.message}", f"engine validate {name}"
        )
    what = f"{made.program.name}, program {program_hash(made.program)} of {name}"
    told = [one for one in made.findings if one.severity is Severity.WARNING]
    if told:
        return warning(f"{what}: {summary(made.findings)}", f"engine validate {name}")
    return ok(what)


def terms(made: Compiled) -> Found:
    """Whether its limits can be carried out, and IB has its bars."""
    from adapters.ib.history import size_of  # noqa: PLC0415 - its one use
    from adapters.ib.port import DataRefused  # noqa: PLC0415 - as above
    from engine.execution.rules import rules_of  # noqa: PLC0415 - as above
    from engine.execution.terms import Flat, Terms, TermsError  # noqa: PLC0415 - as above

    program = made.program
    if program is None:
        return failed("it does not compile", "see the line before")
    try:
        rules_of(program, Terms(flat=Flat.NEXT_OPEN))
        size = size_of(program.bar_minutes)
    except (TermsError, DataRefused) as refused:
        return failed(str(refused), "change the strategy")
    limits = [
        name
        for name, limit in (
            ("drawdown that stops it", program.risk.stop_at),
            ("daily loss limit", program.risk.daily_loss),
        )
        if limit is None
    ]
    if limits:
        return warning(
            f"bars of {size}; the strategy has no {' and no '.join(limits)}",
            "write risk: stop_at and daily_loss into it before money is at stake",
        )
    return ok(f"bars of {size}; daily loss and drawdown are limited")
