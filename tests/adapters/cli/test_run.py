"""`engine run`: what is printed, what is written, what is refused."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from adapters import store
from adapters.cli.run import command
from adapters.instruments import instrument
from adapters.quality import inspect
from adapters.sample import sample
from engine.journal.codec import read_journal
from tests.adapters.cli.conftest import CREATOR, SIMPLE, SLOB, csv_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from adapters.calendars import ExchangeCalendars
    from tests.adapters.cli.conftest import Said

MONTH = ("--from", "2025-10-01", "--to", "2025-10-31")
SUM = re.compile(
    r"^([\d,]+) candidates? = ([\d,]+) completed \+ ([\d,]+) died \+ ([\d,]+) alive$", re.MULTILINE
)
INTENTS = re.compile(
    r"^([\d,]+) completed setups? = ([\d,]+) filled \+ ([\d,]+) refused"
    r" \+ ([\d,]+) cancelled \+ ([\d,]+) waiting$",
    re.MULTILINE,
)


def numbers(found: tuple[str, ...]) -> list[int]:
    return [int(text.replace(",", "")) for text in found]


def conserved(text: str) -> list[list[int]]:
    """The printed sums, each with the whole first; they add up."""
    sums = [numbers(found) for found in (*SUM.findall(text), *INTENTS.findall(text))]
    for whole, *parts in sums:
        assert whole == sum(parts)
    return sums


def test_the_bundled_sample_is_run_and_plainly_called_synthetic() -> None:
    ran = CliRunner().invoke(command, [SLOB])
    assert ran.exit_code == 0, ran.output
    assert "sample (SYNTHETIC)" in ran.output
    assert "note: SYNTHETIC data: the bundled sample was made up and never traded" in ran.output
    assert re.search(r"program [0-9a-f]{16} of ", ran.output)
    assert "times America/New_York, money USD" in ran.output


def test_the_printed_funnel_loses_nobody(engine: Callable[..., Said]) -> None:
    said = engine("run", SLOB)
    *sides, intents = conserved(said.out)
    assert len(sides) == 2
    assert sum(side[1] for side in sides) == intents[0] > 0


def test_json_is_one_document_that_says_what_was_printed(engine: Callable[..., Said]) -> None:
    document = engine("run", SLOB, "--json", "--set", "max_contracts=2 contracts").document
    assert {"program", "data", "parameters", "statistics", "trades", "funnel", "refused"} <= set(
        document
    )
    assert document["data"]["synthetic"] is True
    assert {"name": "max_contracts", "unit": "contracts", "short": 2, "long": 2} in document[
        "parameters"
    ]
    assert document["intents"]["filled"] == len(document["trades"])
    assert document["intents"]["refused"] == sum(document["refused"].values())
    net = sum(Decimal(trade["net"]) for trade in document["trades"])
    assert net == Decimal(document["statistics"]["all"]["net"])
    for side in document["funnel"]:
        assert side["started"] == side["completed"] + side["died"] + side["alive"]
    assert all(trade["contracts"] <= 2 for trade in document["trades"])


def test_money_and_prices_are_written_on_the_grid_with_thousands_apart(
    engine: Callable[..., Said],
) -> None:
    said = engine("run", SLOB, "--equity", "1000000", "--all-trades")
    trades = said.out.split("Result")[0]
    prices = re.findall(r"\d\d,\d{3}\.\d\d", trades)
    assert prices
    assert all(price[-2:] in {"00", "25", "50", "75"} for price in prices)
    assert re.search(r"starting equity +1,000,000\.00 USD", said.out)


def test_the_last_trades_are_listed_unless_all_are_asked_for(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    short = engine("run", spec(), *MONTH)
    whole = engine("run", spec(), *MONTH, "--all-trades")
    count = int(re.findall(r"Trades \(the last 10 of ([\d,]+);", short.out)[0].replace(",", ""))
    assert len(re.findall(r"^2025-\d\d-\d\d/", short.out, re.MULTILINE)) == 10
    assert len(re.findall(r"^2025-\d\d-\d\d/", whole.out, re.MULTILINE)) == count > 10


def test_from_and_to_are_trading_dates_both_included(engine: Callable[..., Said]) -> None:
    data = engine("run", SLOB, "--json", "--from", "2025-11-03", "--to", "2025-11-04").document[
        "data"
    ]
    # the date of Monday the 3rd opens on Sunday at 18:00 in New York, 23:00 UTC since that night
    assert data["first"] == "2025-11-02T23:00:00Z"
    assert data["last"] == "2025-11-04T21:59:00Z"


def test_costs_are_taken_from_the_result(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    free = engine("run", spec(), *MONTH, "--json").document["statistics"]["all"]
    paid = engine("run", spec(), *MONTH, "--json", "--commission", "2.25").document["statistics"]
    assert Decimal(free["commission"]) == 0
    assert Decimal(paid["all"]["commission"]) == Decimal("4.5") * free["trades"]
    slipped = engine("run", spec(), *MONTH, "--json", "--slippage", "2").document["statistics"]
    assert Decimal(slipped["all"]["gross"]) < Decimal(free["gross"])


def test_the_same_run_says_the_same_bytes(engine: Callable[..., Said]) -> None:
    assert engine("run", SLOB, *MONTH, "--json") == engine("run", SLOB, *MONTH, "--json")


# --- files ----------------------------------------------------------------------------------


def test_the_journal_is_lines_of_json_in_stable_order(
    engine: Callable[..., Said], tmp_path: Path
) -> None:
    file = tmp_path / "journal.jsonl"
    said = engine("run", SLOB, "--events", file)
    assert f"Written: {file}" in said.out
    lines = file.read_text().splitlines()
    fields = ["seq", "time", "bar", "kind", "candidate", "side", "stage", "reason", "spec_line"]
    assert all(list(json.loads(line)) == [*fields, "values"] for line in lines)
    assert [event.seq for event in read_journal(file)] == list(range(len(lines)))
    funnel = engine("run", SLOB, "--json").document["funnel"]
    starts = sum(event.kind == "start" for event in read_journal(file))
    assert starts == sum(side["started"] for side in funnel)


def test_the_report_is_one_page_in_its_folder(engine: Callable[..., Said], tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    said = engine("run", SLOB, *MONTH, "--report", folder)
    assert said.status == 0, said.err
    (page,) = folder.iterdir()
    assert page.name == "slob_5_1.html"
    assert "SYNTHETIC" in page.read_text()


def limited(words: list[str], size: int) -> subprocess.CompletedProcess[str]:
    """A run that may write no file longer than so many bytes: a full disk."""
    return subprocess.run(
        [sys.executable, "-m", "adapters.cli", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )


@pytest.mark.parametrize("option", ["--events", "--report"])
def test_a_full_disk_leaves_nothing_half_written(option: str, tmp_path: Path) -> None:
    target = tmp_path / "out" / "journal.jsonl"
    target.parent.mkdir()
    given = target if option == "--events" else target.parent
    page = target if option == "--events" else target.parent / "slob_5_1.html"
    page.write_text("what was there before")
    ran = limited(["run", SLOB, *MONTH, option, str(given)], 2000)
    assert ran.returncode == 3, ran.stderr
    assert "cannot be written" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert [file.name for file in page.parent.iterdir()] == [page.name]
    assert page.read_text() == "what was there before"


def test_a_folder_that_is_not_there_gets_no_journal(
    engine: Callable[..., Said], tmp_path: Path
) -> None:
    file = tmp_path / "nosuch" / "journal.jsonl"
    said = engine("run", SLOB, *MONTH, "--events", file)
    assert said.status == 3
    assert f"{file} cannot be written: No such file or directory" in said.err
    assert said.out == ""


# --- instruments and data -------------------------------------------------------------------


@pytest.fixture
def euro_csv(tmp_path: Path) -> Path:
    """A few bars of 6E, which are on nobody else's grid."""
    rows = ["timestamp,open,high,low,close,volume"]
    rows += [
        f"2025-11-04T14:{minute:02d}Z,1.09430,1.09445,1.09430,1.0943{minute % 2 * 5},7"
        for minute in range(60)
    ]
    file = tmp_path / "euro.csv"
    file.write_text("\n".join(rows) + "\n")
    return file


