"""The script of planted bugs keeps up with the code it plants them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.planted_bugs import BUGS, ROOT

if TYPE_CHECKING:
    from tests.support.planting import Bug


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_fits_exactly_one_place_and_its_tests_exist(bug: Bug) -> None:
    text = (ROOT / bug.file).read_text("utf-8")
    assert text.count(bug.old) == 1
    assert bug.new != bug.old
    if bug.file.endswith(".py"):
        compile(text.replace(bug.old, bug.new), bug.file, "exec")  # else no test could run
    assert all((ROOT / path).exists() for path in bug.tests if path.startswith("tests/"))


def test_no_two_bugs_share_a_name() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= 12
