"""How much of each proof is run: a share with `make test`, a real one in CI, all of it by night."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Share:
    """Sizes of the proofs. No kind is left out of any share: only seeds are.

    `kills`: real SIGKILLs; `weeks`: of one-minute bars under the venue law; `cases`: every so many
    golden cases; `pairs`: of faults; `recoveries`: of the crash sweep; `soak`: simulated days.
    """

    name: str
    kills: int
    days: int
    every_case: int
    pairs: int
    frames: int
    recoveries: int
    soak: int


SHARES: Final = {
    "test": Share("test", kills=12, days=1, every_case=16, pairs=4, frames=5_000,
                  recoveries=200, soak=2),
    "ci": Share("ci", kills=300, days=5, every_case=2, pairs=60, frames=100_000,
                recoveries=5_000, soak=20),
    "prove": Share("prove", kills=5_000, days=60, every_case=1, pairs=2_145, frames=200_000,
                   recoveries=20_000, soak=500),
}  # fmt: skip


def share() -> Share:
    """The share that the Hypothesis profile of this run stands for."""
    profile = os.environ.get("HYPOTHESIS_PROFILE", "dev")
    return SHARES.get(profile, SHARES["test"])
