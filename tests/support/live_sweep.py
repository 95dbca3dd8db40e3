"""Crash a live run at every point there is, start again from the journal, and judge the end.

The points of a step are: before its record, and after it with any number of its commands carried
out. Commands the client wrote and lost are those of a shorter prefix.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Self

from engine.live import commands as cmd
from engine.live import events as ev
from engine.live import words
from engine.live.family import Phase
from engine.live.identity import leg_of
from tests.support.desk import Scene
from tests.support.live_world import World, records_of, scene_setting, world
from tests.support.paper import FIVE_SECONDS, Profile
from tests.support.plain_simulator import Bar, Plan, Setup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.live.desk import Step
    from engine.live.policy import Policy

PROFILES = (
    Profile("plain"),
    Profile("partial fills", partial=16),
    Profile("partial fills, children wake", partial=16, wake_on_part=True, reduce=True),
    Profile("rejected stop", reject_stop=16),
    Profile("rejected stop and repair", reject_stop=16, reject_repair=16),
    Profile("rejected way out", reject_exit=5),
    Profile("shuffled and duplicated, forgetful", shuffle=True, repeat=True, forgets=True),
    Profile("secretive", hides=True),
    Profile("swallowed", swallow=5),
    Profile("everything", partial=6, reject_stop=5, reject_repair=5, swallow=2, shuffle=True,
            repeat=True),
)  # fmt: skip


@dataclass(frozen=True)
class Point:
    """Where a crash happens: in which step, and after how many commands (-1: before the record)."""

    step: int
    after: int


@dataclass
class Tally:
    """What came of many crashes."""

    recoveries: int = 0
    equal: int = 0
    otherwise: int = 0
    fills: int = 0
    naked: int = 0
    violations: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def __iadd__(self, other: Tally) -> Self:
        self.recoveries += other.recoveries
        self.equal += other.equal
        self.otherwise += other.otherwise
        self.fills += other.fills
        self.naked = max(self.naked, other.naked)
        self.violations += other.violations
        self.first = other.first | self.first
        return self

    def note(self, what: str, where: str) -> None:
        self.violations[what] += 1
        self.first.setdefault(what, where)


def sweep_scene(seed: int, bars: int = 14) -> Scene:
    """A short session with a few setups, at whose end everything has to be out."""
    chance = Random(seed)
    order = chance.choice(["market", "market", "stop", "limit"])
    plan = Plan(
        tick_value=Fraction(5), equity=Fraction(50_000), commission=Fraction(17, 20),
        slippage=chance.randint(0, 1), order=order, valid=chance.choice([1, 3]), method="fixed",
        contracts=chance.choice([1, 2, 3, 4]), maximum=9, flattens=True, flat_later=True,
        after=chance.choice([None, 3]), trails=chance.random() < 0.4,
        shares=chance.choice([[Fraction(1)], [Fraction(1, 2), Fraction(1, 2)], [Fraction(1, 2)]]),
        even_r=chance.choice([None, Fraction(1, 2)]), leaves=False,
        stop_at=chance.choice([None, None, Fraction(1, 500)]),
        daily_loss=chance.choice([None, None, Fraction(1, 1000)]),
    )  # fmt: skip
    rows: list[Bar] = []
    close = 1000
    for index in range(bars):
        opens = close + chance.choice([0, 0, 0, 1, -1])
        width = chance.choice([2, 3, 6, 12])
        close = opens + chance.randint(-width, width)
        high, low = (
            max(opens, close) + chance.randint(0, 3),
            min(opens, close) - chance.randint(0, 3),
        )
        bar = Bar(opens, high, low, close, 0, index >= bars - 2, index == bars - 3)
        near = [None, low - 3, high + 3]
        bar.trail = {side: chance.choice(near) for side in ("long", "short")}
        rows.append(bar)
    setups = []
    for row in sorted(chance.sample(range(bars - 5), 3)):
        side = chance.choice(["long", "short"])
        sign = 1 if side == "long" else -1
        price = rows[row].close
        level = price + sign * {"market": 0, "stop": 2, "limit": -2}[order]
        targets = [price + sign * gap for gap in (6, 11)][: len(plan.shares)]
        setups.append(Setup(row, side, price, level, price - sign * 7, targets, None))
    return Scene(plan, rows, setups)


class _Stopped(Exception):
    """The engine died here."""


def forks(start: World) -> Iterator[tuple[Point, World]]:
    """Each point of a run with the world as a crash there leaves it."""
    made: list[tuple[Point, World]] = []
    steps = 0

    def observe(at: World, step: Step) -> None:
        nonlocal steps
        acts = [one for one in step.commands if isinstance(one, cmd.Send | cmd.Cancel)]
        for place in range(-1 if step.events else 0, len(acts) + 1):
            fork = World(at.setting, at.paper.copy(), at.journal.copy(), at.row)
            fork.warms = at.warms
            fork.is_mid_bar = at.is_mid_bar
            if place >= 0:
                fork.journal.record(*step.events)
            for command in acts[: max(0, place)]:
                fork.do(command)
            made.append((Point(steps, place), fork))
        steps += 1

    start.observer = observe
    while start.row < len(start.setting.market):
        start.open_bar()
        yield from made
        made.clear()
        start.close_bar()
        yield from made
        made.clear()


def sweep(seed: int, profile: Profile, policy: Policy | None = None, every: int = 1) -> Tally:
    """Crash one run at every point (or each of `every`), and some a second time."""
    profile = replace(profile, seed=seed)
    setting = scene_setting(sweep_scene(seed), policy)
    whole = world(setting, profile, warm_up=1).finish()
    tally = Tally(fills=len(whole.paper.executions))
    judge(whole, whole, tally, f"seed {seed}, {profile.name}, no crash")
    tally.equal -= 1
    for number, (point, fork) in enumerate(forks(world(setting, profile, warm_up=1))):
        if number % every:
            continue
        where = f"seed {seed}, {profile.name}, {point}"
        try:
            fork.restart()
            if number % 7 == 3:
                fork.restart()
            fork.finish()
        except Exception as error:  # noqa: BLE001 - it is what is looked for
            tally.note(f"raised {type(error).__name__}: {error}"[:90], where)
            tally.recoveries += fork.recoveries
            continue
        tally.recoveries += fork.recoveries
        judge(fork, whole, tally, where)
    return tally


def takeovers(seed: int, profile: Profile, every: int = 1) -> Tally:
    """Crash one run at each of `every` points, and start again with another program."""
    profile = replace(profile, seed=seed)
    scene = sweep_scene(seed)
    other = replace(scene, plan=replace(scene.plan, contracts=scene.plan.contracts + 1))
    tally = Tally()
    for number, (point, fork) in enumerate(forks(world(scene_setting(scene), profile, warm_up=1))):
        if number % every:
            continue
        fork.setting = scene_setting(other)
        fork.restart()
        fork.finish()
        tally.recoveries += fork.recoveries
        watch(fork, tally, f"seed {seed}, {profile.name}, {point}, another program")
    return tally


def judge(made: World, whole: World, tally: Tally, where: str) -> None:
    """Count what must not be, and whether it ended as if nothing had happened."""
    watch(made, tally, where)
    books = made.journal.books
    if not books.latch and (made.desk.trader.account.latched or owes_latch(made, whole)):
        tally.note("a latch was forgotten", where)
    if is_equal(made, whole):
        tally.equal += 1
    else:
        tally.otherwise += 1
        if not forced(made):
            tally.note("ended otherwise", where)


def watch(made: World, tally: Tally, where: str) -> None:
    """Count what must never be, whatever happened."""
    paper, books = made.paper, made.journal.books
    tally.fills += len(paper.executions)
    tally.naked = max(tally.naked, paper.naked_longest)
    if paper.naked_longest > FIVE_SECONDS:
        tally.note("no armed stop for over 5 s", f"{where}: {paper.naked_longest} ms")
    asked = {one.leg.ref: one.order for family in books.families.values() for one in family.asked}
    for ref, size in paper.entries.items():
        if ref not in asked or size > asked[ref].contracts:
            tally.note("duplicate entry", f"{where}: {ref} {size}")
    living = [one for one in paper.orders.values() if not one.state.is_over]
    if living or paper.position:
        tally.note("orphan order" if living else "position at the end", where)
    booked = Counter(one.key for family in books.families.values() for one in family.executions)
    if booked != Counter(one.key for one in paper.executions):
        tally.note("lost or doubled execution", where)
    if sum(one.position for one in books.families.values()) != paper.position:
        tally.note("the books do not add up", where)
    if books.living:
        tally.note("a family is not done", where)
    if entries_while_latched(made.journal.events):
        tally.note("an entry after the latch", where)


def owes_latch(made: World, whole: World) -> bool:
    """Whether all that latched the uninterrupted run was met here, too."""
    return (
        bool(whole.journal.books.latch)
        and made.paper.entries == whole.paper.entries
        and refusals(made) >= refusals(whole)
    )


def refusals(made: World) -> set[str]:
    """References of the orders that the broker refused; what it never had was not refused."""
    return {one.ref for one in made.journal.events if isinstance(one, words.Refused) and one.code}


def entries_while_latched(events: list[ev.Event]) -> int:
    """How many entries were sent while no entry was allowed."""
    count, latched = 0, False
    for event in events:
        match event:
            case ev.Latched():
                latched = True
            case ev.Unlatched():
                latched = False
            case ev.Sending(ref=ref) if (leg := leg_of(ref)) is not None:
                count += latched and leg.role.opens
    return count


def is_equal(made: World, whole: World) -> bool:
    """Whether journal and broker ended as if nothing had happened."""
    mine, theirs = (records_of(one.journal.events) for one in (made, whole))
    account = [one.journal.books.steps for one in (made, whole)]
    same_account = [
        next((step.account, step.orders, step.booked) for step in steps.values()) if steps else ()
        for steps in account
    ]
    return (
        mine.tolist() == theirs.tolist()
        and same_account[0] == same_account[1]
        and made.journal.books.latch == whole.journal.books.latch
        and made.paper.position == whole.paper.position
        and made.paper.cash == whole.paper.cash
    )


def forced(made: World) -> bool:
    """Whether a fault of the profile met the recovery: then it is enough to be flat."""
    profile = made.paper.profile
    faulty = (
        profile.partial
        or profile.reject_stop
        or profile.reject_repair
        or profile.reject_exit
        or profile.swallow
    )
    return bool(faulty) and made.paper.position == 0


def endings(made: World) -> Counter[str]:
    """How the families of a run ended."""
    return Counter(
        event.ending
        for event in made.journal.events
        if isinstance(event, ev.Moved) and event.phase is Phase.DONE
    )
