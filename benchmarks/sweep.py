"""A thousand sets of parameters over the yardstick's 250 days, beside its sweeps."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

import numpy as np

from adapters.calendars import ExchangeCalendars
from benchmarks.rules import ROOT, program_of
from benchmarks.timing import interleaved, peak_megabytes, table
from benchmarks.yardstick import Yardstick
from engine.execution import state as at
from engine.execution.terms import Terms
from engine.machine.forms import Form
from engine.run import Strategy, prepare
from engine.sweep.deciding import Compiled
from engine.sweep.ground import Grounds, Swept
from engine.sweep.sweeper import Sweeper

if TYPE_CHECKING:
    from engine.domain.market import Ints, Reals
    from engine.run import Prepared
    from engine.sweep.outcomes import Outcomes

SPEC: Final = ROOT / "docs" / "examples" / "benchmark_sweep.yaml"
SETS: Final = 1000
THREADS: Final = 2
POINT_VALUE: Final = 20  # of the NQ
# our name, the yardstick's, lowest and highest whole number and step, and how many make one
AXES: Final = (
    ("nowick_ratio", "nowick_ratio", 100_000, 400_000, 10_000, 1_000_000),
    ("range_min", "range_min", 500, 2_000, 100, 10_000),
    ("range_max", "range_max", 3_000, 8_000, 250, 10_000),
    ("consol_max", "consol_max", 60, 180, 10, 1),
    ("liq2_wait", "liq2_wait", 3, 8, 1, 1),
    ("liq2_max", "liq2_max", 15, 40, 1, 1),
    ("entry_max", "entry_max", 10, 40, 1, 1),
    ("retrace_points", "retrace_points", 160, 600, 20, 4),
    ("retrace_share", "retrace_frac", 5_000, 20_000, 1_000, 1_000_000),
    ("stop_buffer", "sl_buf", 0, 16, 1, 4),
    ("spike_buffer", "spike_buf", 0, 16, 1, 4),
    ("target_buffer", "tp_buf", 0, 16, 1, 4),
)
NAMES: Final = tuple(axis[0] for axis in AXES)


def sets_of(count: int, seed: int = 1) -> list[tuple[int, ...]]:
    """Random sets: what the hoisting sweep of the yardstick may change, and nothing else."""
    chance = Random(seed)
    return [
        tuple(chance.randrange(low, high + 1, step) for _, _, low, high, step, _ in AXES)
        for _ in range(count)
    ]


def params_of(sets: list[tuple[int, ...]], make: type) -> list[object]:
    """The same sets as the yardstick writes them."""
    return [
        make(
            **{
                axis[1]: value if axis[5] == 1 else value / axis[5]
                for axis, value in zip(AXES, one, strict=True)
            }
        )
        for one in sets
    ]


def setups_on_the_fill(prepared: Prepared, sets: list[tuple[int, ...]]) -> Ints:
    """How many setups of each set have stop and target on their sides of the next bar's open.

    The yardstick counts only these; ours are refused on the fill where they would be filled.
    """
    swept = Swept.of(prepared, NAMES)
    ground = Grounds(prepared, swept, most=1).at(sets[0])
    params = {
        side: swept.params(np.array(sets, np.int64), side) for side in prepared.strategy.machines
    }
    found = []
    offers = Compiled(prepared).offers(ground, params)
    for number in range(len(sets)):
        rows = offers.of(number).reshape(-1, at.OFFER_TARGETS + 1)
        paid = prepared.market.open[rows[:, at.OFFER_ROW] + 1]
        sign = 2 * rows[:, at.OFFER_SIDE] - 1
        risk = sign * (paid - rows[:, at.OFFER_STOP])
        reward = sign * (rows[:, at.OFFER_TARGETS] - paid)
        found.append(int(((risk > 0) & (reward > 0)).sum()))
    return np.array(found)


def identity(prepared: Prepared, sets: list[tuple[int, ...]], ours: Outcomes, theirs: Reals) -> str:
    """In how many sets setups, trades and points won are the yardstick's."""
    points = ours.figures["net"][:, 0] / POINT_VALUE
    same = {
        "setups": setups_on_the_fill(prepared, sets) == theirs[:, 0],
        "trades": ours.figures["trades"][:, 0] == theirs[:, 1],
        "points won": points == theirs[:, 2],
    }
    counts = ", ".join(f"{name} in {int(which.sum()):,}" for name, which in same.items())
    return f"the same as the yardstick's in {len(sets):,} sets: {counts}"


def sweep_table(count: int = SETS, rounds: int = 3) -> str:
    """Ours beside the yardstick's sweeps on two threads, in turn in one process."""
    yardstick = Yardstick("250d")
    strategy = Strategy(program_of(SPEC))
    market = yardstick.market(strategy.program.instrument)
    prepared = prepare(strategy, market, ExchangeCalendars())
    sets = sets_of(count)
    sweeper = Sweeper(prepared, NAMES, Terms(), form=Form.COMPILED)
    ours = sweeper.run(sets, THREADS)
    peak = peak_megabytes()
    sweeps = yardstick.sweeps(params_of(sets, yardstick.params), THREADS)
    times = interleaved(
        {"ours": lambda: sweeper.run(sets, THREADS), **sweeps},
        rounds,
    )
    cells = len(market) * count
    rows: list[tuple[str, ...]] = [
        (
            name,
            f"{times[name].best:.2f} s",
            f"{times[name].best / cells * 1e9:.2f}",
            f"{times['ours'].best / times[name].best:.2f}",
        )
        for name in times
    ]
    head = (f"{count:,} sets x {len(market):,} bars", "time", "ns a bar and set", "ours x it")
    reference = sweeps["numba, hoisted"]()
    return "\n".join(
        [
            table(head, rows),
            "",
            f"peak memory of ours {peak:.0f} MB (the yardstick's data and columns included)",
            identity(prepared, sets, ours, reference),
        ]
    )
