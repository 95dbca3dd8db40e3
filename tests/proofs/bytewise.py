"""The bytes of a run, hashed: what went over the wire, and what the journal holds."""

from __future__ import annotations

import tempfile
from hashlib import sha256
from pathlib import Path
from typing import Final

from adapters.database.reader import JournalReader
from adapters.gateway.faults import plans
from tests.proofs.faulty import planned, scene_of
from tests.proofs.rig import played

FAULTY: Final = ("partial-fill", "duplicate-callbacks", "shuffle-callbacks", "reject-stop")
"""Faults that a seed decides on, at every order and fill."""


PATIENCE: Final = 60.0
"""Seconds for a client that is busy: who is not waited for is told other things."""


def digests(faults: tuple[str, ...], seed: int = 4) -> list[tuple[str, str]]:
    """Hashes of wire and journal: of a run in memory, of it again, and of it over a socket."""
    return [_digest(faults, seed, carrier) for carrier in ("memory", "memory", "tcp")]


def _digest(faults: tuple[str, ...], seed: int, carrier: str) -> tuple[str, str]:
    scene, begins = scene_of(seed)
    planned_faults = plans(planned(faults) if faults else "")
    gateway = scene.gateway(begins=begins, seed=seed, faults=planned_faults)
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "j.db"
        outcome = played(gateway, scene.plan(journal), carrier, patience=PATIENCE)
        assert outcome.error is None, outcome.error
        assert not outcome.lost_patience, "this machine is too busy to tell"
        assert gateway.truth.execution_count > 5
        with JournalReader.open(journal) as reader:
            told = "\n".join(repr(event) for _, event in reader.events())
    return gateway.wire.digest, sha256(told.encode()).hexdigest()
