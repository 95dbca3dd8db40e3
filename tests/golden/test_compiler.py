"""The canonical IR of every shipped strategy: what it means, whatever its file looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dsl.ir.text import code_hash, program_hash, program_text
from tests.support.shipped import SHIPPED, program_of

if TYPE_CHECKING:
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

pytestmark = pytest.mark.golden


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_strategy_means_what_it_meant(file: Path, golden: SnapshotAssertion) -> None:
    program = program_of(file)
    head = f"program {program_hash(program)}, code {code_hash(program)}"

    assert f"{head}\n\n{program_text(program)}" == golden(name=f"compiler/{file.stem}.ir")
