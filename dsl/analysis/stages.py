"""E040, E061, W103, W104: how the stages hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.analysis.stretches import bounding_sessions
from dsl.analysis.ways import reachable, rings, ways
from dsl.analysis.wording import listed
from dsl.ir.program import ENTRY, ThisBar

if TYPE_CHECKING:
    from dsl.findings import Findings
    from dsl.ir.program import Program
    from dsl.scope import Scope
    from dsl.source import Span
    from dsl.structure import Spec


def circles(spec: Spec, _: Scope, program: Program, findings: Findings) -> None:
    """E040: stages that examine the same bar in a circle."""
    for ring in rings(ways(program, ThisBar.EXAMINE)):
        round_ = " -> ".join(ring)
        findings.error(
            "E040",
            _examining(spec, ring[-2], ring[-1]),
            f"one bar could run round: {round_}",
            "write `this_bar: count` here (the next stage only counts the bar), or `skip`",
        )


def _examining(spec: Spec, origin: str, to: str) -> Span:
    """Where the advance from one stage to the other says `examine`."""
    assert spec.setup is not None
    for name, stage in spec.setup.stages.items():
        for advance in stage.advance:
            if (name, advance.to, advance.this_bar) == (origin, to, "examine"):
                assert advance.this_bar is not None
                return advance.this_bar.span
    raise AssertionError(f"{origin} does not examine in {to}")


def ends(spec: Spec, _: Scope, program: Program, findings: Findings) -> None:
    """E061: no way to an entry, or none out of a position; W103, W104."""
    reached = reachable(program)
    if spec.setup is not None and ENTRY not in reached:
        last = [stage for stage in spec.setup.stages if stage in reached][-1]
        edge = spec.setup.stages[last].advance[-1]
        tried = listed(stage for stage in ways(program) if stage in reached)
        findings.error(
            "E061",
            edge.to.span,
            f"no stage that a candidate can reach ({tried}) advances to `entry`",
            "one of the ways on must be `to: entry`",
        )
        return
    _unreachable(spec, program, reached, findings)
    _without_deadline(spec, program, reached, findings)
    _without_exit(spec, program, findings)


def _unreachable(spec: Spec, program: Program, reached: set[str], findings: Findings) -> None:
    first = program.stages[0].name if program.stages else ""
    there = listed(s for s in (*ways(program), ENTRY) if s in reached - {first})
    for name in spec.setup.stages if spec.setup else ():
        if name not in reached:
            findings.warning(
                "W103",
                name.span,
                f"no candidate ever comes to `{name}`",
                f"from `{first}` the ways on lead to {there}; does one name the wrong stage?",
            )


def _without_deadline(spec: Spec, program: Program, reached: set[str], findings: Findings) -> None:
    sessions = sorted(bounding_sessions(program))
    for name, stage in (spec.setup.stages if spec.setup else {}).items():
        if stage.within is not None or name not in reached:
            continue
        remedy = "for example `within: {limit: 20 bars, else: timed_out}`"
        if sessions:
            findings.note(
                "W104",
                name.span,
                f"`{name}` has no deadline: only the end of {listed(sessions)} ends the wait",
                remedy,
            )
        else:
            findings.warning(
                "W104",
                name.span,
                f"`{name}` has no deadline and no session ends it: a candidate may wait for days",
                remedy + ", or a rule such as `session_over: not in ny` under `always:`",
            )


def _without_exit(spec: Spec, program: Program, findings: Findings) -> None:
    """A position that only its stop can end can only lose."""
    exits = program.exits
    ways_out = (program.targets, exits.flat_by, exits.after, exits.when, exits.trail)
    if not any(ways_out):
        findings.warning(
            "W104",
            spec.key_span("stop"),
            "a position can end only at its stop: there is no target and no other exit",
            "add a `target`, or under `exits:` one of `flat_by`, `after`, `when`, `trail`",
        )