def test_bars_off_the_strategys_grid_name_the_way_out(
    engine: Callable[..., Said], euro_csv: Path
) -> None:
    said = engine("run", SLOB, "--data", euro_csv)
    assert said.status == 3
    assert f"{euro_csv}:2: " in said.err
    assert "--instrument" in said.err
    assert engine("run", SLOB, "--data", euro_csv, "--instrument", "6E").status == 0
    assert engine("run", SLOB, "--data", euro_csv, "--set", "instrument=6e").status == 0


def test_a_description_beside_the_data_changes_the_instrument_and_is_said(
    engine: Callable[..., Said], euro_csv: Path
) -> None:
    euro_csv.with_name("euro.csv.yaml").write_text("instrument: 6E\n")
    said = engine("run", SLOB, "--data", euro_csv)
    assert said.status == 0
    assert "the bars are of 6E, so it is traded instead of NQ" in said.out


def test_a_strategy_on_another_grid_than_the_sample_is_told_so(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    said = engine("run", spec(SIMPLE.replace("instrument: NQ", "instrument: GBPUSD")))
    assert said.status == 3
    assert "--data with bars of GBPUSD" in said.err


def test_a_data_set_is_run_by_name(
    engine: Callable[..., Said], calendars: ExchangeCalendars
) -> None:
    market = sample().rows(0, 5000)
    store.import_bars("mine", market, inspect(market, calendars))
    data = engine("run", SLOB, "--data", "mine", "--json").document["data"]
    assert (data["name"], data["bars"]) == ("mine", 5000)
    said = engine("run", SLOB, "--data", "mien")
    assert said.status == 3
    assert "did you mean mine?" in said.err


def test_dates_without_a_bar_name_those_there_are(engine: Callable[..., Said]) -> None:
    said = engine("run", SLOB, "--from", "2024-01-01", "--to", "2024-02-01")
    assert said.status == 3
    assert "2025-10-01 to 2025-12-31" in said.err


def test_bars_of_another_size_than_the_strategys_are_refused(
    engine: Callable[..., Said], tmp_path: Path
) -> None:
    text = csv_of(sample().rows(0, 600)).splitlines()
    file = tmp_path / "fives.csv"
    file.write_text("\n".join([text[0], *text[1::5]]) + "\n")
    said = engine("run", SLOB, "--data", file)
    assert said.status == 3
    assert "the bars last 5 min, the strategy's 1" in said.err


def row(**other: str) -> str:
    values = dict(zip("tohlcv", ("2025-11-04T14:31Z", "100", "101", "99", "100", "5"), strict=True))
    return ",".join({**values, **other}.values())


HEAD = "timestamp,open,high,low,close,volume\n"
FIRST = "2025-11-04T14:30Z,100,101,99,100,5\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HEAD + FIRST + row(o="nan"), 3),
        (HEAD + FIRST + row(v="-1"), 3),
        (HEAD + FIRST + row(h="98"), 3),
        (HEAD + FIRST + FIRST, 3),
        (HEAD + FIRST + row(t="2025-11-04T14:29Z"), 3),
        (HEAD.replace("timestamp", "time") + row(t="2025-11-04 14:31"), None),
        (HEAD + FIRST + row(c="1e308"), 3),
        (HEAD + FIRST + row(c="100.1"), 3),
        (HEAD.replace(",", ";") + FIRST.replace(",", ";").replace("100;", "100,25;"), None),
        (HEAD.replace(",close", "") + "2025-11-04T14:30Z,100,101,99,5\n", 1),
        (HEAD, None),
        ("", None),
        ("hello\nworld\n", None),
    ],
)
def test_bad_bars_leave_with_3_naming_file_and_line(
    text: str, line: int | None, engine: Callable[..., Said], tmp_path: Path
) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text)
    said = engine("run", SLOB, "--data", file, "--events", tmp_path / "journal")
    assert said.status == 3, said.out
    assert said.err.startswith(f"error: {file}{f':{line}: ' if line else ''}")
    assert not (tmp_path / "journal").exists()
    document = engine("run", SLOB, "--data", file, "--json")
    assert document.status == 3
    assert document.document["path"] == str(file)


