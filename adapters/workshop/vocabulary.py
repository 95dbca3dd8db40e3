"""The language's own tables for an editor: keys by place, names, functions, units, codes.

Nothing is said twice: every word comes from where the compiler takes it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from adapters.calendar_names import calendar_names
from adapters.instruments import INSTRUMENTS
from dsl.calls import FUNCTIONS
from dsl.check import CANDIDATE_CLOCKS, SETUP_NAMES
from dsl.codes import CODES
from dsl.ir.program import DayRule
from dsl.names import BAR_DOCS, BAR_NAMES, RESERVED_FIELDS, SESSION_FIELDS, WEEKDAYS
from dsl.quantities import UNIT_WORDS, plain
from dsl.scope import Scope
from dsl.structure import json_schema
from dsl.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TRACKERS: Final[Mapping[str, tuple[str, str]]] = {
    "highest": ("highest(high) in ...", "the highest value so far, and its bar"),
    "lowest": ("lowest(low) after top", "the lowest value so far, and its bar"),
    "latest": ("latest(bar where quiet)", "the last bar on which it was true"),
    "earliest": ("earliest(bar where quiet)", "the first bar on which it was true"),
    "count": ("count(close > open)", "on how many bars it was true"),
    "sum": ("sum(volume)", "the sum so far"),
    "bars": ("bars", "the stretch of bars itself, for windows over it"),
}
_LOGIC: Final[Mapping[str, str]] = {
    "and": "both must be true",
    "or": "one must be true",
    "not": "must be false",
    "in": "inside a session: `in ny`",
    "exists": "whether a tracker holds a bar: `exists calm`",
    "of": "a share of something: `0.1 % of high`",
    "if": "a choice: `a if condition else b`",
    "else": "the other choice",
    "since": "a window from the beginning of a session: `since ny`",
    "where": "counts only bars on which it is true",
    "across": "looks beyond the trading date: `20 bars across days`",
    "before": "without this bar: `20 bars before`",
    "after": "counts only from there on: `after top`",
}
_BRACKET: Final[Mapping[str, str]] = {
    "entry": "the entry price",
    "stop": "the stop price",
    "target": "the target price; `target.tp1` by name",
}
_CLOCKS: Final[Mapping[str, str]] = {
    "age": "minutes since the candidate began",
    "age_bars": "bars since the candidate began",
    "stage_age": "minutes since the stage was entered",
    "stage_bars": "bars since the stage was entered",
}
_HELD: Final[Mapping[str, tuple[str, str]]] = {
    "price": ("price", "the value that is kept"),
    "now": ("", "the same with this bar added: `top.now.price`"),
    "age": (Unit.DURATION.value, "minutes since that bar"),
    "held": (Unit.DURATION.value, "complete minutes since that bar"),
    "bars": (Unit.BARS.value, "bars since that bar"),
}
_SESSION_MORE: Final[Mapping[str, tuple[str, str]]] = {
    "so_far": ("", "as it stands now, while the session is on"),
    "previous": ("", "that of the occurrence before"),
    "elapsed": (Unit.DURATION.value, "minutes since it began"),
    "left": (Unit.DURATION.value, "minutes until it ends"),
}
_UNIT_DOCS: Final[Mapping[str, str]] = {
    "min": "minutes",
    "h": "hours",
    "bars": "bars of the strategy",
    "%": "a percentage; say what of: `0.1 % of high`",
    "pt": "points: 1.00 for an index future",
    "ticks": "the smallest price steps",
    "contracts": "contracts",
    "R": "multiples of the risk of the trade",
}
REFERENCES: Final[Mapping[str, str]] = {
    "instrument": "instrument",
    "extends": "file",
    "sessions.*.from": "edge",
    "sessions.*.to": "edge",
    "sessions.*.clock": "zone",
    "day.clock": "zone",
    "setup.track.*.in": "stage",
    "setup.merge.at": "stage",
    "setup.merge.same": "tracker",
    "setup.stages.*.advance.to": "way",
    "setup.track.*.is": "tracking",
    "exits.flat_by": "session",
    "exits.break_even.after": "target",
}
"""What a value names, by its place; `*` stands for any name, items of lists have no part."""

ZONES: Final = (
    "America/New_York",
    "America/Chicago",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Stockholm",
    "Asia/Tokyo",
    "UTC",
)


@cache
def vocabulary() -> Mapping[str, Any]:
    """All of it, as one JSON document; the same for every text."""
    return {
        "shape": _shape(),
        "functions": [
            {"name": one.name, "signature": one.signature, "doc": one.doc}
            for one in FUNCTIONS.values()
        ],
        "trackers": [
            {"name": name, "signature": signature, "doc": doc}
            for name, (signature, doc) in _TRACKERS.items()
        ],
        "words": list(_words()),
        "sessionParts": [
            *(_word(name, "session", unit.value, f"of the session: {name}")
              for name, unit in SESSION_FIELDS.items()),
            *(_word(name, "session", *told) for name, told in _SESSION_MORE.items()),
        ],
        "heldParts": [
            *(_word(name, "bar", *told) for name, told in _HELD.items()),
            *(word for word in _bar_words() if word["name"] not in RESERVED_FIELDS),
        ],
        "units": [
            _word(name, "unit", _unit_type(name), doc) for name, doc in _UNIT_DOCS.items()
        ],
        "instruments": [
            _word(one.symbol, "instrument", one.exchange,
                  f"tick {plain(one.tick)}, {plain(one.multiplier)} {one.currency} a point")
            for one in INSTRUMENTS.values()
        ],
        "calendars": sorted(calendar_names()),
        "zones": list(ZONES),
        "references": dict(REFERENCES),
        "codes": {
            code.code: {
                "title": code.title,
                "severity": code.severity.value,
                "why": code.why,
                "wrong": code.wrong,
                "right": code.right,
            }
            for code in CODES.values()
        },
    }  # fmt: skip


def _word(name: str, kind: str, of: str, doc: str) -> dict[str, str]:
    return {"name": name, "kind": kind, "type": of, "doc": doc}


def _bar_words() -> Iterator[dict[str, str]]:
    scope = Scope(INSTRUMENTS["NQ"], 1, DayRule(), mirrored=True)
    for name, make in BAR_NAMES.items():
        yield _word(name, "bar", make(scope).unit.value, BAR_DOCS[name])


def _words() -> Iterator[dict[str, str]]:
    yield from _bar_words()
    units = {"minute": Unit.DURATION.value, "row": Unit.BARS.value}
    for name, (_, unit) in CANDIDATE_CLOCKS.items():
        yield _word(name, "candidate", units[unit], _CLOCKS[name])
    for name in SETUP_NAMES:
        yield _word(name, "bracket", Unit.PRICE.value, _BRACKET[name])
    for name in WEEKDAYS:
        yield _word(name, "weekday", Unit.WEEKDAY.value, "a day of the week")
    for name in ("true", "false"):
        yield _word(name, "value", Unit.BOOL.value, "a condition that is always so")
    for name, doc in _LOGIC.items():
        yield _word(name, "keyword", "", doc)


def _unit_type(name: str) -> str:
    return UNIT_WORDS[name][0].value if name in UNIT_WORDS else Unit.POINTS.value


# --- the shape ------------------------------------------------------------------------------


def _shape() -> dict[str, Any]:
    """Sections by name, the whole under `Spec`; a node says what may stand in a place.

    A node has some of: `section` (a name), `any` (a mapping from names to nodes), `items` (a list
    of nodes), `choices`, `leaf` (expression, name or prose).
    """
    schema = json_schema()
    sections = {"Spec": schema, **schema["$defs"]}
    return {name: _section(section, sections) for name, section in sections.items()}


def _section(schema: Mapping[str, Any], sections: Mapping[str, Any]) -> dict[str, Any]:
    needed = schema.get("required", ())
    return {
        key: {
            "doc": told.get("description") or _of_section(told, sections),
            "example": _example(told),
            "needed": key in needed,
            **_node(told),
        }
        for key, told in schema.get("properties", {}).items()
    }


def _of_section(told: Mapping[str, Any], sections: Mapping[str, Any]) -> str:
    """What a key holds, where nothing is said of the key itself."""
    named = sections.get(told.get("$ref", "").rpartition("/")[2], {})
    return str(named.get("description", ""))


def _node(schema: Mapping[str, Any]) -> dict[str, Any]:
    node: dict[str, Any] = {}
    for form in schema.get("oneOf", [schema]):
        if "$ref" in form:
            node["section"] = form["$ref"].rpartition("/")[2]
        elif "patternProperties" in form:
            (inner,) = form["patternProperties"].values()
            node["any"] = _node(inner)
        elif "items" in form:
            node["items"] = _node(form["items"])
        elif "enum" in form:
            node["choices"] = [word for word in form["enum"] if isinstance(word, str)]
        elif "type" in form and form["type"] != "object":
            node["leaf"] = _leaf(form)
    return node


def _leaf(form: Mapping[str, Any]) -> str:
    if isinstance(form["type"], list):
        return "expression"
    return "name" if "pattern" in form else "prose"


def _example(schema: Mapping[str, Any]) -> str:
    """The first example, as a person would write it on one line."""
    examples = schema.get("examples", [])
    return _flow(examples[0]) if examples else ""


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return str(value)
