"""The figures of live trading in one table: `python -m tests.live_figures [--share ci] [--json]`.

Everything that must be zero is asserted: the status is 1 where anything was violated. `test` takes
a minute or two on two cores, `ci` about a quarter of an hour, `prove` a night.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

from tests.proofs.figures import SECTIONS, Report, tasks
from tests.proofs.share import SHARES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def main() -> int:
    """Run the proofs, print the table; 1 where anything was violated."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--share", choices=SHARES, default="test", help="how much of each proof")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="may be repeated")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    wanted = parser.parse_args()
    began = time.perf_counter()
    reports = {name: Report(name) for name in wanted.only or SECTIONS}
    planned = tasks(SHARES[wanted.share], wanted.first, set(reports))
    with ProcessPoolExecutor(wanted.processes, get_context("spawn")) as pool:
        for report in pool.map(_done, planned):
            reports[report.section] += report
    took = time.perf_counter() - began
    if wanted.json:
        told = {name: report.facts() for name, report in reports.items()}
        say(json.dumps({"share": wanted.share, "seconds": round(took), "figures": told}, indent=1))
    else:
        for line in _table(reports.values()):
            say(line)
        say(f"share {wanted.share}, {took:.0f} s on {wanted.processes} processes")
    return 1 if any(report.violations for report in reports.values()) else 0


def _done(task: Callable[[], Report]) -> Report:
    """A task, done; in a process of the pool."""
    return task()


def _table(reports: Iterable[Report]) -> Iterable[str]:
    for report in reports:
        yield f"{report.section}"
        for name, value in report.lines():
            yield f"  {value:>12}  {name}"
        for kind, count in sorted(report.violations.items()):
            yield f"  {count:>12}  VIOLATED: {kind}"
        for kind, where in report.first.items():
            yield f"first {kind}: {where}"


def say(text: str) -> None:
    """A line for people."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
