"""Expression text to syntax through `grammar.lark`; what does not parse becomes a finding."""

from __future__ import annotations

import os
from fractions import Fraction
from functools import lru_cache
from pathlib import Path as File
from typing import TYPE_CHECKING, Any, cast

from lark import Lark, Token, Transformer, Tree, UnexpectedCharacters, UnexpectedToken, v_args

from dsl import syntax as syn
from dsl.diagnostics import Diagnostic, Severity
from dsl.folders import cache_folder

if TYPE_CHECKING:
    from dsl.source import Text

LENGTH_MAX = 1000  # an expression is one line a person reads
DEPTH_MAX = 60  # deeper nesting than anybody means; keeps every later walk inside the stack

WORDS_OF_LOGIC = {"if", "else", "or", "and", "not", "of", "in", "exists"}
WORDS_OF_WINDOWS = {"since", "where", "across", "days", "before", "after"}
KEYWORDS = frozenset(WORDS_OF_LOGIC | WORDS_OF_WINDOWS)


class Rejected(Exception):
    """The text is no expression; carries the finding."""

    def __init__(self, finding: Diagnostic) -> None:
        """The finding to report."""
        super().__init__(finding.message)
        self.finding = finding


def parse_expression(text: Text) -> syn.Syntax:
    """The syntax of an expression. Raises `Rejected` with an E006 that points into it."""
    return _parse(text, "expression")


def parse_tracker(text: Text) -> syn.TrackerSyntax:
    """The syntax of a tracker's `is:`. Raises `Rejected` as `parse_expression` does."""
    return cast("syn.TrackerSyntax", _parse(text, "tracker"))


def _parse(text: Text, start: str) -> syn.Syntax:
    if len(text) > LENGTH_MAX:
        raise _rejected(
            text,
            LENGTH_MAX,
            len(text),
            "expression longer than 1000 characters",
            "give its parts names of their own under `series:` or `measure:`",
        )
    if not text.strip():
        raise _rejected(
            text, 0, 1, "an expression is missing here", "write one, or leave the key out"
        )
    try:
        syntax = _syntax(str(text), start)
    except UnexpectedToken as problem:
        raise _unexpected(text, problem) from None
    except UnexpectedCharacters as problem:
        raise _strange(text, problem) from None
    if syntax is None:
        raise _rejected(
            text,
            0,
            len(text),
            "expression nested too deeply",
            "give its parts names of their own under `series:` or `measure:`",
        )
    return syntax


@lru_cache(maxsize=2048)
def _syntax(text: str, start: str) -> syn.Syntax | None:
    """The syntax of a text, None where it is too deep: parsed once for all passes that ask.

    The places in it are within the text, so equal texts share it wherever they stand.
    """
    tree = _grammar().parse(text, start=start)
    return None if _too_deep(tree) else _Build().transform(tree)


