"""How much of each proof is run: a share with `make test`, a real one in CI, all of it by night."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Share:
    """Sizes of the proofs. No kind is left out of any share: only seeds are.

    `seeds` of the crash sweep, of whose crash points each of `every_point` is tried; `kills`: real
    SIGKILLs; `days` of bars (0: hours of one) and `every_case` of the golden cases under the venue
    law; `alone`: seeds of each fault by itself; `crowds` of all faults; `pairs` of faults; `frames`
    mutated, each way; `soak`: trading dates.
    """

    name: str
    seeds: int
    every_point: int
    kills: int
    days: int
    every_case: int
    alone: int
    crowds: int
    pairs: int
    frames: int
    soak: int


SHARES: Final = {
    "test": Share("test", seeds=1, every_point=29, kills=6, days=0, every_case=24, alone=0,
                  crowds=1, pairs=0, frames=5_000, soak=1),
    "ci": Share("ci", seeds=20, every_point=7, kills=300, days=5, every_case=2, alone=1,
                crowds=12, pairs=40, frames=100_000, soak=10),
    "prove": Share("prove", seeds=40, every_point=1, kills=5_000, days=250, every_case=1, alone=10,
                   crowds=100, pairs=2_145, frames=500_000, soak=500),
}  # fmt: skip


def share() -> Share:
    """The share that the Hypothesis profile of this run stands for."""
    profile = os.environ.get("HYPOTHESIS_PROFILE", "dev")
    return SHARES.get(profile, SHARES["test"])
