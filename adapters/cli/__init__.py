"""`engine`: the command line. Light to import: a verb's own parts come when the verb is asked for.

Exit status: 0 done; 1 the user's input has errors; 2 wrong usage; 3 the run could not go on;
130 interrupted. A mistake of the user is never a traceback.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERBS: Final[Mapping[str, tuple[str, str]]] = {
    "validate": ("validate", "Check a strategy file: what is wrong, where, and the way out."),
    "run": ("run", "Backtest a strategy: trades, statistics, the funnel."),
    "explain": ("explain", "Why it traded or did not, at a minute; what a diagnostic means."),
    "funnel": ("funnel", "How far setups come, what ends them, which condition alone is missing."),
    "compare": ("compare", "Two strategies or settings: trades that appear, vanish, move."),
    "sweep": (
        "sweep",
        "Many sets of parameters: which is best, and how much of it is luck.",
    ),
    "check": ("check", "Prove the engine's laws on your own strategy and bars."),
    "gateway": ("gateway", "A simulated Interactive Brokers gateway that replays a market."),
    "web": ("web", "The page: write a strategy, see why it trades or not, watch it live."),
    "live": ("live", "The engine that trades: how it stands, halt, resume, flatten, stop."),
    "unlatch": ("unlatch", "Clear what stopped the entries, with a reason."),
    "doctor": ("doctor", "Look at everything that live trading needs, before it trades."),
    "backup": ("backup", "Copy the live journal, proven; put a copy back."),
    "data": ("data", "Bring bars in, fetch them, check them, make synthetic ones."),
    "schema": ("schema", "The JSON Schema that makes editors complete strategy files."),
}
"""Each verb with its module in this package and a line of help, in the order of use."""

DONE, MISTAKE, USAGE, STUCK, INTERRUPTED = 0, 1, 2, 3, 130


class Verbs(click.Group):
    """The group of verbs, which imports a verb's module only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of the verbs."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The verb of that name, imported now."""
        if cmd_name not in VERBS:
            return None
        module, _ = VERBS[cmd_name]
        command: click.Command = importlib.import_module(f"{__name__}.{module}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that the first word names; one that is not there meets one like it."""
        if args and not args[0].startswith("-") and args[0] not in VERBS:
            from dsl.nearest import nearest  # noqa: PLC0415 - only for a slip of the pen

            likely = nearest(args[0], VERBS)
            meant = f"did you mean `{likely}`?" if likely else f"there are {', '.join(VERBS)}"
            raise click.UsageError(f"there is no verb `{args[0]}`: {meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The verbs in the help text, without importing one."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, line) for name, (_, line) in VERBS.items()])


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - click's
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - 40 ms, and only here

        click.echo(f"engine {version('slob-engine')}")
        ctx.exit()


@click.command(
    cls=Verbs,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: engine run strategies/slob_5_1.yaml. Each verb has its own --help.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Say which version this is.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
@click.pass_context
def command(ctx: click.Context, *, debug: bool) -> None:  # noqa: ARG001 - read by `main`
    """Trade by rules: one strategy file, one meaning, in backtest and live, and explained."""
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit status."""
    # a short process makes few cycles worth collecting, and pydantic's search for plugins in
    # every installed package would cost more than the validation itself
    gc.set_threshold(100_000)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "true")
    status = status_of(sys.argv[1:] if arguments is None else list(arguments))
    gc.freeze()  # what is about to end need not be searched for cycles: 20 ms after a run
    sys.exit(status)


def status_of(arguments: list[str]) -> int:
    """Run the command line of these words; its exit status."""
    try:
        return _printed(arguments)
    except BrokenPipeError:
        _abandon_output()
        return DONE  # whoever read has read enough
    except OSError as refused:
        _abandon_output()
        _say(f"the output cannot be written: {refused.strerror or refused}", "make room for it")
        return STUCK


def _printed(arguments: list[str]) -> int:
    """The exit status, once everything that was printed has left the process."""
    try:
        status = _ran(arguments)
    finally:
        sys.stdout.flush()
    return status


def _ran(arguments: list[str]) -> int:
    words = [word for word in arguments if word != "--debug"]
    as_json = "--json" in words
    try:
        left = _uninterrupted(words)
    except click.ClickException as mistake:
        if as_json:
            _print_json({"error": type(mistake).__name__, "message": mistake.format_message()})
        mistake.show()
        return mistake.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.secho("interrupted", err=True, fg="yellow")
        return INTERRUPTED
    except MemoryError:
        message, remedy = "there is not enough memory for this", "use fewer bars: --from, --to"
        if as_json:
            _print_json({"error": "MemoryError", "message": message, "remedy": remedy})
        _say(message, remedy)
        return STUCK
    except OSError:
        raise
    except Exception as fault:  # noqa: BLE001 - the last line of defence, said as what it is
        return _internal(fault, words, as_json=as_json, debug=len(words) < len(arguments))
    return left if isinstance(left, int) else DONE


def _uninterrupted(words: list[str]) -> Any:
    """What the verb returned. click would turn a closed pipe into status 1 without a word."""
    try:
        return command.main(words, prog_name="engine", standalone_mode=False)
    except SystemExit as left:
        if isinstance(left.__context__, BrokenPipeError):
            raise left.__context__ from None
        raise


def _internal(fault: Exception, words: list[str], *, as_json: bool, debug: bool) -> int:
    what = f"{type(fault).__name__}: {fault}".splitlines()[0]
    message = f"this is a mistake of the engine, not yours: {what}"
    remedy = "please report it with the words `engine --debug " + " ".join(words) + "` print"
    if as_json:
        _print_json({"error": "InternalError", "message": message, "remedy": remedy})
    if debug:
        import traceback  # noqa: PLC0415 - only for who asked

        traceback.print_exception(fault)
    _say(message, remedy)
    return STUCK


def _say(message: str, remedy: str) -> None:
    click.secho(f"error: {message} ({remedy})", err=True, fg="red")


def _print_json(document: object) -> None:
    import json  # noqa: PLC0415 - start-up in milliseconds

    click.echo(json.dumps(document, ensure_ascii=False))


def _abandon_output() -> None:
    """Send what is still to be written nowhere, so that leaving does not try once more."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):  # standard output is no file here
        pass
