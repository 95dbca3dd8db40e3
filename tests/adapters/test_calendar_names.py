"""Names of calendars without the library."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from adapters.calendar_names import calendar_names

if TYPE_CHECKING:
    from adapters.calendars import ExchangeCalendars


def test_the_names_are_those_of_the_library(calendars: ExchangeCalendars) -> None:
    assert calendar_names() == set(calendars.names())


def test_the_library_is_not_imported_for_them() -> None:
    program = "import sys; from adapters.calendar_names import calendar_names as n; n(); "
    program += "print('exchange_calendars' in sys.modules, 'numpy' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["False", "False"]
