"""backtrader is imported by one module, late, and is quiet about its age."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
IMPORT = re.compile(r"^\s*(?:import backtrader|from backtrader)\b", re.MULTILINE)


def test_one_module_imports_it() -> None:
    files = [
        file
        for folder in ("dsl", "engine", "adapters", "web")
        for file in (ROOT / folder).rglob("*.py")
        if IMPORT.search(file.read_text("utf-8"))
    ]

    assert [str(file.relative_to(ROOT)) for file in files] == ["adapters/backtrader/venue.py"]


def python(text: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words, "-c", text], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


def test_nothing_of_it_is_loaded_before_it_is_asked_for() -> None:
    said = python(
        "import sys, adapters.backtrader, adapters.cli.run, adapters.cli.compare\n"
        "print('backtrader' in sys.modules)"
    )

    assert said == "False\n"


def test_its_warnings_do_not_reach_the_user(tmp_path: Path) -> None:
    said = python(
        f"import adapters.backtrader.keeping, adapters.backtrader.ready\nimport sys\n"
        f"sys.pycache_prefix = {str(tmp_path)!r}\n"  # compiled anew: SyntaxWarnings
        "from adapters.backtrader import EngineStrategy\n"
        "print(EngineStrategy.__name__)",
        "-W", "error",
    )  # fmt: skip

    assert said == "EngineStrategy\n"
