"""Crash sweeps of the live desk in figures: `python -m tests.live_figures [--recoveries 5000]`.

Every point of every run is a crash: before a record, and after it with each number of commands
carried out; some crash a second time while they recover.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.support.live_sweep import PROFILES, Tally, sweep

KINDS = (
    "duplicate entry",
    "no armed stop for over 5 s",
    "orphan order",
    "lost or doubled execution",
    "position at the end",
    "the books do not add up",
    "a family is not done",
    "a latch was forgotten",
    "ended otherwise",
)


def main() -> int:
    """Print the table; 1 where anything was violated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recoveries", type=int, default=5_000, help="at least so many, together")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    wanted = parser.parse_args()
    began = time.perf_counter()
    tallies = {profile.name: Tally() for profile in PROFILES}
    seeds = 0
    while sum(one.recoveries for one in tallies.values()) < wanted.recoveries:
        for profile in PROFILES:
            tallies[profile.name] += sweep(wanted.first + seeds, profile)
        seeds += 1
    took = time.perf_counter() - began
    say(f"{'profile':32} recoveries  as if nothing  flat   fills  longest naked  violations")
    together = Tally()
    for name, one in tallies.items():
        together += one
        say(line(name, one))
    say(line("together", together))
    say(f"{seeds} seeds, {took:.0f} s, {together.recoveries / took * 60:.0f} recoveries a minute")
    for kind in KINDS:
        say(f"  {together.violations.pop(kind, 0):6} {kind}")
    for kind, count in together.violations.items():
        say(f"  {count:6} {kind}")
    for kind, where in together.first.items():
        say(f"first {kind}: {where}")
    return 1 if together.first else 0


def say(text: str) -> None:
    """A line for people."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def line(name: str, one: Tally) -> str:
    """One profile of the table."""
    return (
        f"{name:32} {one.recoveries:10} {one.equal:14} {one.otherwise:5} {one.fills:7} "
        f"{one.naked:11} ms {sum(one.violations.values()):11}"
    )


if __name__ == "__main__":
    sys.exit(main())
