"""`engine run` and `engine check` on real bars, where they are there (`../shared/data`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from engine.journal.codec import read_journal
from tests.adapters.cli.conftest import STRATEGIES
from tests.adapters.cli.test_run import conserved
from tests.support.real import DATA, FILES, needs_real_bars

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.adapters.cli.conftest import Said

pytestmark = needs_real_bars


@pytest.mark.parametrize("strategy", sorted(STRATEGIES.glob("*.yaml")), ids=lambda file: file.stem)
@pytest.mark.parametrize("name", FILES)
def test_every_strategy_ends_on_real_bars_with_0_or_a_plain_reason(
    name: str, strategy: Path, engine: Callable[..., Said]
) -> None:
    said = engine("run", strategy, "--data", DATA / name, "--instrument", FILES[name])
    if said.status:
        assert said.status == 1
        assert re.search(r"error\[E\d{3}\]", said.err)
        assert "= help: " in said.err
        return
    *sides, intents = conserved(said.out)
    assert len(sides) in {1, 2}
    if not intents[0]:
        assert "candidate began on" in said.out or "no setup completed" in said.out


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("btc")])
def test_the_slob_finds_candidates_where_london_and_new_york_are(
    name: str, engine: Callable[..., Said]
) -> None:
    words = ("--data", DATA / name, "--instrument", FILES[name], "--json")
    funnel = engine("run", STRATEGIES / "slob_5_1.yaml", *words).document["funnel"]
    assert all(side["started"] > 0 for side in funnel)


@pytest.mark.law
@pytest.mark.parametrize("strategy", sorted(STRATEGIES.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_laws_hold_on_real_bars(strategy: Path, engine: Callable[..., Said]) -> None:
    said = engine("check", strategy, "--data", DATA / "es_lean_2013.csv.gz", "--instrument", "ES")
    assert said.status == 0, said.out


def test_inside_every_dead_candidate_of_a_month_its_killer_is_named(
    engine: Callable[..., Said], tmp_path: Path
) -> None:
    words = ("--data", DATA / "es_lean_2013.csv.gz", "--instrument", "ES", "--to", "2013-10-09")
    slob = STRATEGIES / "slob_5_1.yaml"
    assert engine("run", slob, *words, "--events", tmp_path / "journal").status == 0
    deaths = [event for event in read_journal(tmp_path / "journal") if event.kind == "dead"]
    assert deaths
    for death in deaths:
        asked = engine("explain", slob, *words, "--at", death.time, "--side", death.side, "--json")
        seen = {one["candidate"]: one for one in asked.document["sides"][0]["candidates"]}
        fate = seen[death.candidate]["fate"]
        assert (fate["reason"], fate["stage"]) == (death.reason, death.stage)
        assert fate["killed_by"]["truth"] is True
        assert all(one["conditions"] for one in fate["lacking"])
