"""`engine funnel`, `engine compare`, `engine check`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from adapters.cli.check import command as check
from adapters.cli.compare import command as compare
from adapters.cli.funnel import command as funnel
from engine import laws
from tests.adapters.cli.conftest import CREATOR, SIMPLE, SLOB

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.cli.conftest import Said

MONTH = ("--from", "2025-10-01", "--to", "2025-10-31")


# --- funnel ---------------------------------------------------------------------------------


def test_the_funnel_counts_every_candidate_to_one_end() -> None:
    ran = CliRunner().invoke(funnel, [SLOB, *MONTH, "--bars", "0"])
    assert ran.exit_code == 0, ran.output
    sums = re.findall(
        r"^(\d+) candidates = (\d+) completed \+ (\d+) died \+ (\d+) alive$",
        ran.output,
        re.MULTILINE,
    )
    assert len(sums) == 2
    assert all(int(whole) == sum(map(int, parts)) for whole, *parts in sums)
    assert "Conditions" not in ran.output


def test_conditions_are_counted_and_agree_with_the_stages(engine: Callable[..., Said]) -> None:
    document = engine("funnel", SLOB, *MONTH, "--json").document
    for side, counted in zip(document["funnel"], document["conditions"], strict=True):
        rows = {(one["in"], one["to"], one["name"]): one for one in counted["conditions"]}
        for one in rows.values():
            assert one["asked"] == one["true"] + one["false"] + one["na"]
            assert one["sole"] <= one["false"] + one["na"]
        assert rows["start", "", "swept"]["asked"] == document["data"]["bars"]
        died = {
            reason: count for stage in side["stages"] for reason, count in stage["died"].items()
        }
        gaps = sum(one["true"] for key, one in rows.items() if key[2] == "gap")
        assert (
            gaps
            == sum(stage["died"].get("gap", 0) for stage in side["stages"])
            >= died.get("gap", 0)
        )
        (armed,) = (stage for stage in side["stages"] if stage["stage"] == "armed")
        assert rows["armed", "trigger", "swept_again"]["true"] == armed["advanced"]["trigger"]
        # it stands alone in its advance, so whenever it is missing it is the only thing missing
        assert (
            rows["armed", "trigger", "swept_again"]["sole"]
            == (rows["armed", "trigger", "swept_again"]["false"])
        )


def test_the_nearest_miss_is_told_in_points_and_when(engine: Callable[..., Said]) -> None:
    said = engine("funnel", SLOB, *MONTH)
    assert re.search(
        r"closed_back +\d+ +\d+ +\d+ +\d+ +\d+ +[\d.]+ pt missing, 2025-10-\d\d", said.out
    )


def test_a_part_of_the_data_is_named_as_such(engine: Callable[..., Said]) -> None:
    said = engine("funnel", SLOB, *MONTH, "--bars", "3000")
    (bars,) = set(re.findall(r"the last ([\d,]+) bars", said.out))
    assert 0 < int(bars.replace(",", "")) <= 3000
    document = engine("funnel", SLOB, *MONTH, "--bars", "3000", "--json").document
    assert all(side["bars"] == int(bars.replace(",", "")) for side in document["conditions"])


# --- compare --------------------------------------------------------------------------------


def changes(document: Any) -> list[str]:
    return [trade["change"] for trade in document["trades"]]


def test_a_strategy_without_a_change_is_the_same(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    other = spec(name="other.yaml")
    document = engine("compare", spec(), other, *MONTH, "--json").document
    assert set(changes(document)) == {"the same"}


def test_another_target_moves_trades(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    file = spec(SIMPLE.replace("close + 10 pt", "close + 40 pt"), "other.yaml")
    document = engine("compare", spec(), file, *MONTH, "--json").document
    found = changes(document)
    assert "moved" in found
    for trade in document["trades"]:
        if trade["change"] == "moved":
            assert trade["a"]["entered"] == trade["b"]["entered"]
            assert trade["a"] != trade["b"]


def test_one_strategy_with_two_settings_shows_what_appears_and_vanishes(
    spec: Callable[..., Path],
) -> None:
    ran = CliRunner().invoke(compare, [str(spec()), "--with", "wait=6 bars", *MONTH])
    assert ran.exit_code == 0, ran.output
    assert "wait: 3 bars in A, 6 bars in B" in ran.output
    counts = re.search(
        r"([\d,]+) vanished, ([\d,]+) appeared, ([\d,]+) moved, ([\d,]+) the same", ran.output
    )
    assert counts is not None
    assert int(counts[2].replace(",", "")) > 0


def test_every_trade_of_both_is_counted_once(engine: Callable[..., Said]) -> None:
    document = engine("compare", SLOB, CREATOR, "--json").document
    for letter in "ab":
        trades = [trade[letter] for trade in document["trades"] if trade[letter] is not None]
        assert len(trades) == document[letter]["statistics"]["all"]["trades"]


def test_strategies_of_two_instruments_are_not_compared(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    other = spec(SIMPLE.replace("instrument: NQ", "instrument: MNQ"), "micro.yaml")
    said = engine("compare", spec(), other)
    assert said.status == 1
    assert "--instrument" in said.err
    assert engine("compare", spec(), other, *MONTH, "--instrument", "NQ").status == 0


# --- check ----------------------------------------------------------------------------------


def test_the_laws_hold_for_a_strategy(spec: Callable[..., Path]) -> None:
    ran = CliRunner().invoke(check, [str(spec()), "--from", "2025-10-01", "--to", "2025-10-03"])
    assert ran.exit_code == 0, ran.output
    for law in laws.LAWS:
        assert re.search(rf"^{law.name} +holds", ran.output, re.MULTILINE)


def test_a_broken_law_leaves_with_1_and_says_where(
    engine: Callable[..., Said], spec: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> laws.Violation:
        return laws.Violation("chunk", "2025-10-01T14:30Z", "the batch says 1, the session says 2")

    law = laws.Law("chunk", "Chunks give the run of the whole batch.", broken)
    monkeypatch.setattr(laws, "LAWS", (law,))
    said = engine("check", spec(), *MONTH)
    assert said.status == 1
    assert "chunk, at 2025-10-01T14:30Z: the batch says 1" in said.out
    document = engine("check", spec(), *MONTH, "--json")
    assert document.status == 1
    assert document.document["laws"][0]["holds"] is False


def with_test(expect: str, more: str = "") -> str:
    text = "".join(f"    {line}\n" for line in more.splitlines())
    return (
        f"extends: {CREATOR.rsplit('/', 1)[1]}\nstrategy: proven\ntests:\n  - name: jan_6\n"
        f"    bars: jan6.csv\n    clock: Europe/Stockholm\n    expect: [{expect}]\n{text}"
    )


@pytest.fixture
def proven(
    spec: Callable[..., Path], jan6_csv: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """A variant of the author's strategy with a test of its own; no law is tried."""
    assert jan6_csv.exists()
    monkeypatch.setattr(laws, "LAWS", ())
    spec(Path(CREATOR).read_text(), Path(CREATOR).name)
    return lambda *words: spec(with_test(*words), "proven.yaml")


