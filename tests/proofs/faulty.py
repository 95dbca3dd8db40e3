"""Every fault of the gateway, alone and in pairs, struck through the running engine.

A short market of many trades is played while faults strike; then the judge looks. What must hold for
each of them is one list of zeros; what one of them must bring about besides is in `SEEN`.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Self

from adapters.gateway.faults import FAULTS, Chance, plans
from adapters.synth import synthesize
from tests.proofs.judge import RAISED, STUCK, Verdict, judged
from tests.proofs.rig import SCALP, Outcome, Scene, played
from tests.support.bars import minute_of
from tests.support.shipped import CALENDARS, program_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DAY = "2025-10-08"
HISTORY, TRADED, AFTER = 30, 30, 10

ODDS: dict[Chance, str] = {
    Chance.MOMENT: "~0.15x4",
    Chance.REQUEST: "~0.1x4",
    Chance.ORDER: "~0.2x6",
    Chance.CHANGE: "~0.5x4",
    Chance.CANCEL: "~0.5x4",
    Chance.FILL: "~0.3x6",
    Chance.DATA: "~0.2x5",
    Chance.CONNECT: "#2",
}
"""When a fault strikes, by what its opportunities are."""
