"""`engine data fetch`, and `engine compare --fetch`: bars out of a gateway's history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters import store
from adapters.ib.library import installed
from tests.adapters.gateway.smoke import zigzag
from tests.support.serving import served

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.adapters.cli.conftest import Said

pytestmark = pytest.mark.skipif(not installed(), reason="no client library is installed")

DATES = ("--from", "2026-01-06", "--to", "2026-01-07")


def test_what_the_gateway_has_becomes_a_data_set(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    market = zigzag()
    with served(market, 300) as port:
        said = engine("data", "fetch", spec(), *DATES, "--port", port)
        assert (said.status, said.err) == (0, "")
        assert "Ready: --data NQ" in said.out
        first = store.open_set("NQ")
        again = engine("data", "fetch", "--instrument", "nq", *DATES, "--port", port, "--json")
    assert first.minute.tolist() == market.minute[:300].tolist()
    assert np.array_equal(first.close, market.close[:300])
    assert (again.document["added"], again.document["bars"]) == (0, 300)
    entry = store.describe("NQ")
    assert entry.source.startswith("Interactive Brokers, NQH6 from 127.0.0.1:")
    ran = engine("run", spec(), "--data", "NQ", "--json").document
    assert ran["data"]["synthetic"] is False


def test_later_bars_are_added_to_those_that_are_there(engine: Callable[..., Said]) -> None:
    words = ("data", "fetch", "--instrument", "NQ", *DATES, "--name", "grown", "--json")
    with served(zigzag(), 200) as port:
        assert engine(*words, "--port", port).document["added"] == 200
    with served(zigzag(), 360) as port:
        told = engine(*words, "--port", port).document
    assert (told["added"], told["bars"]) == (160, 360)
    with served(zigzag(), 100) as port:
        told = engine(*words, "--port", port, "--replace").document
    assert told["bars"] == 100


def test_a_set_of_something_else_is_not_written_over(
    engine: Callable[..., Said], jan6_csv: Path
) -> None:
    assert engine("data", "import", jan6_csv, "--name", "mine", "--instrument", "NQ").status == 0
    with served(zigzag(), 100) as port:
        said = engine("data", "fetch", "--instrument", "NQ", *DATES, "--name", "mine",
                      "--port", port)  # fmt: skip
    assert (said.status, "something else already" in said.err) == (3, True)
    assert store.describe("mine").source.endswith(jan6_csv.name)


def test_what_has_come_is_kept_when_the_gateway_fails(engine: Callable[..., Said]) -> None:
    words = ("data", "fetch", "--instrument", "NQ", *DATES)
    with served(zigzag(1_800), 1_700, "pacing#3x1") as port:
        said = engine(*words, "--port", port)
        assert (said.status, "pacing violation" in said.err) == (3, True)
        assert "say the same again" in said.err
        kept = store.describe("NQ")
        assert kept.notes[1].startswith("the fetch ended early")
        told = engine(*words, "--port", port, "--json").document
    assert 0 < kept.bars < told["bars"] == 1_700


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("--instrument", "NQ", "--from", "2026-01-07", "--to", "2026-01-06"), 2, "before --from"),
        (("--instrument", "NQ", "--from", "2126-01-07", "--to", "2126-01-08"), 2, "future"),
        (("--instrument", "NG0", *DATES), 2, "there is no instrument"),
        (DATES, 2, "name a strategy, or say --instrument"),
        (("--instrument", "NQ", *DATES, "--port", "1"), 3, "no gateway answers"),
        (("--instrument", "NQ", *DATES, "--bar", "7"), 3, "no bars of 7 minutes"),
        (("--instrument", "ES", *DATES), 3, "no bars of ESH6"),
        (("--instrument", "NQ", "--from", "2025-12-01", "--to", "2025-12-02"), 3, "no bars"),
    ],
)
def test_what_cannot_be_fetched_is_said_with_the_way_out(
    engine: Callable[..., Said], words: tuple[str, ...], status: int, told: str
) -> None:
    with served(zigzag(), 60) as port:
        said = engine("data", "fetch", *(() if "--port" in words else ("--port", port)), *words)
    assert said.status == status
    assert told in said.err
    assert store.list_sets() == ()
