"""YAML bytes to a plain tree whose every key and value knows its place; no meaning yet.

YAML is used for its structure alone: nothing is typed, so `on`, `010`, `09:30` and `1e3` stay
the characters a person wrote. What YAML offers beyond that (anchors, tags, merges, folded
text, several documents) would hide or move those characters and is refused by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import yaml

from dsl.complaints import Unreadable, document_error, syntax_error
from dsl.diagnostics import Diagnostic, Edit
from dsl.source import NOWHERE, Source, Span, Text, span_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DEPTH_MAX: Final = 50
"""Levels of nesting: a strategy needs seven; the bound keeps every later pass free to recurse."""

BYTES_MAX: Final = 256_000
"""The longest file: thirty times a long strategy, and still read in about a second."""

FINDINGS_MAX: Final = 100
"""Where reading stops: past this many mistakes the file is not a strategy."""

PIECES_MAX: Final = 16
"""Commas that one expression may have outside quotes before it is no longer put together."""

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MULTI_LINE_KEYS: Final = frozenset({"doc"})

_UNWANTED: Final = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029\ufeff]"
)
"""What YAML refuses, and what ends a line for some programs only: places would differ."""


class Table(dict[Text, "Node"]):
    """A YAML mapping in written order.

    `span` is its braces, or its first key; `flow` says whether it has braces.
    """

    __slots__ = ("_names", "flow", "span")

    def __init__(
        self, pairs: Sequence[tuple[Text, Node]] = (), span: Span = NOWHERE, *, flow: bool = False
    ) -> None:
        super().__init__(pairs)
        self.span = span
        self.flow = flow
        self._names: dict[str, Text] = {key: key for key in self}

    def key(self, name: str) -> Text | None:
        """The key called `name` as it was written, with its place."""
        return self._names.get(name)


class Items(list["Node"]):
    """A YAML sequence; `span` is its brackets, or its first dash."""

    __slots__ = ("flow", "span")

    def __init__(
        self, items: Sequence[Node] = (), span: Span = NOWHERE, *, flow: bool = False
    ) -> None:
        super().__init__(items)
        self.span = span
        self.flow = flow


Node: TypeAlias = Text | Table | Items


@dataclass(frozen=True, slots=True)
class Document:
    """The tree of one file, or of a variant merged over its parents.

    `parents` are the files it extends, nearest first; spans name the file they lie in.
    """

    source: Source
    root: Table
    parents: tuple[Source, ...] = ()

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every file that took part: what a renderer needs to show a line of any of them."""
        return (self.source, *self.parents)


def span_of_node(node: Node) -> Span:
    """Where a node was written."""
    return span_of(node) if isinstance(node, Text) else node.span


def read_document(name: str, data: bytes) -> tuple[Source, Document | None, list[Diagnostic]]:
    """The text, the tree and the findings (all E000) of a file.

    `name` is what people call the file; every span carries it. The tree is None when the bytes
    have no tree; with lesser findings (a key written twice) it is there all the same, so that
    later checks can speak too. Never raises, whatever the bytes.
    """
    source, findings = _decode(name, data)
    if findings:
        return source, None, findings
    composer = _Composer(source)
    try:
        root = composer.compose()
    except Unreadable as stop:
        return source, None, [*composer.findings, stop.finding]
    except (yaml.YAMLError, ValueError) as error:
        # ValueError: the pure Python scanner converts escapes and versions without a guard
        return source, None, [*composer.findings, syntax_error(source, error)]
    return source, Document(source, root), composer.findings


# --- bytes to text --------------------------------------------------------------------------


def _decode(name: str, data: bytes) -> tuple[Source, list[Diagnostic]]:
    if len(data) > BYTES_MAX:
        message = f"the file has {len(data):,} bytes; a strategy has at most {BYTES_MAX:,}"
        remedy = "is this the right file? bars and event lists stay in files of their own"
        return Source(name, ""), [document_error(Span(1, 1, 1, name), message, remedy)]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = data.decode("utf-8-sig", errors="replace")
        place = _place(text, len(data[: error.start].decode("utf-8-sig", errors="replace")), name)
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        remedy = "it looks like UTF-16: save it as UTF-8" if wide else "save it as UTF-8"
        finding = document_error(place, "the file is not UTF-8 text", remedy)
        return Source(name, text), [finding]
    return Source(name, text), _unwanted_character(name, text)