@lru_cache(maxsize=1)
def _grammar() -> Lark:
    """The parser. Building its tables costs most of a validation, so they are kept on disk."""
    text = (File(__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    kept = _tables()
    return Lark(
        text,
        parser="lalr",
        start=["expression", "tracker"],
        propagate_positions=True,
        maybe_placeholders=True,
        cache=str(kept) if kept else False,
    )


def _tables() -> File | None:
    """Where the tables lie (Lark compares the grammar and its own version), if anywhere."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder / "grammar.tables" if os.access(folder, os.W_OK) else None


def _too_deep(tree: Tree[Any]) -> bool:
    level: list[Any] = [tree]
    for _ in range(DEPTH_MAX):
        level = [c for node in level if isinstance(node, Tree) for c in node.children]
        if not level:
            return False
    return True


def _rejected(text: Text, start: int, stop: int, message: str, remedy: str) -> Rejected:
    return Rejected(
        Diagnostic("E006", Severity.ERROR, text.span.inside(start, stop), message, remedy),
    )


NAMES_OF_TOKENS = {
    "NUMBER": "a number",
    "NAME": "a name",
    "RPAR": "`)`",
    "LPAR": "`(`",
    "RSQB": "`]`",
    "COMMA": "`,`",
    "COMPARISON": "a comparison",
    "$END": "the end",
}


def _unexpected(text: Text, problem: UnexpectedToken) -> Rejected:
    token = problem.token
    if token.type == "$END":
        return _rejected(
            text,
            max(0, len(text) - 1),
            len(text),
            "the expression ends too early",
            _hint(problem) or "something should follow here",
        )
    start = token.start_pos
    written = str(token)
    if token.type == "COMPARISON" and "COMPARISON" not in problem.expected:
        return _rejected(
            text,
            start,
            start + len(written),
            "comparisons cannot be chained",
            "write `a < b and b < c`",
        )
    return _rejected(
        text, start, start + len(written), f"`{written}` is not expected here", _hint(problem)
    )


def _hint(problem: UnexpectedToken) -> str:
    wanted = [NAMES_OF_TOKENS[name] for name in NAMES_OF_TOKENS if name in problem.expected]
    return f"expected {' or '.join(wanted[:3])}" if wanted else ""


REMEDIES = {
    "=": ("`=` compares nothing", "write `==`, or `<=` and `>=`"),
    "!": ("there is no `!=` and no `!`", "write `not a == b`"),
    "&": ("`&` is not part of the language", "write `and`"),
    "|": ("`|` is not part of the language", "write `or`"),
    "^": ("there are no powers", "multiply the value by itself"),
    "[": ("`[` belongs after a value", "the bar before is `high[1]`"),
}


def _strange(text: Text, problem: UnexpectedCharacters) -> Rejected:
    start = cast("int | None", problem.pos_in_stream) or 0
    letter = text[start] if start < len(text) else ""
    message, remedy = REMEDIES.get(letter, (f"`{letter}` is not part of the language", ""))
    if letter.isdigit() or letter == ".":
        message, remedy = f"`{letter}` is not expected here", "write numbers as 0.5"
    return _rejected(text, start, start + 1, message, remedy)


@v_args(meta=True)
class _Build(Transformer[Token, syn.Syntax]):
    """Lark's tree to ours, one method a rule."""

    def expression(self, _meta: Any, parts: list[Any]) -> syn.Syntax:
        return cast("syn.Syntax", parts[0])

    group = expression

    def choose(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        return syn.Choice(meta.start_pos, meta.end_pos, *parts)

    def any_of(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        return syn.Logic(meta.start_pos, meta.end_pos, "or", tuple(parts))

    def all_of(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        return syn.Logic(meta.start_pos, meta.end_pos, "and", tuple(parts))

    def not_(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        return syn.Negation(meta.start_pos, meta.end_pos, parts[0])

    def compare(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        left, operator, right = parts
        return syn.Comparison(meta.start_pos, meta.end_pos, str(operator), left, right)

    def binary(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        left, operator, right = parts
        return syn.Arithmetic(meta.start_pos, meta.end_pos, str(operator), left, right)

    def of(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        return syn.Arithmetic(meta.start_pos, meta.end_pos, "of", *parts)

    def negative(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        return syn.Negative(meta.start_pos, meta.end_pos, parts[0])

    def quantity(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        return syn.Quantity(meta.start_pos, meta.end_pos, Fraction(parts[0]), str(parts[1]))

    def number(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        return syn.Quantity(meta.start_pos, meta.end_pos, Fraction(parts[0]), "")

    def clock(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        hours, minutes = str(parts[0]).split(":")
        return syn.ClockTime(meta.start_pos, meta.end_pos, int(hours) * 60 + int(minutes))

    def zone(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        return syn.Zone(meta.start_pos, meta.end_pos, str(parts[0]))

    def name(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        return syn.Path(meta.start_pos, meta.end_pos, (str(parts[0]),))

    def path(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        return syn.Path(meta.start_pos, meta.end_pos, tuple(map(str, parts)))

    def lag(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        operand, bars, across = parts
        return syn.LagOf(meta.start_pos, meta.end_pos, operand, str(bars), across is not None)

    def argument(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        value, before, where, across = parts
        return syn.Argument(
            meta.start_pos,
            meta.end_pos,
            value,
            before is not None,
            where,
            across is not None,
        )

    def since(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        return syn.SinceOf(meta.start_pos, meta.end_pos, str(parts[0]))

    def call(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        given = tuple(part for part in parts[1:] if part is not None)
        return syn.Call(meta.start_pos, meta.end_pos, str(parts[0]), given)

    def in_session(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        return syn.InSessionOf(meta.start_pos, meta.end_pos, str(parts[0]))

    def exists(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        return syn.Exists(meta.start_pos, meta.end_pos, tuple(map(str, parts)))

    def tracker(self, meta: Any, parts: list[Any]) -> syn.Syntax:
        function, kept, outer, after = parts
        argument, inner = kept or (None, None)
        return syn.TrackerSyntax(
            meta.start_pos,
            meta.end_pos,
            str(function),
            argument,
            inner or outer,
            None if after is None else str(after),
        )

    def kept(self, _meta: Any, parts: list[Any]) -> Any:
        return tuple(parts)
