"""Mistakes planted on purpose: the tests must notice every one.

`python -m tests.planted_bugs` copies the tree, changes a line of the copy as somebody in a hurry
might, and runs the tests that ought to fail, for each bug of `BUGS`. It ends with 1 if a bug
survives, if a patch no longer fits the code, or if the tests fail without any bug.
`python -m tests.planted_bugs NAME...` tries some only. `--minutes M` begins no more of them after
M minutes, and `--first N` says with which to begin (the rest follow round the table), so that runs
of a few minutes with different N get round all of them. `--trusted` leaves out the runs without
a bug, for where all tests have just passed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.planted_live import LIVE
from tests.support.planting import Bug

ROOT: Final = Path(__file__).parents[1]
COPIED: Final = (
    "dsl",
    "engine",
    "adapters",
    "strategies",
    "tests",
    "golden",
    "docs",
    "pyproject.toml",
)
AT_ONCE: Final = 2
LIMIT: Final = 900
"""Seconds after which a run counts as one that caught nothing."""


@dataclass(frozen=True)
class Verdict:
    """What came of a bug: the first test that failed, or how it got away."""

    bug: Bug
    caught_by: str
    seconds: float
    problem: str = ""


ORACLE: Final = ("tests/laws/test_generator.py",)
COLUMNS: Final = ("tests/laws/test_columns_against_interpreter.py",)
WALK: Final = ("tests/engine/machine/test_walk.py", "-k", "not compiled")
TRADING: Final = ("tests/engine/execution",)
BACKTRADER: Final = (
    "tests/adapters/backtrader",
    "tests/laws/test_backtrader_venue.py",
    "-k",
    "not real and not csv",
)
TODAY: Final = ("tests/engine/test_today.py",)
CROWD: Final = ("tests/laws/test_walk_is_bar_by_bar.py", "-k", "crowd")
FOLDS: Final = ("tests/engine/sweep/test_folds.py",)


def law(name: str) -> tuple[str, ...]:
    """A law on the shipped strategies."""
    return ("tests/laws/test_shipped_strategies.py", "-k", f"test_the_law_holds and {name}")


def case(what: str) -> tuple[str, ...]:
    """Golden cases by a part of their names."""
    return ("tests/golden/test_cases.py", "-k", f"comes_out and {what}")


BUGS: Final = (
    Bug(
        "a window one bar too long",
        "engine/columns/windowed.py",
        "frame.schedule.age >= bars - 1 + over.before",
        "frame.schedule.age >= bars - 2 + over.before",
        COLUMNS,
    ),
    Bug(
        "a lag that crosses dates",
        "engine/columns/windowed.py",
        "held = True if node.across else frame.schedule.age[bars:] >= bars",
        "held = True if node.across else frame.schedule.age[bars:] >= bars - 1",
        COLUMNS,
    ),
    Bug(
        "the bar over a session's end counts as inside",
        "engine/domain/dates.py",
        "first_row(ends - market.bar_minutes + 1)",
        "first_row(ends)",
        COLUMNS,
    ),
    Bug(
        "a session's high is known before its end",
        "engine/columns/sessional.py",
        "    ended = frame.schedule.occurrences(session).ended\n",
        "    ended = frame.schedule.occurrences(session).first\n",
        COLUMNS,
    ),
    Bug(
        "the mirror keeps highs",
        "engine/machine/feed.py",
        '{"open": "open", "high": "low", "low": "high", "close": "close"}',
        '{"open": "open", "high": "high", "low": "low", "close": "close"}',
        law("mirror"),
    ),
    Bug(
        "merge only with candidates further on",
        "engine/machine/generate.py",
        'parts = [f"S[to + {lay.STAGE}] >= {self.stages[merge.at]}"]',
        'parts = [f"S[to + {lay.STAGE}] > {self.stages[merge.at]}"]',
        WALK,
    ),
    Bug(
        "a walk that merges with candidates that have ended",
        "engine/machine/stages.py",
        """[f"{self._of_older('to', 0)} > i", f"{self._of_older('to', 1)} <= i"]""",
        """[f"{self._of_older('to', 1)} <= i"]""",
        WALK,
    ),
    Bug(
        "a walk that asks of the merge a bar too late",
        "engine/machine/stages.py",
        """{self._of_older('to', 1)} <= i"]""",
        """{self._of_older('to', 1)} < i"]""",
        WALK,
    ),
    Bug(
        "a walk that lets a candidate see one bar beyond its deadline",
        "engine/machine/stages.py",
        'add(f"due = max(i, s{lay.STAGE_ROW} + {limit})")',
        'add(f"due = max(i, s{lay.STAGE_ROW} + {limit} + 1)")',
        WALK,
    ),
    Bug(
        "a walk that asks its rules a bar late",
        "engine/machine/quiet.py",
        'limit_code = code if op == ">=" else f"({code} + 1)"',
        'limit_code = f"({code} + 1)"',
        WALK,
    ),
    Bug(
        "a walk that keeps the tables of the date before",
        "engine/machine/walk.py",
        '            self._of_date("dd")\n',
        "",
        WALK,
    ),
    Bug(
        "a walk that counts the ended among those who live",
        "engine/machine/walk.py",
        """block(f"if {self._of_older('to', 0)} > i:")""",
        """block(f"if {self._of_older('to', 0)} >= i:")""",
        WALK,
    ),
    Bug(
        "a set that goes on where the set before it ended",
        "engine/machine/many.py",
        "add(RESTORE)",
        'add("pass")',
        ("tests/engine/machine/test_many.py", "-k", "not compiled"),
    ),
    Bug(
        "a set with room for one candidate more than may live",
        "engine/machine/together.py",
        "if {own['living']} < places else 0",
        "if {own['living']} <= places else 0",
        ("tests/engine/machine/test_many.py", "-k", "crowd"),
    ),
    Bug(
        "a walk that starts beside one in the first stage",
        "engine/machine/starts.py",
        'f"(at >= left or {clock}',
        'f"(at > left or {clock}',
        WALK,
    ),
    Bug(
        "a deadline that lets one bar more",
        "engine/machine/generate.py",
        'f"if {now} - S[b + {word}] >= {limit}:"):\n            self._die(within.reason)',
        'f"if {now} - S[b + {word}] > {limit}:"):\n            self._die(within.reason)',
        WALK,
    ),
    Bug(
        "two stages share a clock",
        "engine/machine/generate.py",
        '        add(f"S[b + {lay.STAGE_ROW}] = i")\n',
        "",
        WALK,
    ),
    Bug(
        "the spike stop below the body",
        "strategies/slob_5_1_creator.yaml",
        'at: "max(sweep.open, sweep.close) + spike_buffer"',
        'at: "min(sweep.open, sweep.close) + spike_buffer"',
        case("short_creator_entry_spike"),
    ),
    Bug(
        "stops rounded towards the entry",
        "dsl/lower.py",
        "up = self.above == away",
        "up = self.above != away",
        ("tests/golden/test_compiler.py", "tests/dsl"),
    ),
    Bug(
        "halves rounded instead of whole ticks down",
        "engine/columns/elementwise.py",
        "else values // node.denominator",
        "else (values + node.denominator // 2) // node.denominator",
        COLUMNS,
    ),
    Bug(
        "the target before the stop in one bar",
        "engine/execution/kernel.py",
        "    if stop_first == 1:\n        meet_stop(",
        "    if stop_first == 2:\n        meet_stop(",
        TRADING,
    ),
    Bug(
        "a stop filled at its level through a gap",
        "engine/execution/fills.py",
        "return sign * (max(opened, wanted) + slippage) if top >= wanted else NEVER",
        "return sign * (wanted + slippage) if top >= wanted else NEVER",
        TRADING,
    ),
    Bug(
        "a size without the multiplier",
        "engine/execution/sizing.py",
        "wanted = budget // (distance * tick_value)",
        "wanted = budget // distance",
        TRADING,
    ),
    Bug(
        "the commission of the exit forgotten",
        "engine/execution/kernel.py",
        "    book[start + at.COSTS] += costs\n",
        "",
        ("tests/engine/execution", "tests/engine/journal"),
    ),
    Bug(
        "a latch that waits for one unit more",
        "engine/execution/kernel.py",
        "    if latch_at >= 0 and book[at.IS_LATCHED] == 0 and drawdown >=",
        "    if latch_at >= 0 and book[at.IS_LATCHED] == 0 and drawdown >",
        TRADING,
    ),
    Bug(
        "what is not known counts as false",
        "engine/columns/elementwise.py",
        "    return np.int8(TRUE) - evaluate(node.operand, frame)\n",
        "    return truths(evaluate(node.operand, frame) != TRUE)\n",
        COLUMNS,
    ),
    Bug(
        "equal shares do not count in a rank",
        "engine/columns/ranked.py",
        "found += windows.values[at_place] <= limit",
        "found += windows.values[at_place] < limit",
        COLUMNS,
    ),
    Bug(
        "a percentile one place too high",
        "engine/columns/ranked.py",
        "windows.bars, place - 1)",
        "windows.bars, min(place, windows.bars - 1))",
        COLUMNS,
    ),
    Bug(
        "a larger bar known before it has closed",
        "engine/columns/frames.py",
        "np.searchsorted(frame.market.minute, ends - frame.market.bar_minutes)",
        "np.searchsorted(frame.market.minute, ends - 2 * frame.market.bar_minutes)",
        COLUMNS,
    ),
    Bug(
        "a word of the snapshot forgotten",
        "engine/session.py",
        "            self._states[side] = State(*(arrays",
        "            _ = State(*(arrays",
        law("replay"),
    ),
    Bug(
        "a session that keeps the session values of the date before",
        "engine/columns/schedule.py",
        "        made = replace(self, market=market)\n",
        "        made = replace(self, market=market)\n"
        '        object.__setattr__(made, "_dated", self._dated)\n',
        law("chunk"),
    ),
    Bug(
        "a session whose high is kept before it is over",
        "engine/columns/sessional.py",
        "rows[-1] < len(frame)",
        "rows[-1] <= len(frame)",
        law("chunk"),
    ),
    Bug(
        "a session whose reflected bars keep their highs",
        "engine/window.py",
        "        return [*columns_of(bars), *columns_of(bars.reflected())[1:-1]]\n",
        "        turned = columns_of(bars.reflected())[1:-1]\n"
        "        return [*columns_of(bars), turned[0], turned[2], turned[1], turned[3]]\n",
        law("chunk"),
    ),
    Bug(
        "a session at hand that takes in the bar after its end",
        "engine/today.py",
        "            if left >= 0:\n",
        "            if left >= -self.bar_minutes:\n",
        TODAY,
    ),
    Bug(
        "a session at hand whose close is not seen",
        "engine/today.py",
        "self.closing = -1 if left else row",
        "self.closing = -1",
        TODAY,
    ),
    Bug(
        "a column at hand that is not made anew for the next bar",
        "engine/today.py",
        "            column.forget()\n",
        "            pass\n",
        TODAY,
    ),
    Bug(
        "a summary at hand that goes on after its session has ended",
        "engine/today.py",
        "min([schedule.until, *(end for end in ends if end > held.last)])",
        "schedule.until",
        TODAY,
    ),
    Bug(
        "a date at hand that never ends",
        "engine/today.py",
        "min([schedule.until, *(end for end in ends if end > held.last)])",
        "min([1 << 62, *(end for end in ends if end > held.last)])",
        TODAY,
    ),
    Bug(
        "a bar more that is reflected with its high where it was",
        "engine/window.py",
        "for price in (opened, low, high, close)]",
        "for price in (opened, high, low, close)]",
        TODAY,
    ),
    Bug(
        "exits that are known only for the last bar of several",
        "engine/trading.py",
        "        fresh = len(self._bars) - len(paths)\n",
        "        fresh = min(1, len(self._bars) - len(paths))\n",
        TODAY,
    ),
    Bug(
        "an account that closes a date of the window and not of the session",
        "engine/trading.py",
        "session.past + dropped.rows",
        "session.past",
        TODAY,
    ),
    Bug(
        "a walk that lets one candidate more live",
        "engine/machine/walk.py",
        'overflow])\n        with self.lines.block(f"if older >= ',
        'overflow])\n        with self.lines.block(f"if older > ',
        CROWD,
    ),
    Bug(
        "a floor that is not asked on the bar of an entry",
        "engine/execution/hosted.py",
        "        return floor.fill(stop_order(desk.book, start), first, high, low)\n",
        "        if desk.book[start + at.ENTERED] == desk.book[at.NEXT_ROW]:\n"
        "            return NEVER\n"
        "        return floor.fill(stop_order(desk.book, start), first, high, low)\n",
        BACKTRADER,
    ),
    Bug(
        "a broker that slips on limits",
        "adapters/backtrader/venue.py",
        "by = self._plain if order.kind is OrderKind.LIMIT else self._slipped",
        "by = self._slipped",
        BACKTRADER,
    ),
    Bug(
        "a broker that charges twice",
        "adapters/backtrader/venue.py",
        "commission=float(terms.commission), mult",
        "commission=2 * float(terms.commission), mult",
        BACKTRADER,
    ),
    Bug(
        "a test window that begins in its training",
        "engine/sweep/folds.py",
        '_span(days, middle, stop, f"fold {number} test")',
        '_span(days, middle - 1, stop, f"fold {number} test")',
        FOLDS,
    ),
    Bug(
        "a session that forgets a date too many",
        "engine/columns/need.py",
        "    return begin + int(hits[-count]) if 0 < count <= len(hits) else floor\n",
        "    return begin + int(hits[-1]) if 0 < count <= len(hits) else floor\n",
        ("tests/engine/columns/test_need.py",),
    ),
    Bug(
        "a tracker after another is not emptied",
        "engine/machine/candidate.py",
        "            self._empty(tracker)\n        with",
        '            self.lines.add("pass")\n        with',
        law("oracle"),
    ),
    Bug(
        "spacing that lets the last minute in",
        "engine/machine/generate.py",
        'f"if {now} - S[to + {word}] >= {limit}:"',
        'f"if {now} - S[to + {word}] > {limit}:"',
        WALK,
    ),
    Bug(
        "a start that is rising across dates",
        "engine/machine/generate.py",
        '                add(f"G[{lay.WAS}] = 0")\n',
        "",
        WALK,
    ),
    Bug(
        "a tracker that sees the bar at hand",
        "engine/interpreter/candidate.py",
        "return self.taken(self._trackers[name], held, sight.row) if now else held",
        "return self.taken(self._trackers[name], held, sight.row)",
        ORACLE,
    ),
    Bug(
        "two entries by one intent",
        "engine/execution/kernel.py",
        "if is_waiting(desk, intent) and book[at.OPEN] < most:",
        "if is_waiting(desk, intent) and book[at.OPEN] <= most:",
        TRADING,
    ),
    Bug(
        "the clock that is set back shows its hour once",
        "engine/domain/clocks.py",
        'piece = np.searchsorted(shown, wall, side="right")',
        'piece = np.searchsorted(shown, wall, side="left")',
        ("tests/engine/domain",),
    ),
    Bug(
        "points of a percentage of a hundred",
        "dsl/quantities.py",
        '"%": (Unit.PERCENT, Fraction(1, 100)),',
        '"%": (Unit.PERCENT, Fraction(1, 10)),',
        ("tests/dsl", "tests/golden/test_compiler.py"),
    ),
    *LIVE,
)


