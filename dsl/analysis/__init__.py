"""What a program that compiles may still get wrong: one module a question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.findings import Findings
    from dsl.ir.program import Program
    from dsl.scope import Scope
    from dsl.structure import Spec

    Analysis = Callable[[Spec, Scope, Program, Findings], None]

ANALYSES: Final[tuple[Analysis, ...]] = ()
