"""The same seed twice is the same bytes, on the wire and in the journal; a socket is as memory."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from adapters.database.reader import JournalReader
from adapters.gateway.faults import plans
from adapters.ib.library import installed
from tests.proofs.faulty import planned, scene_of
from tests.proofs.rig import played

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.law,
    pytest.mark.skipif(not installed(), reason="no client library is installed"),
]

FAULTY = ("partial-fill", "duplicate-callbacks", "shuffle-callbacks", "reject-stop")


def digests(folder: Path, name: str, carrier: str, faults: tuple[str, ...]) -> tuple[str, str]:
    """The hashes of the wire and of the journal of a run."""
    scene, begins = scene_of(4)
    gateway = scene.gateway(begins=begins, seed=4, faults=plans(planned(faults)))
    journal = folder / f"{name}.db"
    outcome = played(gateway, scene.plan(journal), carrier)
    assert outcome.error is None, outcome.error
    assert gateway.truth.execution_count > 5
    with JournalReader.open(journal) as reader:
        told = "\n".join(repr(event) for _, event in reader.events())
    return gateway.wire.digest, sha256(told.encode()).hexdigest()


@pytest.mark.parametrize("faults", [(), FAULTY], ids=["no fault", "faults"])
def test_the_same_seed_is_the_same_bytes_over_a_socket_and_in_memory(
    faults: tuple[str, ...], tmp_path: Path
) -> None:
    first = digests(tmp_path, "first", "memory", faults)

    assert digests(tmp_path, "again", "memory", faults) == first
    assert digests(tmp_path, "socket", "tcp", faults) == first
