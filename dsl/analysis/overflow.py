"""E050: no whole number that the program computes leaves 64 bits, proven by intervals."""

from __future__ import annotations

from dataclasses import replace
from math import log2
from typing import TYPE_CHECKING, Final

from dsl.analysis.intervals import INT_MAX, Bounds
from dsl.analysis.pieces import pieces
from dsl.analysis.places import written_in
from dsl.analysis.wording import shortened
from dsl.history import nodes_in
from dsl.ir import expression as ir
from dsl.quantities import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.analysis.intervals import Number
    from dsl.analysis.places import Rule
    from dsl.findings import Findings
    from dsl.ir.program import Instrument, Program
    from dsl.scope import Scope
    from dsl.source import Span
    from dsl.structure import Spec

DIGITS_MAX: Final = 1000
"""Bits beyond which a float cannot hold the number."""

LEAST: Final = 1 << 10
"""No instrument's prices or volumes are bounded below this, so lower bounds are no remedy."""


def overflow(spec: Spec, scope: Scope, program: Program, findings: Findings) -> None:
    """Every expression whose value, or a step on the way to it, may not fit."""
    bounds = Bounds(program)
    look = TooLarge(bounds)
    told: list[ir.Node] = []
    for rule in written_in(spec, scope, program):
        found = look.inside(rule.node)
        if found is None or found in told:
            continue
        told.append(found)
        words, span = _where(rule, scope, look)
        findings.error(
            "E050",
            span,
            f"`{shortened(words)}` can reach {_about(_reach(found, bounds))}; "
            f"whole numbers end at {_about(INT_MAX)}",
            _remedy(program, rule.node),
        )
    left = (look.inside(node) for node in nodes_in(program))
    if not told and any(node is not None for node in left):
        findings.error(
            "E050",
            spec.strategy.span,
            f"a number of this strategy is beyond {_about(INT_MAX)}",
            "look for one with too many digits, under `params:` or `risk:` perhaps",
        )


class TooLarge:
    """Looks for INTs that may not fit in 64 bits; shared parts are looked at once."""

    def __init__(self, bounds: Bounds) -> None:
        """`bounds`: of the nodes on bars of the strategy's own size."""
        self.bounds = bounds
        self._known: dict[int, tuple[ir.Node, ir.Node | None]] = {}
        self._larger: dict[int, TooLarge] = {}

    def inside(self, node: ir.Node) -> ir.Node | None:
        """An innermost one inside the node, or None."""
        known = self._known.get(id(node))
        if known is not None:
            return known[1]
        found = self._look(node)
        self._known[id(node)] = (node, found)
        return found

    def _look(self, node: ir.Node) -> ir.Node | None:
        parts = self._on(node.minutes) if isinstance(node, ir.OnFrame) else self
        for child in ir.children(node):
            found = parts.inside(child)
            if found is not None:
                return found
        return node if node.kind is ir.Kind.INT and not self.bounds.of(node).fits else None

    def _on(self, minutes: int) -> TooLarge:
        """The same on larger bars, whose volumes are larger."""
        if minutes not in self._larger:
            bounds = Bounds(self.bounds.program, self.bounds.ranges, minutes)
            self._larger[minutes] = TooLarge(bounds)
        return self._larger[minutes]


def _reach(node: ir.Node, bounds: Bounds) -> Number:
    return bounds.of(node).magnitude


def _where(rule: Rule, scope: Scope, look: TooLarge) -> tuple[str, Span]:
    """The smallest written part that does not fit."""
    words, span = str(rule.text), rule.text.span
    for piece in pieces(scope, rule.text, rule.level, rule.written_as):
        if len(piece.words) < len(words) and look.inside(piece.node) is not None:
            words, span = piece.words, piece.span
    return words, span


def _about(value: Number) -> str:
    if isinstance(value, int) and value.bit_length() > DIGITS_MAX:
        return f"1e{int(value.bit_length() / log2(10))}"
    return f"{value:.1e}".replace("e+0", "e").replace("e+", "e")


def _remedy(program: Program, node: ir.Node) -> str:
    """The bound of the instrument that would have to be lower, where that alone is enough."""
    traded = program.instrument
    prices = _enough(program, node, lambda n: replace(traded, price_max=n), traded.price_max)
    if prices is not None:
        most = plain(prices * traded.tick)
        return f"it fits with `price_max: {most}` in the description of the instrument"
    volumes = _enough(program, node, lambda n: replace(traded, volume_max=n), traded.volume_max)
    if volumes is not None:
        most = plain(volumes * traded.volume_step)
        return f"it fits with `volume_max: {most}` in the description of the instrument"
    return "multiply fewer of them, write fewer decimals, or narrow the ranges and windows"


def _enough(
    program: Program, node: ir.Node, bounded: Callable[[int], Instrument], most: int
) -> int | None:
    while most > LEAST:
        most //= 2
        if TooLarge(Bounds(replace(program, instrument=bounded(most)))).inside(node) is None:
            return most
    return None
