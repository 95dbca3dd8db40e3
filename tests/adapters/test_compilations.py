"""A strategy that was compiled before comes from the disk, and is what compiling it would give."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dsl
from adapters import compilations
from adapters.compilations import compiled_once, language
from adapters.instruments import INSTRUMENTS
from dsl.compilation import Compiled, Surroundings
from dsl.compiler import compile_strategy
from dsl.ir.text import program_text
from tests.support.shipped import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable

AROUND = Surroundings(instruments=INSTRUMENTS)
ROOT = Path(__file__).parents[2]
SLOB = next(file for file in SHIPPED if file.stem == "slob_5_1")
CHILD = b"lang: 1\nextends: parent.yaml\nstrategy: child\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; the folder of compilations in it."""
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path))
    return tmp_path / "compilations"


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, whoever compiles fails the test."""

    def refuse(*_: object) -> Compiled:
        pytest.fail("it was compiled again")

    return lambda: monkeypatch.setattr("dsl.compiler.compile_strategy", refuse)


def reading(folder: Path) -> Surroundings:
    """Surroundings that read parents from a folder."""
    return replace(AROUND, read=lambda name: (folder / name).read_bytes())


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_what_was_kept_is_what_compiling_gives(
    file: Path, cache: Path, forbidden: Callable[[], None]
) -> None:
    around = reading(file.parent)
    fresh = compile_strategy(file.name, file.read_bytes(), around)
    first = compiled_once(file.name, file.read_bytes(), around)
    assert len(list(cache.glob("*.pickle"))) == 1
    forbidden()
    again = compiled_once(file.name, file.read_bytes(), around)
    assert fresh == first == again
    assert fresh.program is not None
    assert again.program is not None
    assert program_text(fresh.program) == program_text(again.program)


def test_whatever_a_compilation_depends_on_is_part_of_its_key(cache: Path) -> None:
    data = SLOB.read_bytes()
    compiled_once("a.yaml", data, AROUND)
    fewer = {name: one for name, one in INSTRUMENTS.items() if name != "ES"}
    others = (
        ("b.yaml", data, AROUND),
        ("a.yaml", data + b"\n", AROUND),
        ("a.yaml", data, replace(AROUND, values={"rr_min": "1.5"})),
        ("a.yaml", data, replace(AROUND, instruments=fewer)),
        ("a.yaml", data, replace(AROUND, calendars=frozenset({"XLON", "XNYS"}))),
    )
    for count, one in enumerate(others, 2):
        assert compiled_once(*one) == compile_strategy(*one)
        assert len(list(cache.glob("*.pickle"))) == count


def test_a_parent_that_changed_is_read_again(
    cache: Path, tmp_path: Path, forbidden: Callable[[], None]
) -> None:
    parent, around = tmp_path / "parent.yaml", reading(tmp_path)
    shutil.copy(SLOB, parent)
    first = compiled_once("child.yaml", CHILD, around)
    parent.write_text(SLOB.read_text().replace("{default: 20 bars", "{default: 21 bars", 1))
    second = compiled_once("child.yaml", CHILD, around)
    assert second == compile_strategy("child.yaml", CHILD, around)
    assert first.program != second.program
    assert len(list(cache.glob("*.pickle"))) == 1
    forbidden()
    assert compiled_once("child.yaml", CHILD, around) == second


def test_a_strategy_with_errors_is_told_and_not_kept(cache: Path) -> None:
    data = SLOB.read_bytes().replace(b"close > open", b"close > opne")
    made = compiled_once("a.yaml", data, AROUND)
    assert made == compile_strategy("a.yaml", data, AROUND)
    assert made.program is None
    assert not cache.exists()


def test_any_change_to_the_language_is_another_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = language.__wrapped__()
    copied = tmp_path / "dsl"
    shutil.copytree(Path(dsl.__file__).parent, copied)
    monkeypatch.setattr(dsl, "__file__", str(copied / "__init__.py"))
    assert language.__wrapped__() == here
    seen = {here}
    for name in ("grammar.lark", "lower.py", "ir/expression.py", "analysis/overflow.py"):
        (copied / name).write_bytes((copied / name).read_bytes() + b"\n")
        seen.add(language.__wrapped__())
    (copied / "new.py").touch()
    seen.add(language.__wrapped__())
    monkeypatch.setattr(sys, "version", "3.99")
    assert len(seen | {language.__wrapped__()}) == 7


@settings(max_examples=8)
@given(at=st.integers(0, 20_000), cut=st.booleans())
def test_a_damaged_file_is_made_again(
    tmp_path_factory: pytest.TempPathFactory, *, at: int, cut: bool
) -> None:
    folder = tmp_path_factory.getbasetemp() / "damaged"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENGINE_CACHE", str(folder))
        data = SLOB.read_bytes()
        sound = compiled_once("a.yaml", data, AROUND)
        (file,) = (folder / "compilations").glob("*.pickle")
        content = bytearray(file.read_bytes())
        if cut:
            del content[at % len(content) :]
        else:
            content[at % len(content)] ^= 1
        file.write_bytes(content)
        assert compiled_once("a.yaml", data, AROUND) == sound


def test_a_cache_that_cannot_be_written_costs_time_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("a file, where the folder should be")
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path / "taken"))
    made = compiled_once("a.yaml", SLOB.read_bytes(), AROUND)
    assert made == compile_strategy("a.yaml", SLOB.read_bytes(), AROUND)


def test_the_oldest_are_forgotten(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilations, "KEPT_MOST", 2)
    made: list[Path] = []
    for age, name in enumerate("abc"):
        compiled_once(name, SLOB.read_bytes(), AROUND)
        made += set(cache.glob("*.pickle")) - set(made)
        os.utime(made[-1], (1000 + age, 1000 + age))
    assert set(cache.glob("*.pickle")) == set(made[1:])


def test_the_second_validation_does_not_import_the_compiler(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom adapters.cli import status_of\n"
        f"assert status_of(['validate', {str(SLOB)!r}]) == 0\n"
        "print(sorted({'lark', 'pydantic', 'yaml', 'dsl.compiler', 'numpy'} & set(sys.modules)))"
    )
    for expected in ("['dsl.compiler', 'lark', 'pydantic', 'yaml']", "[]"):
        told = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "ENGINE_CACHE": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        assert told[-1] == expected