def main() -> int:
    """Try the bugs (all, or those named) and print what caught each; 0 when all were caught."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="these only")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin none after this")
    parser.add_argument("--first", type=int, default=0, help="the bug to begin with, by number")
    parser.add_argument("--trusted", action="store_true", help="the tests are known to pass")
    told = parser.parse_args()
    chosen = [bug for bug in BUGS if not told.names or bug.name in told.names]
    turn = told.first % max(1, len(chosen))
    chosen = chosen[turn:] + chosen[:turn]
    until = time.monotonic() + 60 * told.minutes
    with tempfile.TemporaryDirectory() as kept, ThreadPoolExecutor(AT_ONCE) as pool:
        passing = () if told.trusted else dict.fromkeys(bug.tests for bug in chosen)
        for output in pool.map(lambda tests: untouched(tests, Path(kept)), passing):
            if output:
                sys.stdout.write(f"The tests fail without any bug planted:\n{output}\n")
                return 1
        verdicts = list(filter(None, pool.map(lambda bug: tried(bug, Path(kept), until), chosen)))
    _show(verdicts, len(chosen))
    return 0 if all(verdict.caught_by for verdict in verdicts) else 1


def untouched(tests: tuple[str, ...], cache: Path) -> str:
    """What some tests say on the tree as it is, if they fail."""
    with tempfile.TemporaryDirectory() as folder:
        status, output = run(copied(Path(folder)), tests, cache)
    return "" if status == 0 else f"{' '.join(tests)}\n{output}"


def tried(bug: Bug, cache: Path, until: float) -> Verdict | None:
    """Plant a bug in a copy and run its tests; None where the time is up."""
    if time.monotonic() > until:
        return None
    verdict = planted(bug, cache)
    sys.stderr.write(f"{'caught' if verdict.caught_by else 'SURVIVED'}: {bug.name}\n")
    return verdict


def planted(bug: Bug, cache: Path) -> Verdict:
    """What a bug in a copy of the tree did to its tests."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        tree = copied(Path(folder))
        file = tree / bug.file
        text = file.read_text("utf-8")
        if text.count(bug.old) != 1:
            places = text.count(bug.old)
            return Verdict(bug, "", 0.0, f"the patch fits {places} places: write it anew")
        file.write_text(text.replace(bug.old, bug.new), "utf-8")
        status, output = run(tree, bug.tests, cache)
    failed = re.findall(r"^FAILED (\S+)", output, re.MULTILINE)
    seconds = time.perf_counter() - begun
    if status == 1 and failed:
        return Verdict(bug, failed[0].removeprefix("tests/"), seconds)
    problem = "survived" if status == 0 else f"no test could run:\n{output[-800:]}"
    return Verdict(bug, "", seconds, problem)


