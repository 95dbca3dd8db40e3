"""Small parts of the live runner, each alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

import pytest

from adapters.ib.port import Margins
from adapters.live.alerts import Alerts, Outage
from adapters.live.clocks import MarketClock
from adapters.live.connect import pauses
from adapters.live.dates import TradingDates
from adapters.live.echo import changed
from adapters.live.errors import BadAccount
from adapters.live.hands import Hands, lacking
from adapters.live.places import journal_of, socket_of
from adapters.live.plan import check_words
from adapters.live.standing import limits_of
from adapters.live.troubles import Troubles
from adapters.live.values import price_text
from dsl.folders import state_folder
from dsl.ir.program import DayRule
from engine.live.books import Books
from engine.live.commands import Cancel, Level, Send
from engine.live.events import Planned
from engine.live.family import Phase
from engine.live.holdings import OrderState
from tests.support.bars import minute_of
from tests.support.broker_words import family, held
from tests.support.shipped import SHIPPED, program_of

if TYPE_CHECKING:
    from pathlib import Path


def test_pauses_double_up_to_a_minute_and_never_fall_in_step() -> None:
    for first, second in zip(islice(pauses(), 12), islice(pauses(), 12), strict=True):
        assert first != second
    for number, pause in enumerate(islice(pauses(), 12)):
        planned = min(60.0, 2.0**number)
        assert 0.7 * planned <= pause <= 1.3 * planned


def test_an_outage_is_told_after_one_five_and_fifteen_minutes_once_each() -> None:
    outage = Outage(1_000)
    told = [(second, due) for second in range(2_000) if (due := outage.due(1_000 + second * 1_000))]
    assert [second for second, _ in told] == [60, 300, 900]
    assert [level for _, (level, _) in told] == [Level.WARNING, Level.ALARM, Level.ALARM]


def test_of_many_alerts_the_newest_are_remembered_first() -> None:
    alerts = Alerts()
    for number in range(100):
        alerts.say(number, Level.NOTE, str(number))
    assert [one.text for one in alerts.said][:3] == ["99", "98", "97"]
    assert len(alerts.said) < 100


@pytest.mark.parametrize(
    ("account", "port", "words"),
    [
        ("", 4001, "no account was named"),
        ("", 7496, "no account was named"),
        ("DU1234567", 4001, "DU1234567 was named"),
        ("U1234567", 4002, "where paper accounts are"),
        ("U1234567", 7497, "where paper accounts are"),
        ("robert'); --", 4002, "no account number"),
    ],
)
def test_words_that_contradict_one_another_are_refused(account: str, port: int, words: str) -> None:
    with pytest.raises(BadAccount, match=words.replace("(", r"\(")):
        check_words(account, port)


@pytest.mark.parametrize(
    ("account", "port"), [("", 4002), ("DU1234567", 7497), ("U1234567", 4001), ("", 5555)]
)
def test_words_that_agree_are_taken(account: str, port: int) -> None:
    check_words(account, port)


def margins(initial: str | None, equity: str | None) -> Margins:
    def made(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    return Margins(None, None, made(equity), made(initial), None)


def test_a_margin_that_is_not_there_or_not_told_is_lacking() -> None:
    assert lacking(margins("5000", "5000")) == ""
    assert "it needs 5001 of margin" in lacking(margins("5001", "5000"))
    assert "does not say" in lacking(margins(None, "5000"))
    assert "does not say" in lacking(margins("1", None))


def test_an_order_as_it_was_sent_is_no_news_and_every_change_is() -> None:
    mine = family(Phase.PLANNED)
    books = Books().after([Planned(1, mine)])
    for asked in mine.asked:
        wanted = asked.order
        order = replace(
            held(asked.leg),
            action=wanted.action,
            kind=wanted.kind,
            price=wanted.price,
            contracts=wanted.contracts,
            lasts="DAY" if asked.leg.role.opens else "GTC",
        )
        assert changed(books, order) == ""
        assert "duration" in changed(books, replace(order, lasts="GTD"))
        assert "outside regular hours" in changed(books, replace(order, outside_hours=False))
        assert "contracts" in changed(books, replace(order, contracts=order.contracts + 1))
        if order.price is not None:
            assert "price" in changed(books, replace(order, price=order.price + 1))
        assert changed(books, replace(order, lasts="GTD", state=OrderState.CANCELLED)) == ""
        assert changed(books, replace(order, ref="somebody", lasts="GTD")) == ""


def test_troubles_are_said_together_and_only_when_they_change() -> None:
    said: list[str] = []
    troubles = Troubles(said.append)
    troubles.say("farm", "the farm is down")
    troubles.say("quiet", "no bar for 3 minutes")
    troubles.say("quiet", "no bar for 4 minutes")
    assert troubles.text.endswith("no bar for 4 minutes")
    troubles.say("farm", "")
    troubles.say("quiet", "")
    assert said == [
        "the farm is down",
        "the farm is down; no bar for 3 minutes",
        "no bar for 4 minutes",
        "",
    ]


def test_a_market_s_clock_never_goes_back_and_wakes_once() -> None:
    woken: list[int] = []
    clock = MarketClock(1_000)
    clock.wake(2_000, lambda: woken.append(clock.now()))
    clock.told(1_500)
    clock.told(900)
    assert (clock.now(), woken) == (1_500, [])
    clock.told(2_500)
    clock.told(3_000)
    assert woken == [2_500]


def test_a_trading_date_begins_the_evening_before() -> None:
    dates = TradingDates(DayRule("America/New_York", 18 * 60))
    assert dates.text(minute_of("2026-01-05 22:59")) == "2026-01-05"
    assert dates.text(minute_of("2026-01-05 23:00")) == "2026-01-06"
    assert dates.text(minute_of("2026-03-08 22:00")) == "2026-03-09"  # clocks went forward


def test_prices_and_limits_are_told_as_the_strategy_has_them() -> None:
    program = program_of(next(file for file in SHIPPED if file.stem == "slob_5_1"))
    assert price_text(100_001, program.instrument.tick) == "25000.25"
    assert limits_of(program) == {"reduce_at": "0.15", "stop_at": "0.25"}


def test_places_follow_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ENGINE_STATE", str(tmp_path))
    assert state_folder() == tmp_path
    assert journal_of() == tmp_path / "paper.db"
    assert journal_of("U1234567") == tmp_path / "U1234567.db"
    assert journal_of(monitor_only=True) == tmp_path / "paper-monitor.db"
    assert socket_of(journal_of()) == tmp_path / "paper.db.sock"
    monkeypatch.delenv("ENGINE_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "x"))
    assert state_folder() == tmp_path / "x" / "slob-engine"


class Slow:
    """A broker that answers after a while what margin an order needs, and takes what comes."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.came: list[Send | Cancel] = []

    async def what_if(self, *_: object) -> Margins:
        await self.may_answer.wait()
        return Margins(None, None, Decimal(9), Decimal(1), None)

    def send(self, order: Send, _: object) -> None:
        self.came.append(order)

    def cancel(self, what: Cancel) -> None:
        self.came.append(what)