def test_a_test_inside_the_strategy_passes(
    engine: Callable[..., Said], proven: Callable[..., Path]
) -> None:
    said = engine("check", proven("start@15:30, armed@16:26, trigger@16:26, entry@16:31"))
    assert said.status == 0, said.out
    assert re.search(r"^jan_6 +passed", said.out, re.MULTILINE)


def test_a_test_that_fails_says_what_happened_instead(
    engine: Callable[..., Said], proven: Callable[..., Path]
) -> None:
    said = engine("check", proven("start@15:30, entry@16:32"))
    assert said.status == 1
    assert "jan_6: expected start@15:30, entry@16:32 (Europe/Stockholm)" in said.out
    assert (
        "instead 2026-01-06/short/1: start@15:30, armed@16:26, trigger@16:26, entry@16:31"
        in said.out
    )


def test_the_values_of_a_test_count_for_it_alone(
    engine: Callable[..., Said], proven: Callable[..., Path]
) -> None:
    said = engine("check", proven("entry@16:31", "params: {dwell_min: 30 min}"))
    assert said.status == 1
    assert "entry@16:31" not in said.out.split("instead", 1)[1]


def test_a_test_without_its_bars_leaves_with_3(
    engine: Callable[..., Said], proven: Callable[..., Path], tmp_path: Path
) -> None:
    file = proven("entry@16:31")
    (tmp_path / "jan6.csv").unlink()
    said = engine("check", file)
    assert said.status == 3
    assert "jan6.csv: there is no such file" in said.err
