"""Every fault through the running engine: in crowds, alone, in pairs, as much as the share says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.gateway.faults import FAULTS
from adapters.ib.library import installed
from tests.proofs.faulty import HARMLESS, Struck, alone, crowds, pairs, struck
from tests.proofs.share import share

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = [
    pytest.mark.law,
    pytest.mark.skipif(not installed(), reason="no client library is installed"),
]

SHARE = share()
CROWD = 17
"""Faults in one run of a crowd."""


def survived(chosen: Iterable[tuple[tuple[str, ...], int]]) -> Struck:
    made = Struck()
    for names, seed in chosen:
        made += struck(names, seed)
    assert dict(made.verdict.violations) == {}, made.verdict.first
    return made


def test_what_is_said_to_be_harmless_is_there() -> None:
    assert set(FAULTS) >= HARMLESS


def test_every_fault_in_a_crowd_of_others_costs_nothing() -> None:
    made = survived(crowds(CROWD, seed=1))
    assert len(made.strikes) > len(FAULTS) // 2


@pytest.mark.skipif(SHARE.name == "test", reason="a run of each: HYPOTHESIS_PROFILE=ci")
@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_alone_costs_nothing(name: str) -> None:
    survived(one for one in alone() if one[0] == (name,))


def test_pairs_of_faults_cost_nothing() -> None:
    survived(pairs(SHARE.pairs, seed=2))
