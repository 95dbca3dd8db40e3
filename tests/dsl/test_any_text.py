"""Whatever the bytes, the compiler answers with findings: never a traceback, never for long."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.instruments import INSTRUMENTS
from dsl.compilation import Surroundings
from dsl.compiler import compile_strategy
from dsl.render import as_text
from tests.support.wrong_specs import VALID, WRONG

if TYPE_CHECKING:
    from dsl.compilation import Compiled

STRATEGIES = sorted((Path(__file__).parents[2] / "strategies").glob("*.yaml"))
TEXTS = {path.stem: path.read_text("utf-8") for path in STRATEGIES} | {"small": VALID}
SECONDS = 10
"""For one file, on a machine that does other things too; a tenth of a second is usual."""

AROUND = Surroundings(instruments=INSTRUMENTS, calendars=frozenset({"XLON", "XNYS"}))

BODY = "  body: abs(close - open)\n"
TOKENS = (
    "high", "low", "close", "open", "volume", "in", "ny", "not", "and", "or", "if", "else",
    "of", "exists", "top", "top.price", "top.held", "bottom.age", "calm.high", "now", "london",
    "0", "1", "-1", "5 min", "20 bars", "0.1 %", "2 pt", "1 R", "0.5", "*", "/", "+", "-", "<",
    ">=", "==", "(", ")", "[1]", "[0]", ",", "abs(", "max(", "highest(", "deviation(", "mean(",
    "since", "where", "before", "across days", "entry", "stop", "target", "{", "}", "[", "]",
    ":", "- ", "to", "when", "is", "after", "examine", "count", "latest(bar where ", "bars",
    "99999999999999999999", "1.000000001", "\u00b2", "\u0663", "\t", "#", "'", '"', "&a", "*a",
    "!x", "|", ">", "~", "null", "---", "\u2028", "\u202e",
)  # fmt: skip


def compiled(data: bytes) -> Compiled:
    """What the compiler makes of it, in time, with findings that can be shown."""
    began = time.process_time()
    made = compile_strategy("any.yaml", data, AROUND)
    assert time.process_time() - began < SECONDS
    assert as_text(made.findings, made.sources) or not made.findings
    assert (made.program is None) == any(f.severity == "error" for f in made.findings)
    for finding in made.findings:
        assert finding.span.line >= 1
        assert finding.span.column >= 1
    return made


def mutated(text: str, rng: Random) -> str:
    """The text with some lines, words or characters deleted, doubled, moved or replaced."""
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        text = rng.choice(MUTATIONS)(text, rng)
    return text


def _a_line(text: str, rng: Random) -> str:
    lines = text.split("\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case 3:
            lines[at] = lines[other]
        case _:
            lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
    return "\n".join(lines)


def _a_word(text: str, rng: Random) -> str:
    words = text.split(" ")
    at, other = rng.randrange(len(words)), rng.randrange(len(words))
    match rng.randrange(4):
        case 0:
            words[at] = rng.choice(TOKENS)
        case 1:
            words.insert(at, rng.choice(TOKENS))
        case 2:
            words[at] = words[other]
        case _:
            del words[at]
    return " ".join(words)


def _a_character(text: str, rng: Random) -> str:
    at = rng.randrange(len(text) + 1)
    inserted = rng.choice(["", rng.choice(TOKENS), chr(rng.choice([9, 10, 32, 58, 160, 0x1F600]))])
    return text[:at] + inserted + text[at + rng.choice([0, 1]) :]


def _a_number(text: str, rng: Random) -> str:
    places = [at for at, letter in enumerate(text) if letter.isdigit()]
    at = rng.choice(places or [0])
    digits = rng.choice(["0", "7", "-3", "000", "1e9", "9" * 25, "1" * 6000, "0.3333333"])
    return text[:at] + digits + text[at + 1 :]


MUTATIONS = (_a_line, _a_word, _a_word, _a_character, _a_number)


@given(st.binary(max_size=300))
@example(b"")
@example(b"\xff\xfe\x00")
@example(b"lang: 1\nstrategy: a\nstop: " + b"(" * 900)
@example(b"lang: 1\nstrategy: a\nstop: " + b"[" * 90_000)
@example(b"a: {" * 5_000)
def test_any_bytes_are_explained(data: bytes) -> None:
    compiled(data)


@pytest.mark.parametrize("name", TEXTS)
@given(seed=st.integers(0, 1 << 32))
def test_a_strategy_with_slips_of_the_pen_compiles_or_is_explained(name: str, seed: int) -> None:
    compiled(mutated(TEXTS[name], Random(seed)).encode("utf-8", "surrogatepass"))


@given(seed=st.integers(0, 1 << 32), case=st.sampled_from(WRONG))
def test_a_wrong_strategy_with_more_slips_is_explained(seed: int, case: object) -> None:
    text = next(one.text for one in WRONG if one == case)
    compiled(mutated(text, Random(seed)).encode("utf-8", "surrogatepass"))


@given(st.lists(st.sampled_from(TOKENS), max_size=30), st.sampled_from(["", '"']))
def test_any_words_in_the_place_of_an_expression_are_explained(
    words: list[str], quote: str
) -> None:
    text = quote + " ".join(words).replace('"', "") + quote
    compiled(VALID.replace(BODY, f"{BODY}  probe: {text}\n").encode("utf-8", "surrogatepass"))


def series(*lines: str) -> str:
    """The small strategy with more series."""
    return VALID.replace(BODY, BODY + "".join(f"  {line}\n" for line in lines))


LARGE = {
    "doubled fifty times": series(
        "s0: body", *(f"s{n}: s{n - 1} + s{n - 1}" for n in range(1, 50))
    ),
    "a long chain": series("s0: body", *(f"s{n}: s{n - 1} + 1 pt" for n in range(1, 400))),
    "a long chain backwards": series(*(f"s{n}: s{n + 1} + 1 pt" for n in range(400)), "s400: body"),
    "a chain of deep ones": series(
        *(f"s{n}: {'abs(' * 25}s{n + 1}{')' * 25}" for n in range(60)), "s60: body"
    ),
    "a product of giants": series("s: " + " * ".join(["99999999999999999999"] * 40) + " * body"),
    "hundreds of stages": VALID.replace(
        "    armed:\n",
        "".join(
            f"    q{n}: {{within: {{limit: 5 min, else: late}}, "
            f"advance: [{{to: q{n + 1}, this_bar: examine, when: {{a: close > open}}}}]}}\n"
            for n in range(300)
        )
        + "    q300: {within: {limit: 5 min, else: late}, "
        "advance: [{to: armed, when: {a: close > open}}]}\n    armed:\n",
    ).replace("        - to: armed\n", "        - to: q0\n"),
    "hundreds of conditions": VALID.replace(
        "      swept: high > london.high\n",
        "      swept: high > london.high\n"
        + "".join(f"      c{n}: high > low[{n % 5}] or low < high[{n % 7}]\n" for n in range(400)),
    ),
    "thousands of parameters": VALID.replace(
        "params:\n", "params:\n" + "".join(f"  p{n}: {n + 1} min\n" for n in range(3_000))
    ),
    "a number of thousands of digits": VALID.replace("5 bars ..", f"{'9' * 5_000} bars .."),
}


@pytest.mark.parametrize("name", LARGE)
def test_what_is_larger_than_anybody_means_takes_no_longer_than_it_may(name: str) -> None:
    compiled(LARGE[name].encode())
