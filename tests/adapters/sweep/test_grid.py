"""The words of `--grid`: what they name, exactly, and what is refused with its place."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.instruments import INSTRUMENTS
from adapters.sweep.grid import OPTION, Reading, WrittenAxis, read_axes
from dsl.compilation import Surroundings
from dsl.compiler import compile_strategy
from dsl.ir.program import Program, Side
from dsl.quantities import plain

SPEC = b"""\
lang: 1
strategy: swept
instrument: NQ
params:
  wait:   {default: 3 bars, range: 1 bar .. 10 bars}
  dwell:  {default: 1 h, range: 0 min .. 240 min, step: 10 min}
  far:    {default: 2 pt, range: -5 pt .. 5 pt, step: 0.25 pt}
  share:  {default: 0.5 %, range: 0 % .. 2 %}
  ratio:  {default: 1.5, range: 0.0 .. 5.0}
  many:   {default: 2 contracts, range: 1 contract .. 9 contracts}
  cash:   {default: 100 USD, range: 0 USD .. 5000 USD}
  free:   3 bars
  on:     on
  at:     09:30
  sizing: {default: fixed_risk, choices: [fixed_risk, atr]}
when:
  jump: close > close[wait] + far
stop: low - 5 pt
target: close + 10 pt
risk: {sizing: sizing, max: many}
"""


@pytest.fixture(scope="module")
def program() -> Program:
    made = compile_strategy("swept.yaml", SPEC, Surroundings(instruments=INSTRUMENTS))
    assert made.program is not None, made.findings
    return made.program


def one(reading: Reading) -> WrittenAxis:
    assert not reading.findings, reading.findings
    (axis,) = reading.axes
    return axis


@pytest.mark.parametrize(
    ("word", "texts"),
    [
        ("wait=1..4/1", ["1 bars", "2 bars", "3 bars", "4 bars"]),
        ("wait = 1 bar .. 4 bars / 1 bar", ["1 bars", "2 bars", "3 bars", "4 bars"]),
        ("wait=1..4/2", ["1 bars", "3 bars"]),
        ("wait=7", ["7 bars"]),
        ("wait=7,2,7,3", ["2 bars", "3 bars", "7 bars"]),
        ("wait=1,5..9/2", ["1 bars", "5 bars", "7 bars", "9 bars"]),
        ("dwell=0..30", ["0 min", "10 min", "20 min", "30 min"]),
        ("dwell=1 h..2 h/30", ["60 min", "90 min", "120 min"]),
        ("far=-0.5..0.25", ["-0.5 pt", "-0.25 pt", "0 pt", "0.25 pt"]),
        ("far=1 tick..3 ticks/2 ticks", ["0.25 pt", "0.75 pt"]),
        ("share=0.1..0.3/0.1", ["0.1 %", "0.2 %", "0.3 %"]),
        ("ratio=0..1/0.25", ["0", "0.25", "0.5", "0.75", "1"]),
        ("cash=0..300/150", ["0 USD", "150 USD", "300 USD"]),
        ("on=on,off", ["off", "on"]),
        ("at=09:30..10:30/30 min", ["09:30", "10:00", "10:30"]),
        ("at=10:30,09:30", ["09:30", "10:30"]),
        ("sizing=atr,fixed_risk", ["atr", "fixed_risk"]),
    ],
)
def test_values_are_read_as_they_are_written(program: Program, word: str, texts: list[str]) -> None:
    axis = one(read_axes(program, [word]))
    assert sorted(axis.texts) == sorted(texts)
    if axis.ordered:
        assert list(axis.texts) == texts


def test_one_side_of_a_parameter_can_be_swept(program: Program) -> None:
    reading = read_axes(program, ["wait.long=1..2/1", "wait.short=3"])
    assert [axis.name for axis in reading.axes] == ["wait.long", "wait.short"]
    assert reading.axes[0].side is Side.LONG
    assert not reading.findings


@pytest.mark.parametrize(
    ("word", "code", "place", "says"),
    [
        ("wait=0..4/1", "E012", "0", "its range is 1 bars .. 10 bars"),
        ("wait=1..11/1", "E012", "11", "cannot be 11 bars"),
        ("wiat=1..4/1", "E002", "wiat", "there is no parameter `wiat`"),
        ("wait.lng=1", "E002", "wait.lng", "no side `lng`"),
        ("wait=1..4", "E013", "1..4", "in what steps"),
        ("wait=4..1/1", "E013", "4..1", "backwards"),
        ("wait=1..4/0", "E013", "0", "more than nothing"),
        ("wait=1..4/-1", "E013", "-1", "more than nothing"),
        ("wait=1 min..4 min/1", "E021", "1 min", "is minutes"),
        ("wait=1..4/1 min", "E021", "1 min", "is minutes"),
        ("wait=1.5", "E001", "1.5", "not a whole number"),
        ("wait=one", "E001", "one", "is not a quantity"),
        ("wait=1..", "E001", "", "is not a quantity"),
        ("wait=1...4/1", "E001", ".4", "is not a quantity"),
        ("wait=1..4/", "E001", "", "is not a quantity"),
        ("wait=1,,2", "E001", "", "a value is missing"),
        ("wait=", "E001", "", "a value is missing"),
        ("wait", "E001", "wait", "names no values"),
        ("=1", "E002", "", "there is no parameter"),
        ("far=0.1", "E010", "0.1", "the tick of NQ is 0.25"),
        ("far=0..1/0.1", "E010", "0.1", "the tick of NQ is 0.25"),
        ("ratio=0..5/0.0000001", "E001", "0.0000001", "too many decimals"),
        ("ratio=0..5/0.000001", "E013", "0..5/0.000001", "5,000,001 values"),
        ("sizing=atr..fixed_risk", "E013", "atr..fixed_risk", "no values between"),
        ("sizing=atrr", "E012", "atrr", "not a choice"),
        ("on=maybe", "E001", "maybe", "is not a quantity"),
        ("on=1", "E021", "1", "write it as the file does: on"),
        ("at=9", "E021", "9", "write it as the file does: 09:30"),
    ],
)
def test_what_is_refused_is_pointed_at(
    program: Program, word: str, code: str, place: str, says: str
) -> None:
    reading = read_axes(program, [word])
    assert not reading.axes
    (found,) = reading.findings
    assert found.code == code
    assert says in f"{found.message} {found.help}"
    line, span = OPTION + word, found.span
    assert span.file == line
    assert line[span.column - 1 : span.column - 1 + len(place)] == place
    assert span.length == max(1, len(place))
    assert any(source.name == span.file and source.text == line for source in reading.sources)


@pytest.mark.parametrize("words", [["wait=1", "wait=2"], ["wait=1", "wait.long=2"]])
def test_a_parameter_is_swept_once(program: Program, words: list[str]) -> None:
    reading = read_axes(program, words)
    (found,) = reading.findings
    assert found.code == "E008"
    assert found.span.file == OPTION + words[1]


def test_every_bad_word_is_told(program: Program) -> None:
    reading = read_axes(program, ["wiat=1", "wait=0", "ratio=1..2/1"])
    assert [found.code for found in reading.findings] == ["E002", "E012"]
    assert [axis.name for axis in reading.axes] == ["ratio"]


# --- always ---------------------------------------------------------------------------------

RANGES = {"wait": (1, 10), "dwell": (0, 240), "far": (-20, 20), "share": (0, 20_000),
          "ratio": (0, 5_000_000), "many": (1, 9), "cash": (0, 500_000)}  # fmt: skip


@st.composite
def ranges(draw: st.DrawFn) -> tuple[str, int, int, int]:
    name = draw(st.sampled_from(sorted(RANGES)))
    least, most = RANGES[name]
    low, high = sorted((draw(st.integers(least, most)), draw(st.integers(least, most))))
    step = draw(st.integers(max(1, (high - low) // 2_000), max(1, high - low + 3)))
    return name, low, high, step


@given(asked=ranges(), units=st.booleans(), spaced=st.booleans())
def test_a_range_has_its_count_and_its_ends_exactly(
    program: Program, asked: tuple[str, int, int, int], *, units: bool, spaced: bool
) -> None:
    name, low, high, step = asked
    (param,) = (param for param in program.params if param.name == name)
    unit = f" {param.unit}" if units else ""
    a, b, by = (f"{plain(Fraction(value) / param.scale)}{unit}" for value in (low, high, step))
    gap = " " if spaced else ""
    axis = one(read_axes(program, [f"{name}{gap}={gap}{a}{gap}..{gap}{b}{gap}/{gap}{by}"]))
    assert len(axis.values) == (high - low) // step + 1
    assert axis.values == tuple(low + step * number for number in range(len(axis.values)))
    assert high - axis.values[-1] < step


@given(
    name=st.sampled_from([*sorted(RANGES), "on", "at", "sizing"]),
    data=st.data(),
    side=st.sampled_from(["", ".short", ".long"]),
)
def test_an_axis_is_printed_as_the_word_that_makes_it(
    program: Program, name: str, data: st.DataObject, side: str
) -> None:
    limits = {**RANGES, "on": (0, 1), "at": (0, 1439)}
    (param,) = (param for param in program.params if param.name == name)
    least, most = limits.get(name, (0, len(param.choices) - 1))
    values = data.draw(
        st.one_of(
            st.lists(st.integers(least, most), min_size=1, max_size=9, unique=True),
            st.builds(
                lambda low, step: list(range(low, most + 1, step))[:50],
                st.integers(least, most),
                st.integers(1, max(1, most - least)),
            ),
        )
    )
    made = WrittenAxis(param, Side(side[1:]) if side else None, tuple(values))
    again = one(read_axes(program, [str(made)]))
    assert again.name == f"{name}{side}"
    assert again.values == tuple(sorted(values) if made.ordered else values)
    assert str(one(read_axes(program, [str(again)]))) == str(again)


@given(word=st.text(st.sampled_from("wait.rofzs=,/0123456789 -:%hmnpbl\u00e9\n\x00"), max_size=40))
def test_no_word_ends_in_a_traceback(program: Program, word: str) -> None:
    reading = read_axes(program, [word])
    assert bool(reading.axes) != bool(reading.findings)
