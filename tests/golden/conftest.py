"""The `golden` fixture: compares with a file under golden/."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden.extension import GoldenExtension

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion


@pytest.fixture
def golden(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Files under golden/ as snapshots; the name of one is its path without `.txt`."""
    return snapshot.use_extension(GoldenExtension)
