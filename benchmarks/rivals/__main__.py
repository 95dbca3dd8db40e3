"""`python -m benchmarks rivals [--long] [NAME ...]`: both tables, of all or of some."""

from __future__ import annotations

import os
import platform
import sys
import time

from benchmarks import yardstick
from benchmarks.rivals.report import first_table, large_table, prepare_data
from benchmarks.rivals.rows import ROWS

SHORT_SIZES = ["20d", "250d"]


def main(words: list[str]) -> int:
    """Print both tables; installs what is not there yet."""
    names = [word for word in words if word != "--long"]
    known = sorted({row.engine.split()[0] for row in ROWS})
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"unknown engine {unknown[0]}: known are {', '.join(known)}", file=sys.stderr)
        return 2
    if not yardstick.is_there():
        print("needs ../shared/reference/benchmark and gcc: not there", file=sys.stderr)
        return 1
    rows = [row for row in ROWS if not names or row.engine.split()[0] in names]
    sizes = list(yardstick.SIZES) if "--long" in words else SHORT_SIZES
    began = time.perf_counter()
    prepare_data(sizes)
    print(f"$ python -m benchmarks {' '.join(['rivals', *words])}")
    print(f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores\n")
    print(f"## The same rules in other engines\n\n{large_table(rows, sizes)}\n", flush=True)
    print(f"## First result\n\n{first_table(rows)}\n")
    print(f"took {(time.perf_counter() - began) / 60:.0f} minutes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
