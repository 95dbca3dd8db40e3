"""What was traded live beside its replay, from a journal that was really written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.workshop.errors import BadInput, NotFound
from adapters.workshop.runnable import Runnable
from tests.adapters.workshop.ran import STRATEGIES
from tests.adapters.workshop.traded import TRADED, journal

if TYPE_CHECKING:
    from pathlib import Path


def test_a_live_run_equals_the_replay_of_its_own_bars() -> None:
    (told,) = Runnable(STRATEGIES, str(journal())).lived(TRADED)
    assert told["equal"]
    assert told["sums"]["live"] == told["sums"]["official"]


def test_a_strategy_that_was_not_traded_is_refused() -> None:
    with pytest.raises(NotFound, match="not traded by this program"):
        Runnable(STRATEGIES, str(journal())).lived("slob_5_1")


def test_a_journal_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no journal"):
        Runnable(STRATEGIES, str(tmp_path / "none.db")).lived(TRADED)


def test_a_strategy_that_is_not_there_is_refused() -> None:
    with pytest.raises((NotFound, BadInput), match="there is no strategy"):
        Runnable(STRATEGIES, str(journal())).lived("../../etc/passwd")
