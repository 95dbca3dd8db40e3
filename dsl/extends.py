"""Variants: a strategy that starts from another file and says only what differs.

The variant's mapping goes over its parent's, key by key and as deep as both are mappings; a
value or a list of the variant replaces the parent's. Written order is the parent's, with new
keys after it, because order is part of the meaning. Every span names the file it lies in. A
parent's `tests` are not taken over: they speak about the parent's own rules.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from dsl.diagnostics import Diagnostic, Severity
from dsl.document import Document, Node, Table, read_document
from dsl.nearest import nearest
from dsl.source import Source, Text, span_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.source import Span

Reader: TypeAlias = Callable[[str], bytes | None]
"""Gives the bytes of a file by its path inside the folder of strategies, or None if there is none.

The path has forward slashes and no `..`. The one who hands in a reader decides what it may open.
"""

CHAIN_MAX: Final = 8
"""Parents of parents: a reader of the file must be able to follow."""

_NOT_TAKEN_OVER: Final = frozenset({"tests", "extends"})
_ABSOLUTE: Final = re.compile(r"^([A-Za-z]:|[/\\~]|[A-Za-z][A-Za-z0-9+.-]*://)")


def read_extended(
    name: str, data: bytes, read: Reader, *, path: str = "", siblings: Sequence[str] = ()
) -> tuple[Source, Document | None, list[Diagnostic]]:
    """Like `read_document`, with the files that the strategy extends merged in (E005 if not).

    `name` is what people call the file; `path` is where it lies inside the folder of strategies
    (its last part by default: then the folder is the one it lies in). `siblings` are the files
    that exist there, for "did you mean". Where a parent cannot be had, the tree is the variant's
    own, beside the error that says so.
    """
    source, document, findings = read_document(name, data)
    if document is None or "extends" not in document.root:
        return source, document, findings
    chain = _Chain(read, siblings, path or posixpath.basename(name), name)
    whole = chain.with_parents(document)
    return source, whole, [*findings, *chain.findings]


def merged(child: Table, parent: Table) -> Table:
    """The child's mapping over the parent's."""
    pairs: list[tuple[Text, Node]] = []
    for key, value in parent.items():
        written = child.key(key)
        pairs.append((key, value) if written is None else (written, _over(child[written], value)))
    pairs += [(key, value) for key, value in child.items() if parent.key(key) is None]
    return Table(pairs, child.span, flow=child.flow)


def _over(child: Node, parent: Node) -> Node:
    if isinstance(child, Table) and isinstance(parent, Table):
        return merged(child, parent)
    return child


@dataclass(slots=True)
class _Chain:
    """The files on the way from a variant to the strategy that extends nothing."""

    read: Reader
    siblings: Sequence[str]
    path: str
    name: str
    findings: list[Diagnostic] = field(default_factory=list)

    def with_parents(self, document: Document) -> Document:
        """The document merged over all that it extends, or as it is if one cannot be had."""
        self.require_own_name(document.root)
        tables, parents, seen = [document.root], list[Source](), [self.path]
        while (written := self.extends(tables[-1])) is not None:
            path = self.resolved(written, seen)
            found = None if path is None else self.bytes_of(written, path)
            if path is None or found is None:
                return replace(document, parents=tuple(parents))
            source, parent, findings = read_document(self.shown(path), found)
            self.findings += findings
            parents.append(source)
            if parent is None:
                return replace(document, parents=tuple(parents))
            seen.append(path)
            tables.append(parent.root)
        return Document(document.source, _merged_all(tables), tuple(parents))

    def extends(self, table: Table) -> Text | None:
        """The parent's file as written; another shape than text is reported with the structure."""
        written = table.key("extends")
        value = table[written] if written is not None else None
        return value if isinstance(value, Text) and value else None

    def resolved(self, written: Text, seen: list[str]) -> str | None:
        """The parent's path inside the folder, unless it leaves it or leads back."""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(seen[-1]), written))
        if _ABSOLUTE.match(written) or "\\" in written or path.startswith(".."):
            self.refuse(
                written,
                f"`{written}` lies outside the folder of this strategy",
                "name a file in the same folder or below, with forward slashes",
            )
        elif path in seen:
            way = " -> ".join([*seen[seen.index(path) :], path])
            self.refuse(written, f"the files extend each other: {way}", "remove one `extends:`")
        elif len(seen) > CHAIN_MAX:
            self.refuse(
                written,
                f"more than {CHAIN_MAX} files extend each other",
                "start from a file nearer to the first one",
            )
        else:
            return path
        return None

    def bytes_of(self, written: Text, path: str) -> bytes | None:
        """The parent's bytes, or None after saying that there are none."""
        data = self.read(path)
        if data is None:
            meant = nearest(path, self.siblings)
            remedy = f"did you mean `{meant}`?" if meant else "the path is relative to this file"
            self.refuse(written, f"there is no file `{written}`", remedy)
        return data

    def shown(self, path: str) -> str:
        """What people call the file at `path`: beside the first file, as they wrote that."""
        beside = posixpath.relpath(path, posixpath.dirname(self.path) or ".")
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.name), beside))

    def require_own_name(self, root: Table) -> None:
        """Two strategies of one name could not be told apart in a journal."""
        if root.key("strategy") is None:
            self.add(
                "E004",
                span_of(root.key("extends")),
                "a variant lacks a name of its own: the key `strategy`",
                "for example `strategy: slob_5_1_wide`",
            )

    def refuse(self, written: Text, message: str, remedy: str) -> None:
        self.add("E005", written.span, message, remedy)

    def add(self, code: str, span: Span, message: str, remedy: str) -> None:
        self.findings.append(Diagnostic(code, Severity.ERROR, span, message, remedy))


def _merged_all(tables: Sequence[Table]) -> Table:
    """The first over the second over the third, and so on."""
    *children, root = tables
    for child in reversed(children):
        root = merged(child, _without_own(root))
    return root


def _without_own(parent: Table) -> Table:
    """What a child takes over of a parent's top level."""
    kept = [(key, value) for key, value in parent.items() if key not in _NOT_TAKEN_OVER]
    return Table(kept, parent.span, flow=parent.flow)
