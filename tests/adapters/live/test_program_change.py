"""A strategy that is changed while its position is open, over the gateway, with real restarts."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from adapters.database.reader import JournalReader
from adapters.ib.library import installed
from adapters.live.ending import Ending
from adapters.live.errors import BadAccount
from adapters.live.offline import begun, stood
from adapters.live.recipes import recipe_of
from adapters.live.standing import status_of
from engine.execution.records import Kind
from engine.live import events as ev
from engine.live.deeds import told_live
from engine.live.family import Phase
from engine.live.floor import live_reasons
from engine.live.identity import Role
from tests.proofs.killing import slice_of
from tests.proofs.rig import SCALP, TERMS
from tests.support.live_run import live, plan_of, until
from tests.support.shipped import compiled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from adapters.gateway.gateway import Gateway
    from adapters.live.plan import Plan
    from adapters.live.runner import Runner
    from adapters.live.status import Status
    from engine.live.deeds import Deed, Setup
    from engine.live.family import Family
    from tests.proofs.rig import Scene
    from tests.support.live_run import Heard, Lived

pytestmark = pytest.mark.skipif(not installed(), reason="no client library is installed")

DECIDED = 18
"""The bar of a short that is filled a bar later, is half out six bars later, and then has its
stop moved to where it entered; the bar after that is stopped there."""

KILLED = (20, 23)
PLAYED = 36


@cache
def scene() -> tuple[Scene, int]:
    """Bars round that short, and the minute of the one with which the gateway begins."""
    found, begins = slice_of(0)
    first = int(begins // 60)
    rows = int(np.searchsorted(found.market.minute, first + PLAYED))
    return replace(found, market=found.market.rows(0, rows)), first


def gateway(**changes: Any) -> Gateway:
    found, first = scene()
    return found.gateway(begins=float((first + DECIDED) * 60), **changes)


def plan(journal: Path, *, kept: bool = True, **values: str) -> Plan:
    """The strategy with some values of its parameters; `kept`: its text goes into the journal."""
    made = compiled(SCALP, **values)
    assert made.program is not None
    recipe = recipe_of(made.program, made.sources, values, {}, TERMS, str(SCALP))
    return plan_of(
        journal, program=made.program, file=str(SCALP), events={}, terms=TERMS, counted=True,
        recipe=recipe if kept else None,
    )  # fmt: skip


def killed_at(bar: int) -> Callable[[Runner, Heard], Any]:
    """Die between two bars: nothing more is written or sent."""
    _, first = scene()

    async def die(runner: Runner, _: Heard) -> None:
        def is_past() -> bool:
            return runner.last_bar is not None and runner.last_bar.minute >= first + bar

        await until(is_past)
        await asyncio.sleep(20)
        runner.end(Ending.STOPPED)
        await asyncio.sleep(3600)

    return die


def replayed(journal: Path, *plans: Plan) -> tuple[Gateway, list[Lived]]:
    """One market, an engine after the other; all but the last are killed."""
    market = gateway()
    kills = [killed_at(bar) for bar in KILLED[: len(plans) - 1]]
    lives = [live(market, one, die) for one, die in zip(plans, [*kills, None], strict=True)]
    return market, lives


def deeds(journal: Path, of: Plan) -> dict[Setup, list[Deed]]:
    """What a program wrote down about its setups."""
    strategy = of.recipe.strategy if of.recipe is not None else ""
    with JournalReader.open(journal) as reader:
        steps = [one for _, one in reader.events() if isinstance(one, ev.Stepped)]
        assert reader.verify() > 0
    mine = [one for one in steps if one.strategy == strategy]
    told = told_live(mine, live_reasons(of.program))
    return {setup: found for setup, found in told.items() if setup is not None}


def first_family(journal: Path) -> Family:
    """The short."""
    with JournalReader.open(journal) as reader:
        found = list(reader.load()[0].families.values())
    return min(found, key=lambda one: one.signal.minute)


def fills(market: Gateway, family: str) -> list[tuple[Any, ...]]:
    """What the gateway did for a family: when, which order, how many, at what price."""
    return [
        (one.time, one.order.ticket.ref, one.quantity, one.price)
        for one in market.truth.executions
        if one.order.ticket.ref.startswith(family)
    ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Gateway]:
    """The strategy as it was, uninterrupted."""
    journal = tmp_path_factory.mktemp("whole") / "a.db"
    market, _ = replayed(journal, plan(journal))
    return journal, market


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Gateway, list[Lived]]:
    """The strategy changed between two kills, and the changed one killed once more."""
    journal = tmp_path_factory.mktemp("changed") / "a.db"
    other = plan(journal, pause="2 min")
    market, lives = replayed(journal, plan(journal), other, other)
    return journal, market, lives


def test_the_old_position_ends_as_if_nothing_had_been_changed(
    whole: tuple[Path, Gateway], changed: tuple[Path, Gateway, list[Lived]]
) -> None:
    family = first_family(whole[0])
    mine, theirs = (deeds(journal, plan(journal)) for journal in (changed[0], whole[0]))
    setup = min(mine)
    assert setup == min(theirs)
    assert mine[setup] == theirs[setup]
    assert all(
        one.kind is Kind.REFUSED for other in mine if other != setup for one in mine[other][1:]
    )
    assert {Kind.FILL, Kind.MOVE, Kind.EXIT, Kind.CLOSED} == {
        one.kind for one in mine[setup] if one.kind is not Kind.INTENT
    }
    assert fills(changed[1], family.name) == fills(whole[1], family.name)
    moved = [one for one in first_family(changed[0]).asked if one.leg.attempt]
    assert [one.leg.role for one in moved] == [Role.STOP]
    assert changed[1].truth.longest_naked == 0


def test_new_setups_are_the_new_program_s_once_the_old_one_is_out(
    changed: tuple[Path, Gateway, list[Lived]],
) -> None:
    journal, _, lives = changed
    old, new = plan(journal).recipe, plan(journal, pause="2 min").recipe
    assert old is not None
    assert new is not None
    events = [event for one in lives for event in one.heard.events]
    planned = [one.family.signal.strategy for one in events if isinstance(one, ev.Planned)]
    assert planned == [old.strategy, *[new.strategy] * (len(planned) - 1)]
    entered = [one.ref for one in events if isinstance(one, ev.Sending) and ":E" in one.ref]
    assert len(entered) > 1
    out = _index(events, ev.Moved, lambda one: one.phase is Phase.DONE and one.family in entered[0])
    again = _index(events, ev.Sending, lambda one: one.ref == entered[1])
    assert out < again
    assert [one.strategy for one in events if isinstance(one, ev.Leads | ev.LaidDown)] == [
        old.strategy
    ] * 2
    with JournalReader.open(journal) as reader:
        books = reader.load()[0]
    assert (books.leading, set(books.recipes)) == (frozenset(), {old.strategy, new.strategy})
    assert lives[1].heard.said("leads what it opened to its end, and nothing enters before")


def _index(events: list[Any], kind: type[Any], is_it: Callable[[Any], bool]) -> int:
    return next(at for at, one in enumerate(events) if isinstance(one, kind) and is_it(one))


def led(journal: Path, *plans: Plan) -> tuple[Gateway, Lived, Status]:
    """How the last of some engines stands while the old position is open, and how it ended."""
    market, seen = gateway(), list[Any]()

    async def look(runner: Runner, _: Heard) -> None:
        await asyncio.sleep(60)
        seen.append(status_of(runner))

    for one, bar in zip(plans[:-1], KILLED, strict=False):
        live(market, one, killed_at(bar))
    last = live(market, plans[-1], look)
    return market, last, seen[0]


def test_the_status_says_under_which_program_a_position_is_led(tmp_path: Path) -> None:
    journal = tmp_path / "a.db"
    old = plan(journal)
    assert old.recipe is not None
    _, _, found = led(journal, old, plan(journal, pause="2 min"))
    (position,), (earlier,) = found.positions, found.earlier

    assert (position.program, position.led_by) == (
        old.recipe.strategy, f"program {old.recipe.strategy}"
    )  # fmt: skip
    assert (earlier.program, earlier.name, earlier.leads) == (old.recipe.strategy, "scalp", True)
    assert found.owner == "DU1234567"


def broken(old: Plan, how: str) -> Plan:
    """A program whose text the journal has otherwise than it was."""
    recipe = old.recipe
    assert recipe is not None
    file = recipe.files[0]
    text = {
        "no text": None,
        "another text": file.text.replace("12 bars", "13 bars"),
        "a text of another language": file.text.replace("lang: 1", "lang: 99"),
    }[how]
    if text is None:
        return replace(old, recipe=None)
    return replace(old, recipe=replace(recipe, files=(replace(file, text=text),)))


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("no text", "the journal has no text of it"),
        ("another text", "its text means something else to this engine"),
        ("a text of another language", "its text does not compile any more"),
    ],
)
def test_a_program_that_cannot_be_made_again_is_said_so_and_its_orders_lead(
    tmp_path: Path, how: str, why: str
) -> None:
    journal = tmp_path / "a.db"
    old = broken(plan(journal), how)
    market, last, found = led(journal, old, plan(journal, pause="2 min"))
    family = first_family(journal)

    assert last.heard.said(f"cannot lead what it opened: {why}")
    assert last.heard.said("its last stop and its targets stay")
    assert found.positions[0].led_by == "its own orders"
    assert why in found.earlier[0].trouble
    assert not [one for one in family.asked if one.leg.role is Role.STOP and one.leg.attempt]
    assert not last.heard.of(ev.Leads)
    assert market.truth.longest_naked == 0
    with JournalReader.open(journal) as reader:
        assert reader.verify() > 0


def test_a_journal_is_of_the_account_that_began_it(tmp_path: Path) -> None:
    journal = tmp_path / "a.db"
    live(gateway(), plan(journal), killed_at(DECIDED))
    assert stood(journal).account == "DU1234567"
    words = "is of account DU1234567, and DU7654321 would be traded"
    with pytest.raises(BadAccount, match=words) as refused:
        live(gateway(accounts=("DU7654321",)), plan(journal))
    assert "--journal FILE" in refused.value.remedy
    typed = replace(plan(journal), account="DU7654321")
    with pytest.raises(BadAccount, match=words):
        live(gateway(accounts=("DU7654321",)), typed)
    with closing(begun(journal)) as opened:
        assert opened.books.account == "DU1234567"
        assert [one for _, one in opened.events() if isinstance(one, ev.Belongs)] == [
            next(one for _, one in opened.events())
        ]
