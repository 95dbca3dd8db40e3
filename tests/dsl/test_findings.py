"""One minimal wrong strategy for every code: what is found, where it points and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dsl.codes import CODES
from dsl.compiler import compile_strategy
from dsl.diagnostics import Severity
from dsl.render import apply_edits
from tests.support.wrong_specs import AROUND, NAME, VALID, WRONG, Wrong

if TYPE_CHECKING:
    from dsl.compiler import Compiled
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
