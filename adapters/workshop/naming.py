"""The names a text declares, with what is known of them: read from its tree, mistakes or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.workshop.checked import Declared
from dsl.document import Items, Table
from dsl.names import SESSION_FIELDS
from dsl.source import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.document import Node
    from dsl.scope import Scope

_SECTIONS: Final = (
    ("params", "parameter"),
    ("sessions", "session"),
    ("events", "events"),
    ("series", "series"),
    ("setup.measure", "measure"),
    ("setup.track", "tracker"),
    ("setup.start.capture", "capture"),
    ("setup.stages", "stage"),
)
SESSION_PARTS: Final = (*SESSION_FIELDS, "so_far", "previous", "elapsed", "left")


def declared_in(root: Table | None, scope: Scope | None) -> tuple[Declared, ...]:
    """Every declared name, in written order; `scope` adds types as far as checking came."""
    if root is None:
        return ()
    found = [
        _declared(kind, name, node, scope)
        for path, kind in _SECTIONS
        for name, node in _table(root, path).items()
    ]
    found += [
        _declared("capture", name, node, scope)
        for stage in _table(root, "setup.stages").values()
        for way in _items(stage, "advance")
        for name, node in _table(way, "capture").items()
    ]
    found += [
        _declared("target", name, at, scope)
        for target in _items(root, "target")
        if isinstance(name := _of(target, "name"), Text)
        and isinstance(at := _of(target, "at"), Text)
    ]
    return tuple({(one.kind, one.name): one for one in found}.values())


def _declared(kind: str, name: Text, node: Node, scope: Scope | None) -> Declared:
    line = 0 if name.span.file else name.span.line
    doc = _of(node, "doc")
    told = str(doc) if isinstance(doc, Text) else ""
    return Declared(str(name), kind, _type(kind, str(name), scope), _words(kind, node), told, line)


def _type(kind: str, name: str, scope: Scope | None) -> str:
    if scope is None or kind in {"session", "stage", "events"}:
        return ""
    if kind == "target":
        return "price"
    if kind == "parameter":
        parameter = scope.params.get(name)
        return parameter.unit.value if parameter else ""
    if kind in {"series", "measure"}:
        definition = scope.definitions.get(name)
        known = definition.checked if definition else None
        return known.unit.value if known and not known.is_error else ""
    held = scope.remembered.get(name)
    if held is None:
        return ""
    if held.value is not None and not held.value.is_error:
        return held.value.unit.value
    return "bar" if held.holds_bar else ""


def _words(kind: str, node: Node) -> str:
    """How it is defined, on one line."""
    if isinstance(node, Text):
        return str(node)
    if kind == "session":
        return f"{_text(node, 'from')} to {_text(node, 'to')}"
    if kind == "stage":
        ways = [str(to) for way in _items(node, "advance") if (to := _of(way, "to"))]
        return f"to {', '.join(dict.fromkeys(ways))}" if ways else ""
    if kind == "parameter":
        sides = [f"{side} {_text(node, side)}" for side in ("short", "long") if _text(node, side)]
        bounds = f", {_text(node, 'range')}" if _text(node, "range") else ""
        return (_text(node, "default") or ", ".join(sides)) + bounds
    if kind == "events":
        return _text(node, "file")
    on = f" on {_text(node, 'on')}" if _text(node, "on") else ""
    return _text(node, "is") + on


def _text(node: Node, key: str) -> str:
    found = _of(node, key)
    return str(found) if isinstance(found, Text) else ""


def _of(node: Node, key: str) -> Node | None:
    if not isinstance(node, Table):
        return None
    written = node.key(key)
    return None if written is None else node[written]


def _table(node: Node, path: str) -> Table:
    found: Node | None = node
    for key in path.split("."):
        found = _of(found, key) if found is not None else None
    return found if isinstance(found, Table) else Table()


def _items(node: Node, key: str) -> Iterator[Node]:
    found = _of(node, key)
    if isinstance(found, Items):
        yield from found
