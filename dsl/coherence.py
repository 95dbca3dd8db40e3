"""Keys of a strategy that depend on each other: what the shape of one mapping cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dsl.diagnostics import Diagnostic, Edit, Severity, in_order
from dsl.source import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.source import Span
    from dsl.structure import Spec


def incoherences(spec: Spec) -> list[Diagnostic]:
    """Every E003 and E004 about keys that exclude or need each other, in the order of the file."""
    return list(in_order([finding for check in _CHECKS for finding in check(spec)]))


def _one_way_to_trade(spec: Spec) -> Iterator[Diagnostic]:
    if spec.when is not None and spec.setup is not None:
        yield _wrong(
            spec.key_span("when"),
            "`when` and `setup` cannot both stand in a strategy",
            "move the conditions to `setup.start.when`",
        )
    if spec.when is None and spec.setup is None:
        yield _lacking(
            spec.key_span("strategy"),
            "the strategy lacks `setup` or `when`: nothing says when to trade",
            "`when:` names the conditions of an entry; `setup:` leads there in stages",
        )


def _parameter_values(spec: Spec) -> Iterator[Diagnostic]:
    for name, param in spec.params.items():
        if isinstance(param, Text):
            continue
        sides = [side for side in ("short", "long") if param.wrote(side)]
        if param.default is not None and sides:
            yield _wrong(
                param.key_span(sides[0]),
                f"`{name}` has a `default` and a value for one side",
                "write `default` alone, or `short` and `long`",
            )
        elif param.default is None and len(sides) < 2:
            lacking = {"short": "`long`", "long": "`short`"}[sides[0]] if sides else "`default`"
            yield _lacking(
                name.span,
                f"`{name}` lacks the key {lacking}",
                "a parameter has a `default`, or one value for `short` and one for `long`",
            )
        if param.choices is not None and (param.range is not None or param.step is not None):
            yield _wrong(
                param.key_span("choices"),
                f"`{name}` has `choices` and a `range`",
                "words have choices, quantities have a range: keep one of them",
            )


def _mirror_is_the_other_side(spec: Spec) -> Iterator[Diagnostic]:
    direction = spec.direction
    if direction is None or direction.mirror is None or direction.mirror == "none":
        return
    if direction.mirror == (direction.write or "short"):
        other = "long" if direction.mirror == "short" else "short"
        yield _wrong(
            direction.mirror.span,
            f"`mirror` names the side that the rules are written for, `{direction.mirror}`",
            f"the mirror image is `{other}`; `none` trades one side only",
            Edit(direction.mirror.span, other),
        )


def _order_price(spec: Spec) -> Iterator[Diagnostic]:
    entry = spec.entry
    if entry is None:
        return
    kind = entry.order or Text("market")
    waits = kind != "market"
    if waits and entry.price is None:
        yield _lacking(
            kind.span,
            f"a {kind} order needs the key `price`",
            "price: where the order waits, such as `top.price + 1 pt`",
        )
    for key in ("price", "valid"):
        if not waits and entry.wrote(key):
            yield _wrong(
                entry.key_span(key),
                f"a market order has no `{key}`",
                "remove it, or write `order: stop` or `order: limit`",
            )
    if waits and entry.at is not None:
        yield _wrong(
            entry.key_span("at"),
            f"`at` belongs to market orders, this is a {kind} order",
            "remove it; `valid` says how long the order waits",
        )


def _wrong(span: Span, message: str, remedy: str, edit: Edit | None = None) -> Diagnostic:
    return Diagnostic("E003", Severity.ERROR, span, message, remedy, edit)


def _lacking(span: Span, message: str, remedy: str) -> Diagnostic:
    return Diagnostic("E004", Severity.ERROR, span, message, remedy)


_CHECKS: Final = (_one_way_to_trade, _parameter_values, _mirror_is_the_other_side, _order_price)
