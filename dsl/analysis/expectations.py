"""E063: what the tests of the file expect must be something that can happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.diagnostics import Edit
from dsl.ir.program import ENTRY, reasons
from dsl.nearest import nearest

if TYPE_CHECKING:
    from dsl.findings import Findings
    from dsl.ir.program import Program
    from dsl.scope import Scope
    from dsl.structure import Spec


def expectations(spec: Spec, _: Scope, program: Program, findings: Findings) -> None:
    """Every expectation names the start, a stage, the entry or an outcome."""
    happenings = ["start", *(stage.name for stage in program.stages), ENTRY, *reasons(program)]
    for test in spec.tests:
        for item in test.expect:
            word = item.partition("@")[0].strip()
            if word in happenings:
                continue
            guess = nearest(word, happenings)
            span = item.span.inside(0, len(word))
            findings.error(
                "E063",
                span,
                f"nothing is called `{word}`",
                f"did you mean `{guess}`?" if guess else "known are " + ", ".join(happenings),
                Edit(span, guess) if guess else None,
            )
