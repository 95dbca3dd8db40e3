"""The same seed twice is the same bytes, on the wire and in the journal; a socket is as memory."""

from __future__ import annotations

import pytest

from adapters.ib.library import installed
from tests.proofs.bytewise import FAULTY, digests

pytestmark = [
    pytest.mark.law,
    pytest.mark.skipif(not installed(), reason="no client library is installed"),
]


@pytest.mark.parametrize("faults", [(), FAULTY], ids=["no fault", "faults"])
def test_the_same_seed_is_the_same_bytes_over_a_socket_and_in_memory(
    faults: tuple[str, ...],
) -> None:
    first, again, over_a_socket = digests(faults)
    assert again == first
    assert over_a_socket == first
