"""The language's manual taken apart: its examples, the output it prints, the tables it lists.

`python -m tests.docs.manual` writes tables and output anew into docs/language.md; the tests
compare them and compile every example.

A YAML block begins with a comment that says what it is:

    # first.yaml                    a whole strategy, kept under this name
    # over first.yaml               a piece: its keys go over those of that strategy
    # over first.yaml, wrong: E021  a piece that must get this code
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.calendars import ExchangeCalendars
from adapters.cli import status_of
from adapters.instruments import INSTRUMENTS
from dsl.calls import FUNCTIONS
from dsl.codes import CODES
from dsl.compilation import Compiled, Surroundings
from dsl.compiler import compile_strategy
from dsl.names import BAR_DOCS
from dsl.quantities import plain
from dsl.structure import json_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).parents[2]
MANUAL = ROOT / "docs" / "language.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
MARK = re.compile(r"# (?P<over>over )?(?P<name>[\w/]+\.yaml)(?:, wrong: (?P<code>[EW]\d{3}))?")
PROMPT = "$ engine "


@dataclass(frozen=True)
class Example:
    """A YAML block: the whole strategy `name`, or a piece that goes over it."""

    line: int
    name: str
    is_piece: bool
    code: str
    text: str

    def __str__(self) -> str:
        """What a test of it is called."""
        return f"line {self.line}"


def text_of_manual() -> str:
    """The manual as it stands."""
    return MANUAL.read_text(encoding="utf-8")


def fenced(text: str, language: str) -> Iterator[tuple[int, str]]:
    """The blocks of one language, each with the line its content begins on."""
    for found in FENCE.finditer(text):
        if found[1] == language:
            yield text.count("\n", 0, found.start()) + 2, found[2]


def examples(text: str) -> list[Example]:
    """Every YAML block; one without a mark is a mistake of the manual."""
    found = []
    for line, block in fenced(text, "yaml"):
        mark = MARK.fullmatch(block.partition("\n")[0])
        assert mark, f"line {line}: the block does not say what it is"
        over, name, code = mark["over"], mark["name"], mark["code"] or ""
        found.append(Example(line, name, bool(over), code, block))
    return found


def wholes(text: str) -> dict[str, str]:
    """The whole strategies of the manual by their names; each name stands for one text."""
    found: dict[str, str] = {}
    for example in examples(text):
        if not example.is_piece:
            assert example.name not in found, (
                f"line {example.line}: {example.name} is there already"
            )
            found[example.name] = example.text
    return found


def compiled(example: Example, files: Mapping[str, str]) -> Compiled:
    """What the compiler makes of an example; a piece becomes a variant of its strategy."""
    text = example.text
    if example.is_piece:
        text = f"strategy: piece\nextends: {example.name}\n{text}"

    def read(name: str) -> bytes | None:
        if name in files:
            return files[name].encode()
        beside = ROOT / name
        return beside.read_bytes() if beside.is_file() else None

    calendars = frozenset(ExchangeCalendars().names())
    around = Surroundings(INSTRUMENTS, calendars, read)
    return compile_strategy("example.yaml", text.encode(), around)


# --- output ---------------------------------------------------------------------------------


def printed(command: str, files: Mapping[str, str]) -> str:
    """What `engine COMMAND` prints, beside the manual's strategies and the project's folders.

    COMMAND may end in `| head -N`.
    """
    said = io.StringIO()
    words, piped, head = command.partition(" | head -")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        for name in ("strategies", "docs"):
            Path(folder, name).symlink_to(ROOT / name)
        with (
            contextlib.chdir(folder),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            status_of(shlex.split(words))
    lines = said.getvalue().splitlines(keepends=True)
    return "".join(lines[: int(head)] if piped else lines)


def commands(text: str) -> list[tuple[int, str, str]]:
    """The line, the words after `engine`, and the output the manual shows, of every command."""
    found = []
    for line, block in fenced(text, "console"):
        head, _, output = block.partition("\n")
        assert head.startswith(PROMPT), f"line {line}: a console block begins with `{PROMPT}`"
        found.append((line, head.removeprefix(PROMPT), output))
    return found


# --- tables ---------------------------------------------------------------------------------


def tables() -> dict[str, str]:
    """Every generated table by its name."""
    return {name: "\n".join(write()) + "\n" for name, write in _TABLES.items()}


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield "|" + "---|" * len(names)


def _functions() -> Iterator[str]:
    yield from _head("written", "gives")
    for function in FUNCTIONS.values():
        yield _row(f"`{function.signature}`", function.doc)


def _bar_values() -> Iterator[str]:
    yield from _head("name", "what it is")
    for name, doc in BAR_DOCS.items():
        yield _row(f"`{name}`", doc)


def _instruments() -> Iterator[str]:
    yield from _head("name", "exchange", "tick", "`1 pt`", "worth of a price of 1", "currency")
    for known in INSTRUMENTS.values():
        numbers = (plain(value) for value in (known.tick, known.point, known.multiplier))
        yield _row(f"`{known.symbol}`", known.exchange, *numbers, known.currency)


def _codes() -> Iterator[str]:
    yield from _head("code", "what it says", "more")
    for code in CODES.values():
        yield _row(code.code, f"{code.severity}: {code.title}", f"`engine explain {code.code}`")


def _keys() -> Iterator[str]:
    schema = json_schema()
    yield from _section("", schema, schema["$defs"])


def _section(path: str, section: Mapping[str, Any], defs: Mapping[str, Any]) -> Iterator[str]:
    """The table of one mapping, then those of the mappings inside it."""
    yield f"#### {f'`{path}`' if path else 'The file'}"
    yield ""
    yield from _head("key", "needed", "what it is", "for example")
    inside: list[tuple[str, str]] = []
    for key, value in section["properties"].items():
        needed = "yes" if key in section.get("required", ()) else ""
        inner = _inner(key, value)
        meaning = value.get("description") or defs[inner[1]]["description"]
        yield _row(f"`{key}`", needed, meaning, _example(value["examples"][0]))
        if inner[1]:
            inside.append(inner)
    yield ""
    for name, model in inside:
        yield from _section(f"{path}.{name}" if path else name, defs[model], defs)


def _inner(key: str, value: Mapping[str, Any]) -> tuple[str, str]:
    """The path of the mapping a key holds, and its model; no model where it holds none."""
    path, found = key, dict(value)
    if "patternProperties" in found:
        path, found = f"{key}.NAME", next(iter(found["patternProperties"].values()))
    for choice in (found, *found.get("oneOf", ())):
        if choice.get("type") == "array" and "$ref" in choice.get("items", {}):
            return f"{path}[]", choice["items"]["$ref"].rpartition("/")[2]
        if "$ref" in choice:
            return path, choice["$ref"].rpartition("/")[2]
    return path, ""


def _example(value: object) -> str:
    return f"`{_inline(value)}`"


def _inline(value: object) -> str:
    """A value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    text = str(value)
    return f'"{text}"' if any(sign in text for sign in ",[]{}") else text


_TABLES: Mapping[str, Callable[[], Iterator[str]]] = {
    "functions": _functions,
    "bar_values": _bar_values,
    "instruments": _instruments,
    "keys": _keys,
    "codes": _codes,
}


def refreshed(text: str) -> str:
    """The manual with its tables and its output as they are now."""
    made, files = tables(), wholes(text)
    text = TABLE.sub(lambda found: f"{found[1]}\n{made[found[2]]}\n{found[3]}", text)

    def run(found: re.Match[str]) -> str:
        head, _, _ = found[2].partition("\n")
        if found[1] != "console":
            return found[0]
        return f"```console\n{head}\n{printed(head.removeprefix(PROMPT), files)}```"

    return FENCE.sub(run, text)


if __name__ == "__main__":
    MANUAL.write_text(refreshed(text_of_manual()), encoding="utf-8")
