"""The command line as a whole: help, exit statuses, streams, signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from adapters.cli import VERBS, validate
from tests.adapters.cli.conftest import SLOB

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.cli.conftest import Said

FULL = Path("/dev/full")
HEAVY = ("numpy", "pandas", "numba", "pyarrow", "lark", "pydantic", "rich", "exchange_calendars")


def process(*words: str, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "adapters.cli", *words],
        stdout=more.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def imported_by(*words: str) -> set[str]:
    """The top-level modules that a command imports."""
    program = "import sys; from adapters.cli import status_of; status_of(sys.argv[1:]); "
    program += "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    ran = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=True
    )
    return set(ran.stderr.split())


def test_help_names_every_verb_and_imports_nothing_heavy(engine: Callable[..., Said]) -> None:
    said = engine("--help")
    assert said.status == 0
    assert all(f"  {verb}" in said.out for verb in VERBS)
    assert "Example:" in said.out
    assert imported_by("--help").isdisjoint({*HEAVY, "dsl", "engine"})


def test_validate_needs_neither_numpy_nor_what_brings_it() -> None:
    assert imported_by("validate", SLOB).isdisjoint(set(HEAVY) - {"lark", "pydantic"})


@pytest.mark.parametrize("verb", list(VERBS))
def test_every_verb_has_help_with_an_example(verb: str, engine: Callable[..., Said]) -> None:
    said = engine(verb, "--help")
    assert said.status == 0
    if verb != "data":  # its own verbs have them
        assert "Example" in said.out


def test_version_names_the_program(engine: Callable[..., Said]) -> None:
    said = engine("--version")
    assert (said.status, said.out.split()[0]) == (0, "engine")


def test_a_verb_that_is_not_there_meets_one_like_it(engine: Callable[..., Said]) -> None:
    said = engine("rnu", SLOB)
    assert said.status == 2
    assert "did you mean `run`?" in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["run", SLOB, "--nosuch"],
        ["run", SLOB, "--from", "yesterday"],
        ["run", SLOB, "--from", "2025-11-02", "--to", "2025-11-01"],
        ["run", SLOB, "--set", "rr_min"],
        ["run", SLOB, "--equity", "0"],
        ["run", SLOB, "--equity", "many"],
        ["run", SLOB, "--equity", "nan"],
        ["run", SLOB, "--commission", "-1"],
        ["run", SLOB, "--slippage", "-1"],
        ["run", SLOB, "--instrument", "NNQ"],
        ["run", SLOB, "--adapter", "metatrader"],
        ["run", "nosuch.yaml"],
        ["run", "strategies"],
        ["run", SLOB + "\0"],
        ["validate"],
        ["explain", SLOB],
        ["explain", "E999"],
        ["explain", SLOB, "--at", "noon"],
        ["compare", SLOB],
        ["compare", SLOB, SLOB],
    ],
)
def test_wrong_usage_leaves_with_2_and_says_what_is_wrong(
    words: list[str], engine: Callable[..., Said]
) -> None:
    said = engine(*words)
    assert said.status == 2
    assert said.out == ""
    assert "Error: " in said.err
    assert "Traceback" not in said.err


def test_wrong_usage_with_json_is_one_document_on_standard_output(
    engine: Callable[..., Said],
) -> None:
    said = engine("run", "nosuch.yaml", "--json")
    assert said.status == 2
    assert json.loads(said.out)["error"] == "UsageError"


def test_a_near_name_of_a_strategy_is_suggested(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    file = spec(name="breakout.yaml")
    said = engine("validate", file.with_name("braekout.yaml"))
    assert f"did you mean {file}?" in said.err


# --- our own mistakes -----------------------------------------------------------------------


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A verb with a bug in it."""

    @click.command("validate")
    def command() -> None:
        raise ZeroDivisionError("a slip\nof ours")

    monkeypatch.setattr(validate, "command", command)


@pytest.mark.usefixtures("broken")
def test_an_internal_error_is_one_line_with_what_to_report(engine: Callable[..., Said]) -> None:
    said = engine("validate")
    assert said.status == 3
    assert "a mistake of the engine, not yours: ZeroDivisionError: a slip" in said.err
    assert "engine --debug validate" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("words", [["--debug", "validate"], ["validate", "--debug"]])
def test_debug_shows_the_traceback(words: list[str], engine: Callable[..., Said]) -> None:
    said = engine(*words)
    assert said.status == 3
    assert "Traceback" in said.err


@pytest.mark.parametrize("ending", [KeyboardInterrupt, click.Abort])
def test_an_interrupted_verb_leaves_with_130(
    ending: type[BaseException], engine: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command("validate")
    def command() -> None:
        raise ending

    monkeypatch.setattr(validate, "command", command)
    said = engine("validate")
    assert said.status == 130
    assert "Traceback" not in said.err


# --- a process of its own -------------------------------------------------------------------


def test_control_c_leaves_with_130_and_no_traceback() -> None:
    running = process("check", SLOB, "--rounds", "10000")
    time.sleep(2.5)
    assert running.poll() is None
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert (out, err.strip()) == ("", "interrupted")


def test_a_closed_pipe_is_quiet() -> None:
    ours, theirs = os.pipe()
    running = process("schema", stdout=theirs)
    os.close(theirs)
    os.read(ours, 1)
    os.close(ours)
    _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, "")


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_full_disk_under_standard_output_leaves_with_3() -> None:
    with FULL.open("w") as full:
        running = process("schema", stdout=full)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 3
    assert "the output cannot be written" in err
    assert "Traceback" not in err


def test_the_module_runs_like_the_script() -> None:
    running = process("validate", SLOB, "--json")
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0
    assert json.loads(out)["program"]["name"] == "slob_5_1"
    assert err == ""


@pytest.mark.parametrize(("variable", "coloured"), [("", True), ("1", False)])
def test_no_color_is_heeded_on_a_terminal(variable: str, *, coloured: bool, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("lang: 1\nstrategy: bad\ninstrumnt: NQ\n")
    assert ("\x1b[" in on_terminal("validate", str(bad), NO_COLOR=variable)) is coloured


def test_tables_are_drawn_on_a_terminal() -> None:
    shown = on_terminal("funnel", SLOB, "--bars", "0", "--from", "2025-12-01", NO_COLOR="1")
    assert "─" in shown
    assert "consolidation" in shown


def on_terminal(*words: str, **environment: str) -> str:
    """What a command shows on a terminal of its own."""
    ours, theirs = os.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "adapters.cli", *words],
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "150", **environment},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end has closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    running.wait(timeout=60)
    return shown.decode()
