"""Why something is impossible: the kind of fact without which it would not be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from dsl.analysis.facts import EVERYTHING, Family
from dsl.analysis.wording import listed
from dsl.ir import expression as ir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.analysis.facts import Setting
    from dsl.analysis.prover import Prover

ORDER: Final = (
    Family.DEADLINE,
    Family.SESSION,
    Family.WINDOW,
    Family.TRACKER,
    Family.TIME,
    Family.BAR,
    Family.BOUNDS,
)


def because(prover: Prover, conditions: Sequence[ir.Node], setting: Setting) -> str:
    """What makes the conditions impossible together, as a sentence for `help`."""
    if setting.blank and not prover.impossible(conditions, replace(setting, blank=frozenset())):
        return _blank(prover, conditions, setting)
    if setting.sessions and not prover.impossible(
        conditions, replace(setting, sessions=frozenset())
    ):
        names = listed(sorted(setting.sessions))
        return f"`always` ends every candidate outside {names}, before this is asked" + (
            _session(conditions, ". ")
        )
    for family in ORDER:
        if not prover.impossible(conditions, setting, families=EVERYTHING - {family}):
            return _SENTENCES[family](prover, conditions, setting)
    return "its parts exclude each other" if len(conditions) == 1 else "they exclude each other"


def _blank(prover: Prover, conditions: Sequence[ir.Node], setting: Setting) -> str:
    stage = setting.stage.name if setting.stage else "the entry"
    for node in _inside(conditions):
        match node:
            case ir.TrackerField(name) if ("tracker", name, False) in setting.blank:
                counts = next(t.stages for t in prover.program.trackers if t.name == name)
                return (
                    f"`{name}` counts in {listed(counts)} only, so in `{stage}` it holds nothing "
                    "yet and its values are unknown"
                )
            case ir.CaptureField(name) if ("capture", name) in setting.blank:
                return f"no way to `{stage}` captures `{name}`, so its values are unknown there"
            case _:
                pass
    return f"what it reads is not remembered yet in `{stage}`"


def _session(conditions: Sequence[ir.Node], before: str = "") -> str:
    for node in _inside(conditions):
        match node:
            case ir.SessionValue(session, field, ir.Occurrence.FINAL):
                return (
                    f"{before}`{session}.{field}` is known only once `{session}` has ended; "
                    f"inside it write `{session}.so_far.{field}`"
                )
            case ir.SessionValue(session, field, ir.Occurrence.SO_FAR):
                return (
                    f"{before}`{session}.so_far.{field}` includes the bar at hand; the value "
                    f"before it is `{session}.so_far.{field}[1]`"
                )
            case _:
                pass
    return ""


def _deadline(prover: Prover, _: Sequence[ir.Node], setting: Setting) -> str:
    stage = setting.stage
    assert stage is not None
    assert stage.within is not None
    most = prover.bounds.of(stage.within.limit).high
    if stage.within.unit == "bars":
        return f"a candidate is in `{stage.name}` for at most {most} bars"
    return (
        f"a candidate is in `{stage.name}` for at most {most} min, "
        f"unless more than {prover.program.max_gap} min of bars are missing"
    )


def _window(_prover: Prover, conditions: Sequence[ir.Node], _: Setting) -> str:
    for node in _inside(conditions):
        if isinstance(node, ir.Window) and not node.over.before:
            return "the window includes the bar at hand; `20 bars before` leaves it out"
    return "the longer window holds everything that the shorter one does"


def _inside(conditions: Sequence[ir.Node]) -> list[ir.Node]:
    return [inner for node in conditions for inner in ir.walk(node)]


_SENTENCES: Final = {
    Family.DEADLINE: _deadline,
    Family.SESSION: lambda _, nodes, __: _session(nodes) or "a bar lies in the session or not",
    Family.WINDOW: _window,
    Family.TRACKER: lambda *_: "a tracker's highest is no lower than any bar that it has counted",
    Family.TIME: lambda *_: (
        "what is remembered is older than the bar at hand, and `held` is one bar less than `age`"
    ),
    Family.BAR: lambda *_: "on every bar low <= open, close <= high",
    Family.BOUNDS: lambda *_: "no value within the bounds of its parts is enough",
}
