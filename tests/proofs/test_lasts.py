"""A soak: days and months with faults now and then."""

from __future__ import annotations

import pytest

from adapters.ib.library import installed
from tests.proofs.lasting import lasted
from tests.proofs.share import share

pytestmark = [
    pytest.mark.law,
    pytest.mark.skipif(not installed(), reason="no client library is installed"),
]


def test_months_of_bad_weather_leave_nothing_behind() -> None:
    days = share().soak
    made = lasted(days)

    assert dict(made.verdict.violations) == {}, made.verdict.first
    assert made.strikes > days
    if days >= 10:
        assert made.growth < 0.05
