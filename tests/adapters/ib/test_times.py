"""Times that a gateway writes on its login's clock: read as what they are, or not at all."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.gateway.config import Clock
from adapters.ib.greeting import Greeting
from adapters.ib.library import installed
from adapters.ib.port import UnknownZone
from adapters.ib.times import Login, login_of, zone_named
from adapters.instruments import instrument
from engine.live import words
from tests.adapters.gateway.smoke import zigzag
from tests.support.gateway import frame_of, gateway_of
from tests.support.ib import CARRIERS, Wired, bracket, run, wired

SUMMER = int(datetime(2026, 7, 1, 15, 7, 24, tzinfo=UTC).timestamp())
WINTER = int(datetime(2026, 1, 6, 15, 7, 24, tzinfo=UTC).timestamp())


def wall(now: int, zone: str) -> str:
    return f"{datetime.fromtimestamp(now, ZoneInfo(zone)):%Y%m%d %H:%M:%S}"


@pytest.mark.parametrize("now", [SUMMER, WINTER])
@pytest.mark.parametrize(
    ("zone", "called", "found"),
    [
        ("America/New_York", "EST", "America/New_York"),  # in summer, too
        ("America/Chicago", "CST", "America/Chicago"),
        ("Asia/Shanghai", "CST", "UTC+08:00"),  # not Chicago's, though it is called so
        ("Europe/Berlin", "CET", "Europe/Berlin"),
        ("UTC", "UTC", "UTC"),
        ("Asia/Kolkata", "India Standard Time", "UTC+05:30"),
        ("Asia/Shanghai", "中国标准时间", "UTC+08:00"),
        ("Asia/Tokyo", "", "UTC+09:00"),
    ],
)
def test_a_login_s_clock_is_found_by_its_name_where_that_fits_else_by_the_hour(
    zone: str, called: str, found: str, now: int
) -> None:
    login = login_of("", f"{wall(now, zone)} {called}".strip(), now + 2)
    assert str(login) == found
    assert login.seconds(wall(now, zone).replace(" ", "  ")) == now
    assert login.seconds(f"{wall(now, zone)} {called}".strip()) == now
    assert login.seconds(f"{wall(now, 'US/Eastern')} US/Eastern") == now
    assert login.seconds(f"{datetime.fromtimestamp(now, UTC):%Y%m%d-%H:%M:%S}") == now


@pytest.mark.parametrize(
    ("greeting", "late"), [("", 0), ("good morning", 0), ("20260106 16:07:24", 300)]
)
def test_a_time_without_a_zone_on_a_clock_that_is_not_known_is_no_time(
    greeting: str, late: int
) -> None:
    login = login_of("", greeting, WINTER + late)
    assert str(login) == "unknown"
    with pytest.raises(UnknownZone, match="without their zone: say --tws-zone"):
        login.seconds("20260106 16:07:24")
    with pytest.raises(UnknownZone, match=r"not known here \(Mars Time\): say --tws-zone"):
        login.seconds("20260106 16:07:24 Mars Time")
    with pytest.raises(UnknownZone, match="cannot be read"):
        login.seconds("noon")


def test_what_a_person_says_counts_unless_the_gateway_shows_otherwise() -> None:
    greeting = wall(WINTER, "Europe/Berlin")
    assert str(login_of("Europe/Madrid", greeting, WINTER)) == "Europe/Madrid"
    assert str(login_of("Europe/Berlin", "", WINTER)) == "Europe/Berlin"
    with pytest.raises(UnknownZone, match="not that of America/New_York: it greeted with"):
        login_of("America/New_York", greeting, WINTER)
    with pytest.raises(UnknownZone, match="there is no time zone Mars/North"):
        login_of("Mars/North", greeting, WINTER)


@given(
    st.sampled_from(["America/New_York", "Europe/London", "Asia/Kathmandu", "Australia/Adelaide"]),
    st.integers(SUMMER - 10**8, SUMMER), st.integers(0, 119), st.booleans(),
)  # fmt: skip
def test_a_time_reads_back_on_the_clock_that_wrote_it(
    zone: str,
    now: int,
    late: int,
    named: bool,  # noqa: FBT001 - drawn
) -> None:
    text = wall(now, zone)
    folds = datetime.fromtimestamp(now, ZoneInfo(zone)).fold
    login = login_of("", f"{text} {zone}" if named else text, now + late)
    if not folds:  # the hour that comes twice is told as its first
        assert login.seconds(text) == now


@given(st.text(max_size=40) | st.from_regex(r"\d{8}[ -]\d\d:\d\d:\d\d( [A-Z]{3})?", fullmatch=True))
@example("20261399 10:00:00")
@example("20260106 25:00:00 UTC")
def test_any_text_is_a_time_or_is_refused(text: str) -> None:
    for login in (Login(), Login(UTC, "UTC")):
        with suppress(UnknownZone):
            assert isinstance(login.seconds(text), int)
        assert isinstance(login_of("", text, WINTER), Login)
    assert zone_named(text) is None or text


@given(st.lists(st.integers(0, 60)), st.binary(max_size=8))
def test_a_greeting_is_heard_in_any_pieces(cuts: list[int], more: bytes) -> None:
    data = frame_of(b"176\x0020260106 16:07:24 CET\0") + more
    greeting = Greeting()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    for low, high in pairwise(edges):
        greeting.heard(data[low:high])
    assert greeting.time == "20260106 16:07:24 CET"


@given(st.lists(st.binary(max_size=30), max_size=6))
def test_what_is_no_greeting_is_none(parts: list[bytes]) -> None:
    greeting = Greeting()
    for part in parts:
        greeting.heard(part)
    assert isinstance(greeting.time, str)


needs_library = pytest.mark.skipif(not installed(), reason="no client library is installed")


async def traded(one: Wired) -> None:
    """Bought two contracts at the market, in a bracket."""
    nq = await one.broker.contract(instrument("NQ"))
    await one.broker.bars(nq, 1, None)
    await one.play(2)
    last = one.gateway.tapes["NQ"].price or 0
    number = one.broker.next_number()
    for send in bracket(nq, number, entry=None, stop=last - 400, target=last + 4000):
        one.broker.send(send, nq)


@needs_library
@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("library", installed())
@pytest.mark.parametrize(
    ("clock", "zone"),
    [
        (Clock("America/Los_Angeles", "PST", bare=True), ""),
        (Clock("America/New_York", "EST"), ""),
        (Clock("Asia/Shanghai", "中国标准时间"), ""),
        (Clock("Asia/Kathmandu", "", bare=True), ""),
        (Clock("Europe/Berlin", "", bare=True), "Europe/Berlin"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.zone} as {value.name}",
)
def test_executions_have_their_minute_however_the_gateway_writes_it(
    library: str, carrier: str, clock: Clock, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")  # ours must not matter
    gateway = gateway_of(zigzag(), clock=clock, played=60, cash=Fraction(10**6))

    async def work() -> None:
        async with wired(gateway, carrier, library, zone=zone) as one:
            session = await one.broker.connect()
            assert session.zone not in ("", "unknown")
            await traded(one)
            await one.until(lambda: one.heard(words.Executed))
            (told,) = one.heard(words.Executed)
            (asked,) = (await one.broker.snapshot()).holdings.executions
            minute = int(gateway.truth.executions[0].time) // 60
            assert told.execution.minute == asked.minute == minute

    run(work())


@needs_library
def test_an_execution_at_no_known_time_is_no_answer_and_no_trading() -> None:
    gateway = gateway_of(zigzag(), clock=Clock(bare=True), played=60, cash=Fraction(10**6))

    async def work() -> None:
        async with wired(gateway, "memory") as one:
            assert (await one.broker.connect()).zone == "UTC"
            await traded(one)
            await one.until(lambda: one.heard(words.Executed))
            line = one.broker._on().line
            line.login = Login()
            with pytest.raises(UnknownZone, match="say --tws-zone"):
                await one.broker.snapshot()
            with pytest.raises(UnknownZone, match="not that of Asia/Tokyo"):
                async with wired(gateway, "memory", zone="Asia/Tokyo", client=18) as other:
                    await other.broker.connect()
            await asyncio.sleep(0)

    run(work())
