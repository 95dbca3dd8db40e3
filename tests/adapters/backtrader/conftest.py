"""Without the extra there is nothing to try here, and the summary says so."""

from __future__ import annotations

import pytest

pytest.importorskip("backtrader", reason="the extra `backtrader` is not installed")
