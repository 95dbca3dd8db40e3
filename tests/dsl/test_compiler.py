from pathlib import Path

import pytest

from adapters.instruments import INSTRUMENTS
from dsl.compilation import Compiled, Surroundings
from dsl.compiler import compile_strategy
from dsl.ir.program import Program, Side
from dsl.ir.text import code_hash, program_hash, program_text

ROOT = Path(__file__).resolve().parents[2]
STRATEGIES = sorted((ROOT / "strategies").glob("*.yaml"))

KNOWN_WARNINGS = {
    # the author's two holding times are shorter than his dwell: they cannot decide anything
    "slob_5_1_creator": ["W111", "W111"],
}

SMALL = """\
lang: 1
strategy: small
instrument: NQ
sessions: {ny: {from: XNYS.open, to: XNYS.close}}
params:
  far: {default: 2 pt, range: 0 pt .. 10 pt}
when:
  in_ny: in ny
  up: close > high[1]
stop: low - far
target: close + 2 * far
"""


def compiled(text: str, **values: str) -> Compiled:
    around = Surroundings(instruments=INSTRUMENTS, values=values)
    return compile_strategy("small.yaml", text.encode(), around)


def program(text: str, **values: str) -> Program:
    made = compiled(text, **values)
    assert made.program is not None, made.findings
    return made.program


@pytest.mark.parametrize("path", STRATEGIES, ids=lambda path: path.stem)
def test_every_shipped_strategy_compiles_with_no_other_warning_than_known(path: Path) -> None:
    made = compile_strategy(
        path.name,
        path.read_bytes(),
        Surroundings(instruments=INSTRUMENTS),
    )

    assert made.program is not None
    warned = [(f.code, f.span.line) for f in made.findings if f.severity != "note"]
    assert [code for code, _ in warned] == KNOWN_WARNINGS.get(path.stem, [])


def test_formatting_and_comments_do_not_change_the_meaning() -> None:
    other = """\
# a comment
strategy:   small
lang: 1
instrument: "NQ"
sessions:
  ny:
    from: XNYS.open
    to:   XNYS.close
params: {far: {range: "0 pt .. 10 pt", default: 8 ticks}}
when: {in_ny: (in ny), up: "close>high[1]"}
stop: low-far
target: close + 2*far
"""

    assert program_text(program(SMALL)) == program_text(program(other))
    assert program_hash(program(SMALL)) == program_hash(program(other))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("high[1]", "high[2]"),
        ("up:", "rising:"),
        ("2 * far", "3 * far"),
        ("default: 2 pt", "default: 3 pt"),
        ("XNYS.close", "XNYS.close - 1 min"),
    ],
)
def test_what_changes_the_meaning_changes_the_hash(old: str, new: str) -> None:
    assert program_hash(program(SMALL)) != program_hash(program(SMALL.replace(old, new)))


def test_a_parameter_value_changes_the_program_but_not_its_code() -> None:
    before, after = program(SMALL), program(SMALL, far="3 pt")

    assert program_hash(before) != program_hash(after)
    assert code_hash(before) == code_hash(after)


def test_a_window_of_another_length_needs_more_history_but_no_other_code() -> None:
    text = SMALL.replace("params:", "params:\n  back: {default: 5 bars, range: 2 bars .. 30 bars}")
    text = text.replace("high[1]", "highest(high, back before across days)")
    before, after = program(text), program(text, back="20 bars")

    assert before.history.bars < after.history.bars
    assert code_hash(before) == code_hash(after)
    assert program_hash(before) != program_hash(after)


def test_a_set_value_goes_over_both_sides_and_is_checked_like_any_other() -> None:
    sided = SMALL.replace("default: 2 pt", "short: 2 pt, long: 3 pt")

    assert program(sided).params[0].long == 12
    assert program(sided, far="1 pt").params[0].long == 4
    assert program(sided, **{"far.long": "1 pt"}).params[0].short == 8

    both = program(SMALL, **{"far.long": "1 pt"}).params[0]
    assert (both.short, both.long) == (8, 4)
    bare = SMALL.replace("{default: 2 pt, range: 0 pt .. 10 pt}", "2 pt")
    both = program(bare, **{"far.short": "1 pt", "far.long": "3 pt"}).params[0]
    assert (both.short, both.long) == (4, 12)

    wrong = compiled(SMALL, far="0.4 pt")
    assert wrong.program is None
    assert [f.code for f in wrong.findings] == ["E010"]
    assert "--set far=0.4 pt" in wrong.findings[0].span.file


def test_a_name_that_cannot_be_set_is_told() -> None:
    made = compiled(SMALL, fat="1 pt")

    assert made.program is None
    assert made.findings[0].code == "E002"
    assert "`far`" in made.findings[0].help


def test_another_instrument_puts_prices_on_its_own_grid() -> None:
    gold = program(SMALL, instrument="GC")

    assert gold.instrument.symbol == "GC"
    assert gold.params[0].short == 20  # 2 points of 0.1


def test_short_is_written_unless_said_and_both_sides_run() -> None:
    made = program(SMALL)

    assert made.written is Side.SHORT
    assert made.sides == (Side.SHORT, Side.LONG)
    only = program(SMALL + "direction: {write: long, mirror: none}\n")
    assert only.sides == (Side.LONG,)


def test_the_compiler_says_where_in_which_file_of_a_variant() -> None:
    child = b"lang: 1\nstrategy: wider\nextends: small.yaml\nparams: {far: {default: 3 pips}}\n"
    around = Surroundings(instruments=INSTRUMENTS, read={"small.yaml": SMALL.encode()}.get)

    made = compile_strategy("wider.yaml", child, around)

    assert made.program is None
    assert [(f.code, f.span.file) for f in made.findings] == [("E011", "wider.yaml")]


def test_a_set_value_of_another_unit_is_itself_to_blame() -> None:
    made = compiled(SMALL, far="3 min")

    assert [(f.code, f.span.file) for f in made.findings] == [("E021", "--set far=3 min")]
