"""A strategy's text in its usual looks: two spaces a level, no trailing blanks, values in line.

Only blanks change. Comments, order, quotes and line breaks stay, and a text whose meaning would
not be the same to the last character is given back as it was.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Final

from dsl.document import Items, Table, read_document
from dsl.source import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.document import Node

INDENT: Final = 2
FURTHEST: Final = 24
"""Columns that a value may be moved to the right to stand in line with its neighbours."""

_ENTRY: Final = re.compile(r"^( *)((?:- )*)([^\s#:\"'{}\[\],][^:#\"']*?):( +)([^\s#].*)$")


def tidied(text: str) -> str:
    """The text tidied; as it was where it cannot be read. Tidying twice changes nothing more."""
    before = _meaning(text)
    if before is None:
        return text
    lines = [line.rstrip() for line in text.replace("\t", "    ").splitlines()]
    made = "\n".join(_aligned(_spaced(_indented(lines)))) + "\n"
    return made if _meaning(made) == before else text


def _meaning(text: str) -> object:
    _, document, findings = read_document("", text.encode("utf-8", "surrogatepass"))
    return None if document is None or findings else _plain(document.root)


def _plain(node: Node) -> object:
    """The tree without places; order counts."""
    if isinstance(node, Text):
        return (str(node), node.quoted)
    if isinstance(node, Table):
        return [(str(key), _plain(value)) for key, value in node.items()]
    assert isinstance(node, Items)
    return [_plain(value) for value in node]


# --- indentation ----------------------------------------------------------------------------


def _indented(lines: list[str]) -> list[str]:
    """Every level two columns further in than the one around it; comments go with what follows."""
    made: list[str] = []
    levels: list[tuple[int, int]] = []  # columns as written, as made
    waiting: list[str] = []  # comments and blanks before the line they belong to
    for line in lines:
        body = line.lstrip(" ")
        if not body or body.startswith("#"):
            waiting.append(body)
            continue
        column = len(line) - len(body)
        while levels and levels[-1][0] > column:
            levels.pop()
        if not levels or levels[-1][0] < column:
            levels.append((column, levels[-1][1] + INDENT if levels else 0))
        at = levels[-1][1]
        made += [f"{' ' * at}{one}" if one else "" for one in waiting]
        waiting = []
        # the mapping that begins behind a dash is a level of its own
        inner, width, dashes = body, 0, 0
        while inner.startswith("- "):
            dashes += 1
            step = len(inner) - len(inner[2:].lstrip(" "))
            width += step
            inner = inner[step:]
            levels.append((column + width, at + INDENT * dashes))
        made.append(" " * at + "- " * dashes + inner)
    return made + waiting


def _spaced(lines: list[str]) -> list[str]:
    """One empty line at most, none at the ends."""
    made: list[str] = []
    for line in lines:
        if line or (made and made[-1]):
            made.append(line)
    while made and not made[-1]:
        made.pop()
    return made


# --- values in line -------------------------------------------------------------------------


def _aligned(lines: list[str]) -> Iterator[str]:
    """Neighbours of one level whose values stood in line stand in line again; others one blank on.

    A comment at the end of a line keeps its column where there is room.
    """
    for depth, group in groupby(lines, _depth):
        block = list(group)
        if depth is None:
            yield from block
            continue
        entries = [found for line in block if (found := _ENTRY.match(line))]
        wanted = _column(entries)
        for found in entries:
            head = f"{found[1]}{found[2]}{found[3]}:"
            yield _comment_kept(found[0], f"{head:<{wanted}} {found[5]}")


def _depth(line: str) -> int | None:
    found = _ENTRY.match(line)
    return None if found is None else len(found[1]) + len(found[2])


def _column(entries: list[re.Match[str]]) -> int:
    """The width of the keys, where the values are to stand in line; else 0."""
    starts = {found.start(5) for found in entries}
    widths = [found.end(3) + 1 for found in entries]
    spread = max(widths) - min(widths)
    stood = len(starts) == 1 and len(entries) > 1
    return max(widths) if stood and spread <= FURTHEST else 0


def _comment_kept(was: str, line: str) -> str:
    """The line with its comment in the column where it was."""
    before, after = was.find("  # "), line.find("  # ")
    if before < 0 or after < 0:
        return line
    code, comment = line[:after].rstrip(), line[after:].lstrip()
    column = was.index("#", before)
    return f"{code:<{column - 1}} {comment}" if len(code) + 2 <= column else f"{code}  {comment}"