class Confused(Slow):
    """A broker whose answer cannot be read."""

    async def what_if(self, *_: object) -> Margins:
        raise ValueError("1.79e308")


class Told:
    """Somebody who hears what became of wishes."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def refused(self, _order: Send, _code: int, text: str) -> None:
        self.heard.append(text)

    def alarm(self, _level: object, text: str) -> None:
        self.heard.append(text)


def test_an_answer_about_the_margin_that_cannot_be_read_holds_up_nothing() -> None:
    entry, *exits = (Send(one.leg, one.order, 5, 1) for one in family(Phase.SENDING).asked)
    wanted: tuple[Send | Cancel, ...] = (entry, *exits, Cancel("another:S0.0", 4, 9))

    async def lived() -> tuple[list[Send | Cancel], list[str]]:
        broker, owner = Confused(), Told()
        hands = Hands(cast("Any", broker), cast("Any", None), cast("Any", owner))
        for what in wanted:
            hands.carry_out("2026-01-06", what)
        for _ in range(5):
            await asyncio.sleep(0)
        assert hands.is_idle
        return broker.came, owner.heard

    came, heard = asyncio.run(lived())
    assert came == [wanted[-1]]
    assert all("its margin is not known: 1.79e308" in text for text in heard)
    assert len(heard) == 2 + len(exits)


@pytest.mark.parametrize("permanent", [0, 7])
def test_what_was_given_up_while_its_margin_was_asked_for_is_not_sent_any_more(
    permanent: int,
) -> None:
    asked = family(Phase.SENDING).asked
    sends: list[Send | Cancel] = [Send(one.leg, one.order, 5, 1) for one in asked]
    given_up = Cancel(asked[0].leg.ref, 5, permanent)

    async def lived() -> list[Send | Cancel]:
        broker = Slow()
        hands = Hands(cast("Any", broker), cast("Any", None), cast("Any", None))
        for what in (*sends, given_up):
            hands.carry_out("2026-01-06", what)
        broker.may_answer.set()
        for _ in range(5):
            await asyncio.sleep(0)
        assert hands.is_idle
        return broker.came

    assert asyncio.run(lived()) == ([given_up] if permanent == 0 else [*sends, given_up])