def copied(folder: Path) -> Path:
    """The tree in another folder, without what was made from it."""
    for name in COPIED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            made = shutil.ignore_patterns("__pycache__", ".*")
            shutil.copytree(source, target, ignore=made)
        else:
            shutil.copy(source, target)
    return folder


def run(tree: Path, tests: tuple[str, ...], cache: Path) -> tuple[int, str]:
    """Exit status and output of pytest on a copy, until the first failure."""
    surroundings = os.environ | {
        "HYPOTHESIS_PROFILE": "planted",
        "ENGINE_CACHE": str(cache),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(tree),
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command, cwd=tree, env=surroundings, capture_output=True, text=True, timeout=LIMIT,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return 124, f"no end within {LIMIT} seconds"
    return done.returncode, done.stdout + done.stderr


def _show(verdicts: list[Verdict], chosen: int) -> None:
    rows = [("bug", "file", "caught by", "seconds")]
    rows += [
        (one.bug.name, one.bug.file, one.caught_by or one.problem, f"{one.seconds:.1f}")
        for one in verdicts
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        sys.stdout.write("  ".join([*cells, row[3]]) + "\n")
    survived = sum(not one.caught_by for one in verdicts)
    sys.stdout.write(f"\n{len(verdicts) - survived} of {len(verdicts)} caught")
    sys.stdout.write(f", {chosen - len(verdicts)} not begun\n" if len(verdicts) < chosen else "\n")


if __name__ == "__main__":
    sys.exit(main())