def _unwanted_character(name: str, text: str) -> list[Diagnostic]:
    found = _UNWANTED.search(text)
    if found is None:
        return []
    message = f"the invisible character U+{ord(found[0]):04X} cannot stand in a strategy"
    remedy = "delete it; text copied from a web page or a PDF often brings one along"
    return [document_error(_place(text, found.start(), name), message, remedy)]


def _place(text: str, index: int, name: str) -> Span:
    lines = f"{text[:index]}|".splitlines()
    return Span(len(lines), len(lines[-1]), 1, name)


# --- events to a tree -----------------------------------------------------------------------


class _Mark(Protocol):
    """A place as YAML counts: lines and columns from zero."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


def _began(event: yaml.Event) -> _Mark:
    assert event.start_mark is not None
    return event.start_mark


def _ended(event: yaml.Event) -> _Mark:
    assert event.end_mark is not None
    return event.end_mark


@dataclass(slots=True)
class _Frame:
    """A collection on its way; in a mapping, `key` waits for its value."""

    start: _Mark
    mapping: bool
    flow: bool
    key: Node | None = None
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)

    def add(self, node: Node) -> None:
        if not self.mapping:
            self.items.append(node)
        elif self.key is None:
            self.key = node
        else:
            self.pairs.append((self.key, node))
            self.key = None


class _Composer:
    """Builds the tree from the parser's events, with a stack of its own instead of recursion."""

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.text = source.text
        self.lines = source.text.splitlines()
        self.findings: list[Diagnostic] = []
        self.stack: list[_Frame] = []
        self.root: Node | None = None
        self.documents = 0

    def compose(self) -> Table:
        for event in yaml.parse(self.text, Loader=_LOADER):
            self.take(event)
        if self.root is None:
            raise Unreadable(Span(1, 1, 1, self.name), "the file is empty", _HOW_TO_BEGIN)
        if not isinstance(self.root, Table):
            squeezed = isinstance(self.root, Text) and re.match(r"[A-Za-z_]+:\S", self.root)
            raise Unreadable(
                span_of_node(self.root),
                "the file is not a mapping of `key: value` lines",
                "YAML needs a space after the colon: `lang: 1`" if squeezed else _HOW_TO_BEGIN,
            )
        return self.root

    def take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                if event.anchor is not None or event.tag is not None:
                    self.refuse_properties(event)
                self.add(self.scalar(event))
            case yaml.CollectionStartEvent():
                if event.anchor is not None or event.tag is not None:
                    self.refuse_properties(event)
                self.open(event)
            case yaml.CollectionEndEvent():
                self.add(self.close(event))
            case yaml.AliasEvent():
                self.refuse_alias(event)
            case yaml.DocumentStartEvent():
                self.begin_document(event)
            case _:
                pass  # the stream's own beginning and end

    def add(self, node: Node) -> None:
        if self.stack:
            self.stack[-1].add(node)
        elif self.root is None:
            self.root = node

    def report(self, span: Span, message: str, remedy: str, edit: Edit | None = None) -> None:
        self.findings.append(document_error(span, message, remedy, edit))
        if len(self.findings) >= FINDINGS_MAX:
            raise Unreadable(
                span,
                f"{FINDINGS_MAX} mistakes so far, the rest was not read",
                "correct the first ones; the others may be their consequence",
            )

    # places

    def line(self, number: int) -> str:
        return self.lines[number] if number < len(self.lines) else ""

    def between(self, start: _Mark, end: _Mark) -> Span:
        """From one mark to the other, or to the end of the first line."""
        stop = end.column if end.line == start.line else len(self.line(start.line).rstrip())
        return Span(start.line + 1, start.column + 1, max(1, stop - start.column), self.name)

    def whole(self, event: yaml.Event) -> Span:
        return self.between(_began(event), _ended(event))

    # collections

    def open(self, event: yaml.CollectionStartEvent) -> None:
        start = _began(event)
        if len(self.stack) >= DEPTH_MAX:
            raise Unreadable(
                self.between(start, start),
                f"nested deeper than {DEPTH_MAX} levels",
                "a strategy nests about seven levels: is a bracket unclosed?",
            )
        # PyYAML's own parser leaves flow_style empty for some blocks: the bracket decides
        flow = self.line(start.line)[start.column : start.column + 1] in ("{", "[")
        mapping = isinstance(event, yaml.MappingStartEvent)
        self.stack.append(_Frame(start, mapping=mapping, flow=flow))

    def close(self, event: yaml.CollectionEndEvent) -> Table | Items:
        frame = self.stack.pop()
        if frame.mapping:
            return self.table(frame, event)
        if frame.flow:
            return Items(
                self.mended_items(frame.items), self.between(frame.start, _ended(event)), flow=True
            )
        return Items(frame.items, self.between(frame.start, frame.start))

    def table(self, frame: _Frame, event: yaml.CollectionEndEvent) -> Table:
        pairs = list(self.named(frame.pairs))
        if frame.flow:
            pairs = self.mended_pairs(pairs)
        if len({key for key, _ in pairs}) < len(pairs):
            pairs = self.without_doubles(pairs)
        if not frame.flow and pairs:
            span = span_of(pairs[0][0])
        else:
            span = self.between(frame.start, _ended(event))
        return Table(pairs, span, flow=frame.flow)

    def without_doubles(self, pairs: list[tuple[Text, Node]]) -> list[tuple[Text, Node]]:
        """The first of each name; the others are reported."""
        first: dict[str, Text] = {}
        for key, _ in pairs:
            earlier = first.setdefault(key, key)
            if earlier is not key:
                self.refuse_twice(key, earlier)
        return [(key, value) for key, value in pairs if first[key] is key]

    def named(self, pairs: list[tuple[Node, Node]]) -> Iterator[tuple[Text, Node]]:
        """The pairs whose key can be a name; the others are reported."""
        for key, value in pairs:
            if not isinstance(key, Text):
                message = "a list or a mapping cannot be a key"
                remedy = "keys are plain names; a value that begins with `{` or `[` needs quotes"
            elif key == "<<" and not key.quoted:
                message = "`<<` merges are not part of the language"
                remedy = "write the keys out, or start from another file with `extends:`"
            elif not key:
                message = "there is no key before this `:`"
                remedy = "write its name, or delete it"
            else:
                yield key, value
                continue
            self.report(span_of_node(key), message, remedy)

    # scalars

    def scalar(self, event: yaml.ScalarEvent) -> Text:
        start, end = _began(event), _ended(event)
        if event.implicit[0] and end.line == start.line:  # most are: plain, on one line
            length = end.column - start.column
            place = Span(start.line + 1, start.column + 1, max(1, length), self.name)
            return Text(event.value, place)
        return self.unusual(event, start, end)

    def unusual(self, event: yaml.ScalarEvent, start: _Mark, end: _Mark) -> Text:
        """A scalar in quotes, over several lines, or with a tag."""
        several = end.line > start.line
        raw = self.line(start.line)[start.column : None if several else end.column]
        value, plain, prose = event.value, not event.implicit[1], self.in_prose()
        span = self.between(start, end)
        if several and raw.strip() and not prose:
            self.refuse_lines(span, raw)
        if plain or several:
            return Text(value, span, quoted=not plain)
        inner = replace(span, column=span.column + 1, length=max(1, len(raw) - 2))
        bare = event.tag is None and event.anchor is None
        if bare and raw[1:-1] != value and not prose:
            self.report(
                inner,
                "escapes and doubled quotes cannot stand in a value",
                "use the other kind of quotes, so that every character is itself",
            )
        return Text(value, inner, quoted=True)

    def in_prose(self) -> bool:
        key = self.stack[-1].key if self.stack else None
        return isinstance(key, Text) and key in _MULTI_LINE_KEYS

    # refusals

    def refuse_twice(self, key: Text, earlier: Text) -> None:
        self.report(
            span_of(key),
            f"`{_short(key)}` is written twice",
            f"the first is on line {span_of(earlier).line}; remove one of them",
        )

    def refuse_lines(self, span: Span, raw: str) -> None:
        what = f"`{raw[0]}` text" if raw[0] in "|>" else "this value"
        self.report(
            span,
            f"{what} runs over several lines; only `doc` may",
            "write it on one line; a long condition reads better as several named ones",
        )

    def refuse_properties(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.anchor is not None:
            self.report(
                self.whole(event),
                f"the anchor `&{_short(event.anchor)}` is not part of the language",
                "write values out, or name them once under `params:` or `series:`",
            )
        if event.tag is not None:
            self.report(
                self.whole(event),
                "a value that begins with `!` is a YAML tag, which the language does not have",
                "for `not` in a condition write the word: `not ready`",
            )

    def refuse_alias(self, event: yaml.AliasEvent) -> None:
        # without the anchored value any tree would be a guess: the reading ends here
        raise Unreadable(
            self.whole(event),
            f"the alias `*{_short(event.anchor or '')}` is not part of the language",
            "write the value out, or name it once under `params:` or `series:`",
        )

    def begin_document(self, event: yaml.DocumentStartEvent) -> None:
        self.documents += 1
        if self.documents > 1:
            raise Unreadable(
                self.whole(event),
                "a second document begins here; a file holds one strategy",
                "remove this `---`, or move what follows to a file of its own",
            )

    # commas that YAML took from an expression

    def mended_pairs(self, pairs: list[tuple[Text, Node]]) -> list[tuple[Text, Node]]:
        """`{a: min(x, y) > 3}` is to YAML the keys `a` and `y) > 3`: say so, and go on whole."""
        mended: list[tuple[Text, Node]] = []
        at = 0
        while at < len(pairs):
            key, value = pairs[at]
            window = pairs[at + 1 : at + PIECES_MAX]
            cut = _cut_off(value, [k if v == "" else None for k, v in window])
            mended.append((key, self.joined([value, *cut])))
            at += 1 + len(cut)
        return mended

    def mended_items(self, items: list[Node]) -> list[Node]:
        """The same for `[max(a, b), c]`."""
        mended: list[Node] = []
        at = 0
        while at < len(items):
            cut = _cut_off(items[at], items[at + 1 : at + PIECES_MAX])
            mended.append(self.joined([items[at], *cut]))
            at += 1 + len(cut)
        return mended

    def joined(self, pieces: list[Node]) -> Node:
        first, last = span_of_node(pieces[0]), span_of_node(pieces[-1])
        if len(pieces) == 1 or first.line != last.line:
            return pieces[0]
        span = replace(first, length=last.column + last.length - first.column)
        whole = self.line(span.line - 1)[span.column - 1 :][: span.length]
        self.report(
            span,
            "YAML ends a value at a comma inside `{ }` and `[ ]`, so this expression is cut",
            "put it in quotes",
            Edit(span, f'"{whole}"') if '"' not in whole and "\\" not in whole else None,
        )
        return Text(whole, span)


def _cut_off(head: Node, following: Sequence[Node | None]) -> list[Node]:
    """The bare words after `head` that balance its parentheses; none if nothing does."""
    if not isinstance(head, Text) or head.quoted:
        return []
    depth = head.count("(") - head.count(")")
    pieces: list[Node] = []
    for piece in following:
        if depth <= 0 or not isinstance(piece, Text):
            break
        pieces.append(piece)
        depth += piece.count("(") - piece.count(")")
    return pieces if depth == 0 else []


def _short(name: str, limit: int = 40) -> str:
    return name if len(name) <= limit else f"{name[: limit - 1]}…"


_HOW_TO_BEGIN: Final = "a strategy begins with `lang: 1` and `strategy: NAME`"
