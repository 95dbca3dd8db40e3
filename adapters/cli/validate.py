"""`engine validate`: what is wrong with a strategy file, where, and the way out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import click

from adapters.cli import MISTAKE
from adapters.cli.figures import counted
from adapters.cli.options import JSON, SET
from adapters.cli.screen import coloured, print_json, verb
from adapters.cli.workbench import compiled, findings_record, shown
from dsl.compilation import Compiled
from dsl.diagnostics import Severity
from dsl.render import as_github, as_sarif, as_text, summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dsl.ir.program import History, Program

Found = list[tuple[str, Compiled]]
FORMATS: Final = ("text", "json", "sarif", "github")


@click.command("validate", epilog="Example: engine validate strategies/slob_5_1.yaml")
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="For people, for tools, for code scanning, for annotations on a pull request.",
)
@JSON
@SET
@click.option("--notes", is_flag=True, help="Print notes too, not only errors and warnings.")
@verb
def command(
    specs: tuple[str, ...], style: str, values: Mapping[str, str], *, as_json: bool, notes: bool
) -> None:
    """Check strategy files: every mistake with its code, its place, its reason and a way out.

    Exit status 1 when one has an error. `engine explain CODE` tells more about a code.
    """
    found = [(shown(spec), compiled(spec, values)) for spec in specs]
    _STYLES["json" if as_json else style](found, notes)
    if any(made.program is None for _, made in found):
        raise click.exceptions.Exit(MISTAKE)


def _text(found: Found, notes: bool) -> None:  # noqa: FBT001 - one signature for all styles
    for name, made in found:
        told = [f for f in made.findings if notes or f.severity is not Severity.NOTE]
        if told:
            click.echo(as_text(told, made.sources, colour=coloured()) + "\n")
        click.echo(
            f"{name}: {summary(told)}" + ("" if made.program is None else _fits(made.program))
        )


def _fits(program: Program) -> str:
    from dsl.ir.text import program_hash  # noqa: PLC0415 - only for what is right

    sides = " and ".join(side.value for side in program.sides)
    return (
        f" · {program.name} {program_hash(program)} · {program.instrument.symbol} · {sides}"
        f" · {_history(program.history)}"
    )


def _history(history: History) -> str:
    """What must lie before the first decision, in words."""
    needs = [counted(history.bars, "bar")] if history.bars else []
    needs += [counted(history.dates, "trading date")] if history.dates else []
    more = ", more where a window counts only some bars" if history.unbounded else ""
    return f"needs {' and '.join(needs) or 'no'} of history{more}".replace("no of", "no")


def _json(found: Found, _: bool) -> None:  # noqa: FBT001 - one signature for all styles
    documents = [_document(name, made) for name, made in found]
    print_json(documents[0] if len(documents) == 1 else documents)


def _document(name: str, made: Compiled) -> dict[str, Any]:
    counts = dict.fromkeys(Severity, 0)
    for finding in made.findings:
        counts[finding.severity] += 1
    return {
        **findings_record(name, made),
        "errors": counts[Severity.ERROR],
        "warnings": counts[Severity.WARNING],
        "notes": counts[Severity.NOTE],
        "program": None if made.program is None else program_record(made.program),
    }


def program_record(program: Program) -> dict[str, Any]:
    """What a program is, as plain values."""
    from dsl.ir.text import code_hash, program_hash  # noqa: PLC0415 - only for what is right

    return {
        "name": program.name,
        "hash": program_hash(program),
        "code_hash": code_hash(program),
        "instrument": program.instrument.symbol,
        "bar_minutes": program.bar_minutes,
        "clock": program.day.zone,
        "sides": [side.value for side in program.sides],
        "stages": [stage.name for stage in program.stages],
        "history": {
            "bars": program.history.bars,
            "dates": program.history.dates,
            "unbounded": program.history.unbounded,
        },
    }


def _sarif(found: Found, _: bool) -> None:  # noqa: FBT001 - one signature for all styles
    runs = [run for name, made in found for run in as_sarif(made.findings, name)["runs"]]
    whole = as_sarif((), "")
    click.echo(json.dumps({**whole, "runs": runs}, ensure_ascii=False, indent=2))


def _github(found: Found, _: bool) -> None:  # noqa: FBT001 - one signature for all styles
    for name, made in found:
        if made.findings:
            click.echo(as_github(made.findings, name))


_STYLES: Final[Mapping[str, Callable[[Found, bool], None]]] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "github": _github,
}