def test_a_local_clock_has_to_be_named_and_its_double_hour_is_refused(
    engine: Callable[..., Said], tmp_path: Path
) -> None:
    file = tmp_path / "local.csv"
    file.write_text(HEAD + row(t="2025-11-02 01:30") + "\n" + row(t="2025-11-02 01:31"))
    assert "--zone" in engine("run", SLOB, "--data", file).err
    said = engine("run", SLOB, "--data", file, "--zone", "America/New_York")
    assert said.status == 3
    assert "happened twice" in said.err


def test_where_nothing_begins_the_start_rule_says_why(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    said = engine("run", spec(SIMPLE.replace("+ 20 pt", "+ 20000 pt")), *MONTH)
    assert said.status == 0
    assert "no long candidate began" in said.out
    assert "`jump` was true on 0" in said.out


def test_terms_that_the_strategy_cannot_keep_are_its_own_mistake(
    engine: Callable[..., Said],
) -> None:
    said = engine("run", SLOB, "--equity", "999999999999999999")
    assert said.status == 1
    assert "lower risk.max" in said.err


def test_warnings_go_to_the_error_stream(engine: Callable[..., Said]) -> None:
    said = engine("run", CREATOR, *MONTH)
    assert "warning[" not in said.out
    assert engine("run", CREATOR, *MONTH, "--json").document["program"]["name"] == (
        "slob_5_1_creator"
    )


# --- events to keep away from ---------------------------------------------------------------

WITH_NEWS = (
    SIMPLE
    + "events:\n  news: {file: news.csv, before: 600 min, after: 600 min}\n"
    + ("filters:\n  quiet: not blackout(news)\n")
)


def test_a_list_of_events_beside_the_strategy_keeps_it_away(
    engine: Callable[..., Said], spec: Callable[..., Path], tmp_path: Path
) -> None:
    file = spec(WITH_NEWS)
    (tmp_path / "news.csv").write_text("time,name\n2025-11-04T10:00-05:00,figures\n")
    day = ("--from", "2025-11-04", "--to", "2025-11-04", "--json")
    document = engine("run", file, *day).document
    assert document["trades"] == []
    assert sum(side["stages"][0]["died"].get("quiet", 0) for side in document["funnel"]) > 0
    later = ("--from", "2025-11-06", "--to", "2025-11-06", "--json")
    assert engine("run", file, *later).document["trades"]


def test_a_list_of_events_that_is_not_there_is_named(
    engine: Callable[..., Said], spec: Callable[..., Path], tmp_path: Path
) -> None:
    said = engine("run", spec(WITH_NEWS), *MONTH)
    assert said.status == 3
    assert str(tmp_path / "news.csv") in said.err


def test_mnq_strategies_run_on_bars_of_nq(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    assert instrument("MNQ").tick == instrument("NQ").tick
    file = spec(SIMPLE.replace("instrument: NQ", "instrument: MNQ"), "micro.yaml")
    nq = engine("run", spec(), *MONTH, "--json").document
    mnq = engine("run", file, *MONTH, "--json").document
    assert mnq["data"]["instrument"] == "MNQ"
    big, small = (Decimal(one["statistics"]["all"]["gross"]) for one in (nq, mnq))
    assert big == 10 * small != 0
