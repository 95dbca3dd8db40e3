"""Compiled strategies kept on disk: what nothing has changed about is not compiled again.

A compilation is a function of bytes: the file and those it extends, the run's own values, the known
instruments and calendars, and the language itself. What is kept lies under the hash of all of them,
the sources of `dsl` and the versions of the libraries that read for it included, so it cannot be
out of date: it is not found. That saves the import of the compiler too, which is most of it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import pickle
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import dsl
from adapters.keeping import keep
from dsl.folders import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dsl.compilation import Compiled, Surroundings

KEPT_MOST: Final = 200
"""Compilations on disk; the oldest go first. One is about 20 kB."""

_CHECK: Final = 32
"""Bytes of the checksum that leads a file: a damaged one is not unpickled."""

_READERS: Final = (("lark", "__init__.py"), ("yaml", "__init__.py"), ("pydantic", "version.py"))
"""The libraries that findings depend on, each with the file that states its version."""


def compiled_once(name: str, data: bytes, around: Surroundings) -> Compiled:
    """What `dsl.compiler.compile_strategy` returns, from the disk where it was made before.

    Only strategies without errors are kept: who corrects a file changes it.
    """
    file = cache_folder() / "compilations" / f"{_key(name, data, around)}.pickle"
    found = _kept(file, around.read)
    return _compiled(name, data, around, file) if found is None else found


def _compiled(name: str, data: bytes, around: Surroundings, file: Path) -> Compiled:
    from dsl.compiler import compile_strategy  # noqa: PLC0415 - what this module saves

    parents: dict[str, str] = {}

    def read(parent: str) -> bytes | None:
        content = around.read(parent)
        parents[parent] = _digest(content)
        return content

    made = compile_strategy(name, data, replace(around, read=read))
    if made.program is not None:
        body = pickle.dumps((parents, made), protocol=5)
        if keep(file, hashlib.sha256(body).digest() + body):
            _forget_oldest(file.parent)
    return made


def _kept(file: Path, read: Callable[[str], bytes | None]) -> Compiled | None:
    """What lies there, if it is whole and the strategies it extends are as they were."""
    try:
        content = file.read_bytes()
    except OSError:
        return None
    check, body = content[:_CHECK], content[_CHECK:]
    if hashlib.sha256(body).digest() != check:
        return None
    parents: Mapping[str, str]
    made: Compiled
    parents, made = pickle.loads(body)  # noqa: S301 - ours, as a .pyc is: whoever writes there runs
    unchanged = all(_digest(read(parent)) == digest for parent, digest in parents.items())
    return made if unchanged else None


def _key(name: str, data: bytes, around: Surroundings) -> str:
    """The hash of everything that the compilation is a function of, except its parents."""
    stated = (
        language(),
        name,
        data,
        tuple(around.values.items()),
        tuple(around.instruments.items()),
        sorted(around.calendars),
    )
    return _digest(repr(stated).encode())


@cache
def language() -> str:
    """The hash of the language: the sources of `dsl`, Python, the libraries that read for it."""
    root = Path(dsl.__file__).parent
    digest = hashlib.sha256(sys.version.encode())
    sources = [file for ending in ("*.py", "*.lark") for file in root.rglob(ending)]
    for file in (*sorted(sources), *_versions()):
        digest.update(f"\n{file.name}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _versions() -> list[Path]:
    found = [(importlib.util.find_spec(library), file) for library, file in _READERS]
    return [Path(spec.origin).with_name(file) for spec, file in found if spec and spec.origin]


def _digest(content: bytes | None) -> str:
    return "none" if content is None else hashlib.sha256(content).hexdigest()


def _forget_oldest(folder: Path) -> None:
    """Keep the newest `KEPT_MOST`; another process may be doing the same."""
    dated = []
    for file in folder.glob("*.pickle"):
        try:
            dated.append((file.stat().st_mtime_ns, file))
        except OSError:
            continue
    for _, file in sorted(dated)[:-KEPT_MOST]:
        file.unlink(missing_ok=True)
