"""W101, W102, W105: what is declared and never read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.scope import Level

if TYPE_CHECKING:
    from dsl.findings import Findings
    from dsl.ir.program import Program
    from dsl.scope import Scope
    from dsl.structure import Spec

KINDS: Final = {Level.ROW: "series", Level.CANDIDATE: "measure"}


def unused(spec: Spec, scope: Scope, program: Program, findings: Findings) -> None:
    """Every name that no rule leads to."""
    for name, parameter in scope.params.items():
        if not parameter.used:
            findings.warning(
                "W101",
                parameter.span,
                f"no rule reads the parameter `{name}`",
                "remove it, or write its name where its number stands",
            )
    for name, definition in scope.definitions.items():
        if not definition.used:
            findings.warning(
                "W102",
                definition.name.span,
                f"no rule reads the {KINDS[definition.level]} `{name}`",
                "remove it; to see its value in the journal, put it under `features:`",
            )
    leading = {tracker.after for tracker in program.trackers}
    for name, held in scope.remembered.items():
        if not held.used and name not in leading:
            what = "tracker" if held.is_tracker else "capture"
            findings.warning(
                "W102",
                held.span,
                f"no rule reads the {what} `{name}`",
                "remove it; to see its value in the journal, put it under `features:`",
            )
    for name in spec.sessions:
        if name not in scope.used_sessions:
            findings.warning(
                "W105",
                name.span,
                f"no rule asks about the session `{name}`",
                f"remove it, or use it: `in {name}`, `{name}.high`",
            )
    for name, span in scope.events.items():
        if name not in scope.used_events:
            findings.warning(
                "W105",
                span,
                f"no rule keeps away from the events `{name}`",
                f"for example under `filters:` write `calm: not blackout({name})`",
            )
