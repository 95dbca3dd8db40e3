"""The whole engine on either client library: the same replay ends in the same journal.

`python -m tests.proofs.libraries` runs each library in a process of its own, for both bring a
package called `eventkit`; ib_async is looked for in the folder .ib-async, too (see `make matrix`).
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters.database.reader import JournalReader
from adapters.gateway.faults import plans
from adapters.ib.library import NAMES, installed
from tests.adapters.gateway.smoke import VERSIONS
from tests.proofs.bytewise import FAULTY, PATIENCE
from tests.proofs.faulty import planned, scene_of
from tests.proofs.rig import played

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
BESIDE: Final = ROOT / ".ib-async"
SEED: Final = 4
LONGEST: Final = 600.0

RUNS: Final = {
    "quiet": "",
    "at every order": planned(FAULTY),
    "line lost": "socket-lost@19:45,link-lost=90@19:50",
}
"""Faults by the name of their run; an engine must do the same about them on both libraries."""


def journals(name: str) -> Iterator[tuple[str, int, str]]:
    """Each run on a library, its server version, and the digest of the journal it ended in."""
    first, last = VERSIONS[name][0], VERSIONS[name][-1]
    for run, faults in RUNS.items():
        for version in (last,) if faults else (first, last):
            yield run, version, _digest(name, version, faults)


def _digest(name: str, version: int, faults: str) -> str:
    scene, begins = scene_of(SEED)
    gateway = scene.gateway(begins=begins, seed=SEED, version=version, faults=plans(faults))
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "j.db"
        plan = scene.plan(journal)
        plan = replace(plan, settings=replace(plan.settings, library=name))
        outcome = played(gateway, plan, "tcp", patience=PATIENCE)
        assert outcome.error is None, outcome.error
        assert gateway.truth.execution_count > 5
        with JournalReader.open(journal) as reader:
            told = "\n".join(repr(event) for _, event in reader.events())
    return sha256(told.encode()).hexdigest()


def in_a_process(name: str) -> dict[str, str] | None:
    """The digests by run, of a process that has only this library; None where it is not there."""
    path = os.pathsep.join(sys.path)
    if name != NAMES[0] and BESIDE.is_dir():
        path = f"{BESIDE}{os.pathsep}{path}"
    words = [sys.executable, "-W", "ignore", "-m", "tests.proofs.libraries", name]
    done = subprocess.run(
        words, cwd=ROOT, env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True, timeout=LONGEST, check=False,
    )  # fmt: skip
    if done.returncode == _ABSENT:
        return None
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


_ABSENT: Final = 3


def main() -> int:
    """1 where two libraries end in different journals, or one of them is not there."""
    if len(sys.argv) > 1:
        return _alone(sys.argv[1])
    made = {name: in_a_process(name) for name in NAMES}
    for name, found in made.items():
        for run, digest in (found or {"-": "not installed here"}).items():
            print(f"{name} {run}: journal {digest[:16]}")  # noqa: T201 - a report
    absent = not all(made.values())
    told = [set(found.items()) for found in made.values() if found]
    return int(absent or any(one != told[0] for one in told))


def _alone(name: str) -> int:
    """The digests of one library as JSON; a run must end the same at every server version."""
    logging.disable(logging.CRITICAL)
    if name not in installed():
        return _ABSENT
    found: dict[str, set[str]] = {}
    for run, _, digest in journals(name):
        found.setdefault(run, set()).add(digest)
    assert all(len(digests) == 1 for digests in found.values()), found
    sys.stdout.write(json.dumps({run: digest for run, (digest,) in found.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
