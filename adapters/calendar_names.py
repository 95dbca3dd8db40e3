"""The names of exchange calendars, without importing the library that knows them.

exchange_calendars brings pandas and a second of start-up. Its names stand in two tables of one of
its source files, which is read as text; where they are not found there, the library is asked.
"""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import Final

LIBRARY: Final = "exchange_calendars"

_TABLE: Final = re.compile(
    r"^_default_calendar_(?:factories|aliases) = \{(.*?)^\}", re.MULTILINE | re.DOTALL
)
_KEY: Final = re.compile(r'^\s*"([^"]+)":', re.MULTILINE)
_FEWEST: Final = 20


@cache
def calendar_names() -> frozenset[str]:
    """Every name and alias that the installed library knows."""
    spec = importlib.util.find_spec(LIBRARY)
    if spec is not None and spec.origin is not None:
        file = Path(spec.origin).with_name("calendar_utils.py")
        text = file.read_text("utf-8") if file.is_file() else ""
        names = frozenset(key for table in _TABLE.findall(text) for key in _KEY.findall(table))
        if len(names) >= _FEWEST:
            return names
    from adapters.calendars import ExchangeCalendars  # noqa: PLC0415 - a second

    return frozenset(ExchangeCalendars().names())
