"""What a program that compiles may still get wrong: one module a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.analysis.decisions import decisions
from dsl.analysis.expectations import expectations
from dsl.analysis.notes import history, lengths, reals, sides
from dsl.analysis.outcomes import outcomes
from dsl.analysis.overflow import overflow
from dsl.analysis.remembering import missing_captures, restarts
from dsl.analysis.stages import circles, ends
from dsl.analysis.unused import unused

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.findings import Findings
    from dsl.ir.program import Program
    from dsl.scope import Scope
    from dsl.structure import Spec

    Analysis = Callable[[Spec, Scope, Program, Findings], None]

ANALYSES: Final[tuple[Analysis, ...]] = (
    circles,
    ends,
    outcomes,
    restarts,
    expectations,
    overflow,
    unused,
    decisions,
    missing_captures,
    history,
    reals,
    sides,
    lengths,
)

PROMPT: Final = tuple(analysis for analysis in ANALYSES if analysis is not decisions)
"""Without the proofs about conditions: a tenth of the time, and no error is missed."""
