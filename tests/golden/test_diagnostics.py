"""Every diagnostic as a person sees it: one wrong strategy a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dsl.render import as_text
from tests.golden.extension import ROOT
from tests.support.wrong_specs import WRONG, Wrong

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

pytestmark = pytest.mark.golden


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.name)
def test_a_finding_looks_as_it_did(case: Wrong, golden: SnapshotAssertion) -> None:
    made = case.compiled()

    assert as_text(made.findings, made.sources) + "\n" == golden(name=f"diagnostics/{case.name}")


def test_every_file_belongs_to_a_case() -> None:
    found = {path.stem for path in (ROOT / "diagnostics").iterdir()}

    assert found == {case.name for case in WRONG}
