"""`--set name=value`: values put over those of the file, before anything is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.document import Table, span_of_node
from dsl.nearest import nearest
from dsl.source import Span, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.document import Node
    from dsl.findings import Findings


def override(root: Table, values: Mapping[str, str], findings: Findings) -> Table:
    """The tree with each value in its place; the tree given is left as it is.

    A plain name is a parameter, or an entry of `risk:`; `name.short` is its value for one side, and
    the other keeps the one it has; any other dotted path names a key of the file, such as
    `exits.flat_by` or `instrument`.
    """
    for path, value in values.items():
        shown = f"--set {path}={value}"
        text = Text(value, Span(1, len(f"--set {path}=") + 1, max(1, len(value)), shown))
        steps = _steps(root, path.split("."))
        if steps is None:
            known = [str(name) for name in _table(root, "params")]
            guess = nearest(path.split(".")[0], [*known, *map(str, root)])
            findings.error(
                "E002",
                Span(1, 7, len(path), shown),
                f"there is no `{path}` to set",
                f"did you mean `{guess}`?" if guess else "known are " + ", ".join(known),
            )
            continue
        root = _put(_sided(root, steps), steps, text)
    return root


def _table(root: Table, name: str) -> Table:
    found = root.get(Text(name))
    return found if isinstance(found, Table) else Table()


def _steps(root: Table, path: list[str]) -> list[str] | None:
    name, *rest = path
    params = _table(root, "params")
    if params.key(name) is not None:
        spec = params.get(Text(name))
        if rest:
            return ["params", name, *rest] if isinstance(spec, Table) or rest[0] in SIDES else None
        return ["params", name] if isinstance(spec, Text) else ["params", name, "default"]
    if not rest and name != "instrument":
        return ["risk", name] if _table(root, "risk").key(name) is not None else None
    return path if name in SECTIONS else None


SECTIONS = frozenset(
    {"instrument", "bars", "day", "direction", "exits", "risk", "entry", "setup", "sessions"}
)
SIDES = ("short", "long")


def _sided(root: Table, steps: list[str]) -> Table:
    """The tree in which a parameter of which one side is to be set has a value for each side."""
    match steps:
        case ["params", name, side] if side in SIDES:
            spec = _table(root, "params")[Text(name)]
        case _:
            return root
    pairs = dict(spec) if isinstance(spec, Table) else {Text("default", spec.span): spec}
    default = pairs.pop(Text("default"), None)
    if default is not None:
        pairs |= {Text(one): default for one in SIDES if Text(one) not in pairs}
    return _put(root, steps[:-1], Table(list(pairs.items()), spec.span))


def _put(table: Table, steps: list[str], node: Node) -> Table:
    first, *rest = steps
    key = table.key(first) or Text(first, span_of_node(node))
    pairs = {**table}
    if rest:
        inner = pairs.get(key)
        pairs[key] = _put(inner if isinstance(inner, Table) else Table(), rest, node)
    else:
        pairs[key] = node
    if steps == ["default"]:
        pairs = {k: v for k, v in pairs.items() if k not in {"short", "long"}}
    return Table(list(pairs.items()), table.span, flow=table.flow)
