"""What keeps a tree from being a strategy, in the words and places of the file.

The models of `dsl.structure` find what is wrong; here it is said: which key, where it stands,
what was probably meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from dsl.diagnostics import Diagnostic, Edit, Severity
from dsl.document import Items, Node, Table, span_of_node
from dsl.nearest import nearest
from dsl.source import Span, Text, span_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FINDINGS_MAX: Final = 50
"""More mistakes of shape than this are consequences of the first ones."""

QUOTED_MAX: Final = 40
"""How much of a wrong value a message repeats."""

Path: TypeAlias = tuple[int | str, ...]

_OTHER_WORDS: Final = {
    "cancel": "invalidate",
    "columns": "series",
    "conditions": "when",
    "deadline": "within",
    "description": "doc",
    "end": "to",
    "fail": "invalidate",
    "if": "when",
    "indicators": "series",
    "inherit": "extends",
    "inputs": "params",
    "invalidation": "invalidate",
    "market": "instrument",
    "max_contracts": "max",
    "name": "strategy",
    "position_size": "risk",
    "rules": "when",
    "sizing_method": "sizing",
    "sl": "stop",
    "start": "from",
    "steps": "stages",
    "stop_loss": "stop",
    "symbol": "instrument",
    "take_profit": "target",
    "timeframe": "bars",
    "timeout": "within",
    "timezone": "clock",
    "tp": "target",
    "trackers": "track",
    "transitions": "advance",
    "tz": "clock",
    "variables": "series",
    "version": "lang",
    "zone": "clock",
}
"""What other systems call our keys; asked only where the spelling is like none of ours."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """One complaint of the models: its kind, the way to it, and what they add."""

    kind: str
    path: Path
    context: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """A key that a mapping may have: what it means, and a value it may hold."""

    meaning: str
    example: str

    def help(self, name: str) -> str:
        """What to write."""
        return f"for example `{name}: {self.example}`" if self.example else self.meaning


Keys: TypeAlias = dict[str, Key]


def in_words(root: Table, misfits: Sequence[Misfit], keys: Mapping[int, Keys]) -> list[Diagnostic]:
    """The complaints as findings, at most `FINDINGS_MAX`.

    `keys` are the keys that each mapping of the tree may have, by the mapping's `id`.
    A needed key that is there, misspelt, is reported once.
    """
    report = _Report(root, keys)
    meant = {
        (misfit.path[:-1], report.meant(misfit.path))
        for misfit in misfits
        if misfit.kind == "extra_forbidden"
    }
    told = [m for m in misfits if m.kind != "missing" or (m.path[:-1], m.path[-1]) not in meant]
    return [report.finding(misfit) for misfit in told[:FINDINGS_MAX]]


@dataclass(frozen=True, slots=True)
class _Site:
    """A place in the tree: the node, the key it stands under, and where to point."""

    node: Node
    key: str
    span: Span


@dataclass(frozen=True, slots=True)
class _Report:
    root: Table
    keys: Mapping[int, Keys]

    def finding(self, misfit: Misfit) -> Diagnostic:
        match misfit.kind:
            case "missing":
                return self.missing(self.site(misfit.path[:-1]), str(misfit.path[-1]))
            case "extra_forbidden":
                return self.unknown(misfit.path)
            case "leaf_choice":
                return _wrong_choice(self.site(misfit.path), misfit.context["choices"])
            case "leaf_name":
                return _not_a_name(self.site(misfit.path))
            case "leaf_empty":
                site = self.site(misfit.path)
                return _wrong(
                    site.span, f"nothing is written under {_called(site)}", _FILL_OR_REMOVE
                )
            case "too_short":
                site = self.site(misfit.path)
                return _wrong(site.span, f"{_called(site)} is empty", _FILL_OR_REMOVE)
            case _:
                return _wrong_shape(self.site(misfit.path), misfit)

    def site(self, path: Path) -> _Site:
        """Follow a pydantic location; its words for the branches of a union are stepped over."""
        here = _Site(self.root, "", self.root.span)
        for step in path:
            node = here.node
            if step == "[key]" and not (isinstance(node, Table) and node.key(step)):
                here = _Site(Text(here.key, here.span), here.key, here.span)
            elif isinstance(node, Items) and isinstance(step, int) and step < len(node):
                here = _Site(node[step], here.key, span_of_node(node[step]))
            elif isinstance(node, Table) and isinstance(step, str):
                key = node.key(step)
                here = here if key is None else _Site(node[key], key, key.span)
        return here

    def meant(self, path: Path) -> str | None:
        """The key that an unknown one stands for."""
        site, name = self.site(path[:-1]), str(path[-1])
        known = self.keys.get(id(site.node), {})
        free = [key for key in known if isinstance(site.node, Table) and not site.node.key(key)]
        other = _OTHER_WORDS.get(name.lower(), "")
        guess = nearest(name, free) or nearest(name, known) or other
        return guess if guess in known else None

    def missing(self, site: _Site, name: str) -> Diagnostic:
        known = self.keys.get(id(site.node), {})
        remedy = known[name].help(name) if name in known else ""
        where = _called(site, root="the strategy")
        return Diagnostic(
            "E004", Severity.ERROR, site.span, f"{where} lacks the key `{name}`", remedy
        )

    def unknown(self, path: Path) -> Diagnostic:
        site, name = self.site(path[:-1]), str(path[-1])
        known = self.keys.get(id(site.node), {})
        written = site.node.key(name) if isinstance(site.node, Table) else None
        span = span_of(written, site.span)
        where = f" in `{site.key}`" if site.key else ""
        message = f"unknown key `{_short(name)}`{where}"
        meant = self.meant(path)
        if meant is None:
            return _wrong(span, message, f"the keys here: {', '.join(known)}")
        if isinstance(site.node, Table) and site.node.key(meant):
            return _wrong(
                span, message, f"`{meant}` is already there; the keys: {', '.join(known)}"
            )
        certain = nearest(name, known) == meant
        return _wrong(
            span, message, f"did you mean `{meant}`?", Edit(span, meant) if certain else None
        )


_FILL_OR_REMOVE: Final = "give it a value, or remove the key"
_KINDS: Final = {Text: "a value", Table: "a mapping", Items: "a list"}
_WANTED: Final = {
    "leaf_shape": "a value",
    "model_type": "a mapping",
    "dict_type": "a mapping of names",
    "list_type": "a list",
    "'<text>', '<table>'": "a value or a mapping",
    "'<text>', '<list>'": "a value or a list",
}
_REMEDIES: Final = {
    "leaf_shape": "write one value or expression after the colon, on the same line",
    "model_type": "write `key: value` lines below it, indented",
    "dict_type": "write `name: expression` lines below it, indented",
    "list_type": "begin each item with `- `, also a single one",
    "'<text>', '<table>'": "write one expression after the colon, or `key: value` lines below it",
    "'<text>', '<list>'": "write one expression after the colon, or items that begin with `- `",
}


def _wrong_shape(site: _Site, misfit: Misfit) -> Diagnostic:
    """A value where a mapping belongs, and the like."""
    subject = _called(site, root="the file")
    if isinstance(site.node, Text) and not site.node:
        return _wrong(site.span, f"nothing is written under {subject}", _FILL_OR_REMOVE)
    kind = str(misfit.context.get("expected_tags", misfit.kind))
    found, wanted = _KINDS[type(site.node)], _WANTED.get(kind, "that")
    remedy = _REMEDIES.get(kind, "`engine explain E003` shows what a strategy looks like")
    return _wrong(site.span, f"{subject} holds {found}, not {wanted}", remedy)


def _wrong_choice(site: _Site, choices: tuple[str, ...]) -> Diagnostic:
    span = span_of_node(site.node)
    *others, last = (f"`{choice}`" for choice in choices)
    listed = f"{', '.join(others)} or {last}" if others else last
    meant = nearest(str(site.node), choices)
    return _wrong(
        span,
        f"`{site.key}` is {listed}, not `{_short(site.node)}`",
        f"did you mean `{meant}`?" if meant else f"write {listed}",
        Edit(span, meant) if meant else None,
    )


def _not_a_name(site: _Site) -> Diagnostic:
    mended = re.sub(r"\W+", "_", str(site.node), flags=re.ASCII).strip("_")
    mended = f"_{mended}" if mended[:1].isdigit() else mended
    instead = f": `{_short(mended)}`" if mended else ""
    return Diagnostic(
        "E007",
        Severity.ERROR,
        span_of_node(site.node),
        f"`{_short(site.node)}` is not a name",
        f"a name is letters, digits and `_`, and begins with a letter{instead}",
    )


def _wrong(span: Span, message: str, remedy: str, edit: Edit | None = None) -> Diagnostic:
    return Diagnostic("E003", Severity.ERROR, span, message, remedy, edit)


def _called(site: _Site, root: str = "the file") -> str:
    return f"`{_short(site.key)}`" if site.key else root


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= QUOTED_MAX else f"{text[: QUOTED_MAX - 1]}…"
