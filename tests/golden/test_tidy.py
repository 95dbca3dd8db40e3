"""Nothing lies about in golden/: every file there is read by a test, and every case is whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.golden.cases import CASES, names, read_case
from tests.golden.extension import ROOT
from tests.support.shipped import SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.golden

OF_A_CASE = ("case.yaml", "bars.csv", "expected/journal.txt", "expected/trades.txt",
             "expected/summary.txt")  # fmt: skip
NAME = re.compile(r"\d{4}-\d\d-\d\d_(short|long)_[a-z0-9_]+")
OTHERS = "diagnostics"
"""Golden files of the compiler's findings have a test of their own."""


def known() -> set[Path]:
    """Every file a golden test reads or writes."""
    cases = {CASES / name / part for name in names() for part in OF_A_CASE}
    programs = {ROOT / "compiler" / f"{file.stem}.ir.txt" for file in SHIPPED}
    runs = {ROOT / "runs" / f"slob_5_1_sample{what}.txt" for what in ("", "_trades")}
    return {*cases, *programs, *runs, ROOT / "README.md"}


def test_every_file_is_one_that_a_test_knows() -> None:
    found = {path for path in ROOT.rglob("*") if path.is_file()}

    assert {path for path in found if path.relative_to(ROOT).parts[0] != OTHERS} == known()


@pytest.mark.parametrize("name", names())
def test_a_case_says_what_it_is_and_why(name: str) -> None:
    case = read_case(CASES / name)

    assert NAME.fullmatch(name)
    assert case.title
    assert case.why
    assert case.confirmed
    assert case.reflects == "" or case.reflects in names()


def test_every_end_of_both_slobs_has_a_case_on_each_side() -> None:
    """What the stages, the filters and the requirements of the two strategies can end by."""
    told = {name: (CASES / name / "expected/journal.txt").read_text("utf-8") for name in names()}

    for side in ("short", "long"):
        for strategy in ("slob_5_1.yaml", "slob_5_1_creator.yaml"):
            mine = [told[name] for name in names() if read_case(CASES / name).strategy == strategy]
            for stage, reason in ENDS[strategy]:
                end = re.compile(rf"{side}/\d+ +(dead|duplicate) +{stage} +{reason} ")
                assert any(end.search(text) for text in mine), (strategy, side, stage, reason)


COMMON = [
    *((stage, reason) for stage in ("consolidation", "armed", "trigger")
      for reason in ("gap", "session_over")),
    ("consolidation", "consolidation_timeout"), ("consolidation", "duplicate"),
    ("consolidation", "too_many_candidates"), ("armed", "retraced"), ("armed", "liq2_timeout"),
    ("trigger", "retraced"), ("trigger", "entry_timeout"), ("trigger", "stop_beyond_entry"),
    ("trigger", "positive_reward"), ("trigger", "reward_to_risk"),
]  # fmt: skip
ENDS = {
    "slob_5_1.yaml": COMMON,
    "slob_5_1_creator.yaml": [
        *COMMON, ("consolidation", "range_too_wide"), ("armed", "no_calm_bar")
    ],
}  # fmt: skip
