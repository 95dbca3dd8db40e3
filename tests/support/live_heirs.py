"""Another program takes over at every point there is; the one of before leads what it opened."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dsl.ir.text import program_hash
from engine.execution.records import Kind
from engine.live import events as ev
from engine.live.deeds import Setup, told_live
from engine.live.floor import live_reasons
from tests.support.live_sweep import Tally, forced, forks, sweep_scene, watch
from tests.support.live_world import scene_setting, world

if TYPE_CHECKING:
    from engine.live.deeds import Deed
    from tests.support.live_world import Setting, World
    from tests.support.paper import Profile

_OF_THE_ACCOUNT = {"equity", "peak"}
"""Parts of a record to which every other setup adds."""


def inheritances(seed: int, profile: Profile, every: int = 1) -> Tally:
    """Cut one run at each of `every` points; the next start is another program's.

    Some are cut a second time, in some the old program comes back. What it had entered before must
    end as if it had traded alone.
    """
    profile = replace(profile, seed=seed)
    scene = sweep_scene(seed)
    old = scene_setting(scene)
    new = scene_setting(
        replace(scene, plan=replace(scene.plan, contracts=scene.plan.contracts + 1))
    )
    whole = entered(world(old, profile, warm_up=1).finish(), old)
    tally = Tally()
    for number, (point, fork) in enumerate(forks(world(old, profile, warm_up=1))):
        if number % every:
            continue
        where = f"seed {seed}, {profile.name}, {point}, number {number}"
        before = set(fork.journal.books.families)
        fork.setting, fork.before = new, (old,)
        fork.restart()
        if number % 3 == 1:
            fork.restart()
        if number % 5 == 2 and fork.row < len(fork.setting.market):
            one_bar(fork)
            fork.setting, fork.before = old, (new,)
            fork.restart()
        fork.finish()
        tally.recoveries += fork.recoveries
        watch(fork, tally, where)
        if fork.journal.books.leading:
            tally.note("somebody leads for ever", where)
        if forced(fork):
            continue
        found = entered(fork, old)
        for name in before:
            family = fork.journal.books.families[name]
            if family.entered == 0:
                continue
            tally.equal += 1
            setup = Setup(family.signal.minute, "long" if family.action.sign > 0 else "short")
            if differs(found.get(setup, []), whole.get(setup, [])):
                tally.note("ended otherwise", f"{where}: {setup}")
    return tally


def one_bar(made: World) -> None:
    """Let a bar pass, or what is left of it."""
    if made.is_mid_bar:
        made.settle(made.setting.bar(made.row).at - 1)
    else:
        made.open_bar()
    made.close_bar()


def entered(made: World, of: Setting) -> dict[Setup, list[Deed]]:
    """What a program wrote down about the setups that it entered."""
    strategy = program_hash(of.program)
    steps = [
        one
        for one in made.journal.events
        if isinstance(one, ev.Stepped) and one.strategy == strategy
    ]
    told = told_live(steps, live_reasons(of.program)) if steps else {}
    return {
        setup: deeds
        for setup, deeds in told.items()
        if setup is not None and any(deed.kind is Kind.FILL for deed in deeds)
    }


def differs(mine: list[Deed], theirs: list[Deed]) -> bool:
    """Whether a setup was traded otherwise, apart from what others added to the account."""
    if len(mine) != len(theirs):
        return True
    pairs = zip(mine, theirs, strict=True)
    return any(set(one.parts(other)) - _OF_THE_ACCOUNT for one, other in pairs)
