"""`engine explain`: what happened at a minute and why; one candidate's life; what a code means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from adapters.cli.options import JSON, data_options
from adapters.cli.screen import print_json, verb

if TYPE_CHECKING:
    from adapters.cli.options import Choice

_CODE = re.compile(r"[EWNewn]\d{3}")


@click.command(
    "explain",
    epilog="Examples: engine explain strategies/slob_5_1.yaml --at '2025-11-05 10:31'; "
    "engine explain SPEC --candidate 2025-11-05/short/1; engine explain E021",
)
@data_options
@click.option("--at", "at", metavar="TIME", help="A minute, as 2026-01-06 16:31 or with an offset.")
@click.option("--clock", metavar="ZONE", help="Whose clock TIME is on.  [default: the strategy's]")
@click.option("--side", type=click.Choice(["short", "long"]), help="Only this side.")
@click.option("--candidate", metavar="DATE/SIDE/N", help="The whole life of one candidate.")
@JSON
@verb
def command(
    choice: Choice,
    at: str | None,
    clock: str | None,
    side: str | None,
    candidate: str | None,
    *,
    as_json: bool,
) -> None:
    """Why a strategy did what it did: every candidate alive at a minute, and each condition.

    With --at: each candidate's stage, each condition with the values of both sides and what was
    missing, and what became of it. With --candidate: its whole life. SPEC may also be the code of a
    diagnostic, such as E021: then its meaning is printed.
    """
    if _CODE.fullmatch(choice.spec) and at is None and candidate is None:
        _code(choice.spec, as_json=as_json)
        return
    if (at is None) == (candidate is None):
        raise click.UsageError(
            "say which minute, as in --at '2026-01-06 16:31', or --candidate DATE/SIDE/N"
        )
    from adapters.cli import inquiry  # noqa: PLC0415 - the engine comes with it

    asked = inquiry.inquiry(choice)
    if at is not None:
        told: Any = inquiry.minute(asked, at, clock, side)
    else:
        told = inquiry.life(asked, candidate or "")
    if as_json:
        print_json(told.record)
    else:
        told.show()


def _code(code: str, *, as_json: bool) -> None:
    from dsl.codes import CODES, explain  # noqa: PLC0415 - only where asked

    found = CODES.get(code.upper())
    if found is None:
        raise click.UsageError(explain(code))
    if as_json:
        print_json({
            "code": found.code, "severity": found.severity.value, "title": found.title,
            "why": found.why, "wrong": found.wrong, "right": found.right,
        })  # fmt: skip
    else:
        click.echo(explain(code))
