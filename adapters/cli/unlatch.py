"""`engine unlatch`: a person clears what stopped the entries, and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from adapters.cli.options import JSON
from adapters.cli.reach import JOURNAL, journal_that_is, who
from adapters.cli.screen import Failure, print_json, verb

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    "unlatch", epilog='Example: engine unlatch --why "the fill of 15:31 was checked by hand"'
)
@click.option("--why", required=True, metavar="TEXT", help="The reason; it goes into the journal.")
@click.option("--who", "person", metavar="NAME", help="Who says so.  [default: this user]")
@JOURNAL
@JSON
@verb
def command(why: str, person: str | None, journal: str | None, *, as_json: bool) -> None:
    """Let entries happen again after a latch: a drawdown limit, or something not understood.

    Look first: this prints what latched it. The drawdown is counted anew from the equity at that
    moment. Works on the running engine, and on the journal of one that does not run. A halt by a
    person is something else: engine live resume.
    """
    if not why.strip():
        raise click.UsageError("say why: the reason goes into the journal")
    where, name = journal_that_is(journal), person or who()
    from adapters.live.offline import stood  # noqa: PLC0415 - SQLAlchemy, 300 ms

    before = stood(where)
    if not before.latch:
        halted = f"it is halted ({before.halt}): engine live resume" if before.halt else ""
        raise Failure("nothing is latched", halted or "entries are not held up by a latch")
    running = _told_engine(where, name, why)
    if not running:
        _told_journal(where, name, why)
    after = stood(where)
    if as_json:
        print_json(
            {"latched_by": before.latch, "who": name, "why": why, "engine_runs": running,
             "latch": after.latch, "halt": after.halt}
        )  # fmt: skip
        return
    click.echo(f"Was latched: {before.latch}")
    click.echo(f"Cleared by {name}: {why}")
    if after.latch:
        click.echo(f"Latched again at once: {after.latch}")
    elif after.halt:
        click.echo(f"No entries yet: it is halted ({after.halt}). Let it: engine live resume")
    else:
        held = "Entries may happen again." if running else "The next start may enter again."
        click.echo(held)


def _told_engine(where: str | Path, name: str, why: str) -> bool:
    """Whether an engine runs there and was told."""
    from adapters.live.caller import Caller, EngineRefused, NobodyRuns  # noqa: PLC0415
    from adapters.live.places import socket_of  # noqa: PLC0415 - start-up in milliseconds

    try:
        Caller(socket_of(where)).tell("unlatch", name, why)
    except NobodyRuns:
        return False
    except EngineRefused as refused:
        raise Failure(refused.text, refused.remedy) from None
    return True


def _told_journal(where: str | Path, name: str, why: str) -> None:
    from adapters.live.offline import unlatch_journal  # noqa: PLC0415 - SQLAlchemy, 300 ms

    unlatch_journal(where, name, why)
