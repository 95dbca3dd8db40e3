"""The log of the page, on standard error.

A line a request: when, method, path without its query, status, time spent, its reference, who.
No header, no body, no query: a cookie or a password cannot get here.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import Final

FORM: Final = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s"
WHEN: Final = "%Y-%m-%dT%H:%M:%S"


def to_standard_error() -> None:
    """Send the log of the page and of its server there."""
    lines = logging.Formatter(FORM, WHEN)
    lines.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(lines)
    for name, level in (("engine.web", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(level)
