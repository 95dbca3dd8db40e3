"""SIGKILL, for real: an engine of its own process dies anywhere, and the next one goes on."""

from __future__ import annotations

import pytest

from adapters.ib.library import installed
from tests.proofs.killing import kills
from tests.proofs.share import share

pytestmark = [
    pytest.mark.law,
    pytest.mark.skipif(not installed(), reason="no client library is installed"),
]


def test_no_kill_costs_an_order_a_fill_or_a_stop() -> None:
    wanted = share().kills
    made = kills(wanted)

    assert dict(made.verdict.violations) == {}, made.verdict.first
    assert made.kills >= wanted
    assert len(made.recovery) > made.kills // 2
    assert made.verdict.fills > made.runs
