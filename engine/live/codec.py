"""Events as plain values for JSON, and back: by the types the dataclasses state, nothing else.

Decimals and fractions become text, enumerations their value, tuples lists, records mappings of
their fields. Reading is strict: what does not fit its type is refused, with the place.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from fractions import Fraction
from functools import cache
from typing import Any, Final, Union, cast, get_args, get_origin, get_type_hints

from dsl.ir.program import Instrument
from engine.domain.order import Action, Order, OrderKind
from engine.execution.terms import Terms
from engine.live.events import KINDS, Event
from engine.live.family import Asked, Family, Phase
from engine.live.holdings import Execution, HeldOrder, OrderState
from engine.live.identity import Leg, Role, Signal
from engine.live.recipe import Recipe

_NAMES: Final = {
    one.__name__: one
    for one in (
        *(Action, Asked, Decimal, Execution, Family, HeldOrder, Leg),
        *(Order, OrderKind, OrderState, Phase, Role, Signal),
        *(Fraction, Instrument, Recipe, Terms),
    )
}
"""Types that the modules of the records import for their type checker only."""

_ADDED: Final[Mapping[type, frozenset[str]]] = {Family: frozenset({"until"})}
"""Fields that older versions did not write; their defaults stand for them."""


_AS_THEY_ARE: Final = frozenset({str, int, bool, type(None)})


class UnreadableError(ValueError):
    """A stored event that is none of this version's."""


def plain(value: object) -> Any:
    """A record as values that JSON has."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if dataclasses.is_dataclass(kind):
        return {name: plain(getattr(value, name)) for name in _fields(kind)}
    match value:
        case Enum():
            return value.value
        case Decimal() | Fraction():
            return str(value)
        case tuple():
            return [plain(one) for one in value]
        case _:
            return value


def read_event(kind: str, body: object) -> Event:
    """The event of that kind from its plain values. Raises `UnreadableError`."""
    if kind not in KINDS:
        raise UnreadableError(f"there is no event `{kind}` in this version: update the engine")
    return cast("Event", read(KINDS[kind], body, kind))


def read(wanted: Any, value: object, place: str) -> Any:
    """A value of the type that is wanted. Raises `UnreadableError` naming the place."""
    origin = get_origin(wanted)
    if origin in {types.UnionType, Union}:
        return _either(get_args(wanted), value, place)
    if origin is tuple:
        if not isinstance(value, list):
            raise _unfit(value, "a list", place)
        inner = get_args(wanted)[0]
        return tuple(read(inner, one, f"{place}[{at}]") for at, one in enumerate(value))
    if dataclasses.is_dataclass(wanted):
        return _record(cast("type", wanted), value, place)
    return _single(wanted, value, place)


def _either(kinds: tuple[Any, ...], value: object, place: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    (kind,) = (one for one in kinds if one is not type(None))
    return read(kind, value, place)


def _record(kind: type, value: object, place: str) -> Any:
    if not isinstance(value, Mapping):
        raise _unfit(value, "a record", place)
    hints = _hints(kind)
    odd_ones = (set(value) ^ set(hints)) - _ADDED.get(kind, frozenset())
    if odd_ones:
        odd = ", ".join(sorted(odd_ones))
        raise UnreadableError(f"{place}: the fields {odd} are missing or too many")
    return kind(
        **{
            name: read(hint, value[name], f"{place}.{name}")
            for name, hint in hints.items()
            if name in value
        }
    )


def _single(kind: Any, value: object, place: str) -> Any:
    if kind is Decimal and isinstance(value, str):
        return _amount(value, place)
    if kind is Fraction and isinstance(value, str):
        return _ratio(value, place)
    if issubclass(kind, Enum) and isinstance(value, str):
        try:
            return kind(value)
        except ValueError:
            raise _unfit(value, "one of " + ", ".join(kind), place) from None
    if type(value) is not kind:  # a bool is no number here
        raise _unfit(value, kind.__name__, place)
    return value


def _amount(value: str, place: str) -> Decimal:
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise _unfit(value, "an amount", place) from None
    if not amount.is_finite():
        raise _unfit(value, "an amount", place)
    return amount


def _ratio(value: str, place: str) -> Fraction:
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError):
        raise _unfit(value, "a number", place) from None


def _unfit(value: object, wanted: str, place: str) -> UnreadableError:
    return UnreadableError(f"{place}: {value!r:.60} is not {wanted}")


@cache
def _fields(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in dataclasses.fields(kind))


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind, localns=_NAMES)
    return {name: hint for name, hint in hints.items() if name in _fields(kind)}
