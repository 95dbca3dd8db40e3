"""Prints every table but the longest; `python -m benchmarks rules start year` prints some.

`python -m benchmarks rivals` prints those of `benchmarks.rivals`.
"""

from __future__ import annotations

import platform
import sys

from benchmarks import live, load, rules, start, sweep, yardstick
from benchmarks.rivals import __main__ as rivals

TABLES = {
    "rules": ("The yardstick's rules, beside its C kernels", rules.yardstick_table),
    "forms": ("Decisions alone, by each form of the machine", rules.forms_table),
    "slob": ("The SLOB specs on the same bars", rules.slob_table),
    "start": ("Start-up", start.start_table),
    "years": ("Five years of minutes", start.five_years_table),
    "sweep": ("A sweep of a thousand sets", sweep.sweep_table),
    "load": ("Reading bars", load.load_table),
    "live": ("Live, over a socket", live.live_table),
    "year": ("A year live, over a socket", live.year_table),
}
LONG = {"year"}
NEED_YARDSTICK = {"rules", "forms", "slob", "sweep"}


def main() -> int:
    """Print the tables asked for."""
    if sys.argv[1:2] == ["rivals"]:  # takes minutes and installs them: only when it is asked for
        return rivals.main(sys.argv[2:])
    wanted = sys.argv[1:] or [name for name in TABLES if name not in LONG]
    unknown = [name for name in wanted if name not in TABLES]
    if unknown:
        print(f"unknown table {unknown[0]}: known are {', '.join(TABLES)}", file=sys.stderr)
        return 2
    print(f"Python {platform.python_version()} on {platform.machine()}\n")
    for name in wanted:
        title, make = TABLES[name]
        if name in NEED_YARDSTICK and not yardstick.is_there():
            print(f"## {title}\n\nneeds ../shared/reference/benchmark and gcc: not there\n")
            continue
        print(f"## {title}\n\n{make()}\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
