"""`engine doctor`: everything that live trading needs, each part well, each part broken."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from adapters.database.journal import Journal
from adapters.ib.library import installed
from adapters.preflight import journal as of_journal
from adapters.preflight import machine
from adapters.preflight.check import Check, Verdict, made, ok
from engine.live import events as ev
from engine.live.family import Phase
from tests.adapters.cli.conftest import SIMPLE
from tests.adapters.gateway.smoke import zigzag
from tests.adapters.live.test_recipes import kept
from tests.support.broker_words import asked, family
from tests.support.gateway import FIRST
from tests.support.ib import run
from tests.support.serving import served

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.adapters.cli.conftest import Said

needs_library = pytest.mark.skipif(not installed(), reason="no client library is installed")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for journals."""
    folder = tmp_path / "state"
    monkeypatch.setenv("ENGINE_STATE", str(folder))
    return folder


@pytest.fixture
def same_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our clock is that of the gateway, which stands still in a past hour."""
    monkeypatch.setattr("adapters.preflight.broker.wall", lambda: (FIRST + 60) * 60_000)


def verdicts(document: Any) -> dict[str, str]:
    return {one["name"]: one["verdict"] for one in document["checks"]}


def of(document: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document["checks"] if one["name"] == name)
    return found


def test_this_computer_can_trade(engine: Callable[..., Said]) -> None:
    said = engine("doctor", "--json")
    assert said.status == 0
    told = said.document
    assert told["verdict"] == "ok"
    assert set(verdicts(told)) == {
        "python", "packages", "client library", "disk", "disk speed", "cache",
        "journal", "engine", "entries", "owner", "positions",
    }  # fmt: skip
    assert "none yet" in of(told, "journal")["what"]
    people = engine("doctor")
    assert people.out.splitlines()[-1] == "11 ok"


@needs_library
@pytest.mark.usefixtures("same_clock")
def test_a_gateway_that_is_well_is_told_in_every_part(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    file = spec(SIMPLE.replace("{sizing: fixed", "{stop_at: 20 %, daily_loss: 3 %, sizing: fixed"))
    with served(zigzag(), 60) as port:
        said = engine("doctor", file, "--live", "--port", port, "--json")
    told = said.document
    assert (said.status, told["verdict"]) == (0, "ok")
    assert "DU1234567 (paper), equity 100,000.00 USD" in of(told, "account")["what"]
    assert "tick 0.25, multiplier 20" in of(told, "contract")["what"]
    assert of(told, "clock")["what"] == "this computer's clock is 0.5 s behind IB's"
    assert "live data of NQ" in of(told, "market data")["what"]
    assert of(told, "history")["what"].startswith("60 bars")


FAULTS = [
    ("read-only", "orders", "failed", "clear Read-Only API"),
    ("delayed-data", "market data", "failed", "nothing is traded on delayed data"),
    ("no-subscription", "market data", "failed", "subscribe"),
    ("client-id-in-use", "client id", "failed", "is in use"),
    ("silent-positions", "gateway", "failed", "logged in"),
    ("silent-contract", "contract", "failed", "logged in"),
    ("no-data", "history", "failed", "no bar at all"),
    ("clock-skew=5", "clock", "warning", "timedatectl"),
    ("clock-skew=60", "clock", "failed", "timedatectl"),
]


@needs_library
@pytest.mark.usefixtures("same_clock")
@pytest.mark.parametrize(("fault", "name", "verdict", "words"), FAULTS)
def test_a_gateway_that_is_not_well_is_found_out_with_the_way_out(
    engine: Callable[..., Said],
    spec: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    name: str,
    verdict: str,
    words: str,
) -> None:
    monkeypatch.setattr("adapters.cli.doctor.PATIENCE", 1.0)
    with served(zigzag(), 60, fault) as port:
        said = engine("doctor", spec(), "--live", "--port", port, "--json")
    told = said.document
    found = of(told, name)
    assert found["verdict"] == verdict
    assert words in found["what"] + found["remedy"]
    assert said.status == (3 if verdict == "failed" else 0)
    assert all(one["seconds"] < 10 for one in told["checks"])


@needs_library
@pytest.mark.usefixtures("same_clock")
@pytest.mark.parametrize(
    ("words", "accounts", "name", "told"),
    [
        ((), ("U7654321",), "account", "nobody typed its number"),
        (("--account", "U7654321"), ("U7654321",), "account", "REAL MONEY"),
        (("--account", "DU1"), ("DU1234567",), "account, port", "is no account number"),
        (("--account", "DU7654321"), ("DU1234567",), "account", "not DU7654321"),
        ((), ("DU1234567", "DU2345678"), "account", "say which account"),
    ],
)
def test_the_account_must_be_the_one_that_was_meant(
    engine: Callable[..., Said],
    words: tuple[str, ...],
    accounts: tuple[str, ...],
    name: str,
    told: str,
) -> None:
    with served(zigzag(), 60, accounts=accounts) as port:
        said = engine("doctor", "--live", "--port", port, *words, "--json")
    found = of(said.document, name)
    assert told in found["what"]
    assert said.status == (0 if "REAL" in told else 3)


def test_account_and_port_that_contradict_one_another_are_said_so(
    engine: Callable[..., Said],
) -> None:
    said = engine("doctor", "--live", "--account", "U7654321", "--port", 4002, "--json")
    assert of(said.document, "account, port")["verdict"] == "failed"
    said = engine("doctor", "--live", "--port", 4001, "--json")
    assert "to trade with money, type" in of(said.document, "account, port")["remedy"]


@needs_library
def test_without_a_gateway_the_rest_is_looked_at_all_the_same(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    said = engine("doctor", spec(), "--live", "--port", 1, "--json")
    told = verdicts(said.document)
    assert said.status == 3
    assert (told["gateway"], told["clock"], told["strategy"]) == ("failed", "skipped", "ok")
    assert "paper is 4002" in of(said.document, "gateway")["what"]


@needs_library
def test_a_replay_is_known_to_be_one(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    with served(zigzag(), 60) as port:
        said = engine("doctor", spec(), "--live", "--port", port)
    assert said.status == 0
    assert "it replays another day" in said.out
    assert "the strategy has no drawdown that stops it and no daily loss limit" in said.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SIMPLE.replace("high", "hgih").replace("low - 5", "lo - 5"), "engine validate"),
        (SIMPLE.replace("size: 1 min", "size: 7 min"), "IB has no bars of 7 minutes"),
    ],
)
def test_a_strategy_that_cannot_be_traded_is_a_failure(
    engine: Callable[..., Said], spec: Callable[..., Path], text: str, words: str
) -> None:
    said = engine("doctor", spec(text))
    assert said.status == 3
    assert words in said.out


def test_what_the_journal_says_is_told_before_it_is_gone_on_with(
    engine: Callable[..., Said], state: Path, spec: Callable[..., Path]
) -> None:
    opened = family(Phase.PLANNED)
    with Journal.begin(state / "paper.db", account="DU1", client=17) as journal:
        journal.record(ev.Marked(1, "2026-01-06", Decimal(50_000)), ev.Latched(2, "drawdown_latch"))
    told = engine("doctor", "--json").document
    assert told["verdict"] == "warning"
    assert of(told, "journal")["what"].startswith("2 events")
    assert "engine unlatch" in of(told, "entries")["remedy"]
    with Journal.begin(state / "paper.db", account="DU1", client=17) as journal:
        journal.record(ev.Unlatched(3, "ann", "looked"), ev.Halted(4, "ann", "lunch"))
        journal.record(ev.Planned(5, opened))
    told = engine("doctor", spec(), "--json").document
    assert "lunch" in of(told, "entries")["what"]
    assert of(told, "positions")["verdict"] == "failed"
    assert "opened by another program" in of(told, "positions")["what"]
    assert "cannot lead it: the journal has no text of it" in of(told, "positions")["what"]


def test_a_program_of_before_that_can_be_made_again_is_no_failure(
    engine: Callable[..., Said], state: Path, spec: Callable[..., Path]
) -> None:
    program, recipe = kept(spec())
    opened = family(Phase.PLANNED)
    opened = replace(opened, signal=replace(opened.signal, strategy=recipe.strategy))
    legs = tuple(asked(replace(one.leg, family=opened.name)) for one in opened.asked)
    with Journal.begin(state / "paper.db", account="", client=0) as journal:
        journal.record(ev.Kept(1, recipe), ev.Planned(2, replace(opened, asked=legs)))
    found = of_journal.positions(state / "paper.db", replace(program, max_gap=99))
    assert found.verdict is Verdict.WARNING
    assert f"opened by another program ({recipe.strategy})" in found.what
    assert "leads" not in found.what
    assert "has it lead them to their end" in found.remedy
    assert of_journal.positions(state / "paper.db", program).verdict is Verdict.OK
    changed = replace(recipe, files=(replace(recipe.files[0], text="lang: 99\n"),))
    with Journal.begin(state / "paper.db", account="", client=0) as journal:
        journal.record(ev.Kept(3, changed))
    found = of_journal.positions(state / "paper.db", replace(program, max_gap=99))
    assert found.verdict is Verdict.FAILED
    assert "does not compile any more" in found.what


def test_whose_account_the_journal_is_of_is_told_and_another_s_is_refused(
    engine: Callable[..., Said], state: Path
) -> None:
    told = engine("doctor", "--json").document
    assert "by the first start" in of(told, "owner")["what"]
    with Journal.begin(state / "paper.db", account="", client=0) as journal:
        journal.record(ev.Marked(1, "2026-01-06", Decimal(50_000)))
    assert "no engine was connected" in of_journal.owner(state / "paper.db", "").what
    with Journal.begin(state / "paper.db", account="", client=0) as journal:
        journal.record(ev.Belongs(2, "DU7654321"))
    assert "is of account DU7654321" in of_journal.owner(state / "paper.db", "DU7654321").what
    found = of_journal.owner(state / "paper.db", "DU1234567")
    assert found.verdict is Verdict.FAILED
    assert "DU1234567 would be traded" in found.what
    assert "--journal FILE" in found.remedy


@needs_library
def test_a_gateway_of_another_account_than_the_journal_s_is_found_out(
    engine: Callable[..., Said], state: Path
) -> None:
    with Journal.begin(state / "paper.db", account="", client=0) as journal:
        journal.record(ev.Belongs(1, "DU7654321"))
    with served(zigzag(), 60) as port:
        told = engine("doctor", "--live", "--port", port, "--json").document
    assert of(told, "account")["verdict"] == "failed"
    assert "is of account DU7654321, and DU1234567 would be traded" in of(told, "account")["what"]


def test_a_damaged_journal_is_found_out(engine: Callable[..., Said], state: Path) -> None:
    with Journal.begin(state / "paper.db", account="DU1", client=17) as journal:
        journal.record(*(ev.Marked(at, "2026-01-06", Decimal(at)) for at in range(300)))
    body = bytearray((state / "paper.db").read_bytes())
    body[len(body) // 2 : len(body) // 2 + 9_000] = bytes(9_000)
    (state / "paper.db").write_bytes(bytes(body))
    said = engine("doctor", "--json")
    assert said.status == 3
    assert of(said.document, "journal")["verdict"] == "failed"
    assert "backup" in of(said.document, "journal")["remedy"]


def test_a_check_that_hangs_or_breaks_is_what_it_found() -> None:
    def hangs() -> Any:
        time.sleep(0.5)
        return ok("late")

    def breaks() -> Any:
        raise RuntimeError("no idea")

    late = run(made(Check("slow", hangs), 0.05))
    assert (late.found.verdict, late.seconds < 0.4) == (Verdict.FAILED, True)
    assert run(made(Check("broken", breaks))).found.what == "RuntimeError: no idea"


def test_this_computer_when_it_is_not_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    assert machine.speed(file / "below").verdict is Verdict.FAILED
    assert machine.room(tmp_path / "a" / "b").verdict is not Verdict.SKIPPED
    monkeypatch.setattr(machine, "_LITTLE", 1 << 60)
    assert machine.room(tmp_path).verdict is Verdict.FAILED
    monkeypatch.setattr(machine, "_SLOW", 0.0)
    assert machine.speed(tmp_path).verdict is Verdict.WARNING
    monkeypatch.setattr(sys, "version_info", (3, 9, 1, "final", 0))
    assert machine.python().verdict is Verdict.FAILED
    monkeypatch.setattr(machine, "PACKAGES", ("numpy", "nothing-of-this-name"))
    assert "nothing-of-this-name" in machine.packages().what
    monkeypatch.setenv("ENGINE_CACHE", str(file / "below"))
    assert machine.cache().verdict is Verdict.WARNING
    assert of_journal.journal(file / "none").verdict is Verdict.OK
