"""One minimal wrong strategy for every code: what is found, where it points and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dsl.codes import CODES
from dsl.compiler import compile_strategy
from dsl.diagnostics import Severity
from dsl.render import apply_edits
from tests.support.wrong_specs import (
    AROUND,
    CLOSED,
    HELD,
    HOLD,
    NAME,
    REWARD,
    TOO_WIDE,
    VALID,
    WIDE,
    WRONG,
    Wrong,
    asked,
)

if TYPE_CHECKING:
    from dsl.compilation import Compiled
    from dsl.diagnostics import Diagnostic

ALONGSIDE = {
    "E009_highest_of_nothing": {"E009"},
    "W120_window_across_days": {"W120", "W121"},
}
"""Cases that cannot do without another finding."""

SOFTER = {"W104_stage_of_a_session": Severity.NOTE}
"""Findings that matter less than their code usually does."""


def pointed_at(finding: Diagnostic, made: Compiled) -> str:
    """The text under the carets."""
    source = next(s for s in made.sources if s.name == (finding.span.file or NAME))
    line = source.line(finding.span.line)
    return line[finding.span.column - 1 :][: finding.span.length]


def test_the_strategy_that_the_cases_change_is_without_a_finding() -> None:
    assert compile_strategy(NAME, VALID.encode(), AROUND).findings == ()


def test_every_code_has_a_case() -> None:
    assert {case.code for case in WRONG} == set(CODES)
    assert len({case.name for case in WRONG}) == len(WRONG)


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.name)
def test_a_wrong_strategy_is_told_what_is_wrong_and_where(case: Wrong) -> None:
    made = case.compiled()

    finding = next(f for f in made.findings if f.code == case.code)
    assert finding.message == case.says
    assert pointed_at(finding, made) == case.at
    assert finding.severity is SOFTER.get(case.name, CODES[case.code].severity)
    assert finding.help
    assert (made.program is None) == (CODES[case.code].severity is Severity.ERROR)


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.name)
def test_one_mistake_is_one_finding(case: Wrong) -> None:
    codes = [finding.code for finding in case.compiled().findings]

    assert sorted(codes) == sorted(ALONGSIDE.get(case.name, {case.code}))


@pytest.mark.parametrize(
    "case", [c for c in WRONG if any(f.edit for f in c.findings())], ids=lambda case: case.name
)
def test_an_edit_that_is_certain_takes_the_finding_away(case: Wrong) -> None:
    mended = apply_edits(case.text, case.compiled().findings, NAME)

    assert mended != case.text
    after = compile_strategy(NAME, mended.encode(), AROUND).findings
    assert case.code not in {finding.code for finding in after}


BACK_WITH_CAPTURE = "{to: ranging, when: {fell: low < open}, capture: {fall: bar}}"
WIDE_LATE = "top.price - bottom.price > 40 pt and top.age > 30 min"

SILENT = {
    "a bar may close at its high": asked("close == high and open > low"),
    "a value so far, one bar ago": asked("high > ny.so_far.high[1]"),
    "the highest of the bars before": asked("close > highest(high, 20 bars before)"),
    "a shorter window against a longer one": asked(
        "highest(high, 20 bars) == highest(high, 50 bars)"
    ),
    "the session of the clock": asked("time >= 15:30 and time < 20:00"),
    "as old as the deadline lets it be": (
        (HELD, "            held: top.held >= 58 min\n"),
        (HOLD, ""),
    ),
    "a deadline in bars says nothing of minutes": (
        ("limit: 60 min", "limit: 60 bars"),
        ("range: 1 min .. 15 min", "range: 1 min .. 240 min"),
    ),
    "a capture that is asked for first": (
        (CLOSED, f"{CLOSED}        - {BACK_WITH_CAPTURE}\n"),
        (WIDE, WIDE + "            probe: exists fall and close > fall.high\n"),
    ),
    "a requirement that a parameter at 0 switches off": (
        (REWARD, REWARD + "  enough: close - target >= least * (stop - close)\n"),
        (HOLD, HOLD + "  least: {default: 0.0, range: 0.0 .. 5.0}\n"),
    ),
    "a switch that is off": (
        (HOLD, HOLD + "  careful: off\n"),
        (REWARD, REWARD + "  room: not careful or stop - close < 20 pt\n"),
    ),
    "a condition that is meant to be always true": asked("true"),
    "a tracker of another stage after its time": (
        (CLOSED, "          when: {closed_back: close < bottom.price, old: top.age > 90 min}\n"),
    ),
    "a wider rule after a narrower one": (
        (TOO_WIDE, f"{TOO_WIDE}        wide_late: {WIDE_LATE}\n"),
    ),
}  # fmt: skip
"""Changes of the strategy that make sense, though they look a little like those that do not."""


@pytest.mark.parametrize("name", SILENT)
def test_what_may_be_meant_is_not_complained_about(name: str) -> None:
    found = Wrong("", "", SILENT[name], "", "").compiled().findings

    assert [(finding.code, finding.message) for finding in found] == []


REASONABLE = {
    "the anchored mean price": "close > vwap(since ny) + 2 * atr(20 bars)",
    "a band of two deviations": "close > mean(close, 60 bars) + 2 * deviation(close, 60 bars)",
    "a long deviation": "high - low > deviation(close, 120 bars)",
    "shares of shares": "(high - low) / close > 0.001 and volume / mean(volume, 50 bars) > 1.5",
    "a percentile across days": "volume > percentile(volume, 90 %, 500 bars across days)",
    "the volume of a day": "sum(volume, since ny) > 1.5 * sum(volume, 60 bars)",
}


@pytest.mark.parametrize("name", REASONABLE)
def test_reasonable_arithmetic_never_overflows(name: str) -> None:
    made = Wrong("", "", asked(REASONABLE[name]), "", "").compiled()

    assert made.program is not None, made.findings
