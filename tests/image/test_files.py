"""The image and its services: the files are sound, and what they run is understood."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from adapters.cli import command

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
TOOLS = Path(sys.executable).parent


def said(*words: str | Path) -> str:
    """What a tool finds fault with."""
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("hadolint", ["Dockerfile"]),
        ("check-jsonschema", ["--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]),
    ],
)
def test_linters_find_nothing(tool: str, words: list[str], monkeypatch: Any) -> None:
    monkeypatch.chdir(ROOT)
    assert said(TOOLS / tool, *words) == ""


@pytest.mark.parametrize("name", SERVICES)
def test_the_command_line_understands_what_a_service_runs(name: str) -> None:
    words = [re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", word) for word in SERVICES[name]["command"]]
    verb, *rest = words
    context = click.Context(command)
    found = command.get_command(context, verb)
    assert found is not None
    found.make_context(verb, rest)  # an option that is not there is a UsageError


def test_nothing_listens_to_others_on_the_host() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_path_the_image_copies_is_there() -> None:
    text = (ROOT / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )?(.+) \S+$", text, re.MULTILINE)
    paths = [path for group in copied for path in group.split()]
    assert {"web", "strategies", "requirements.image.lock"} <= set(paths)
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_image_has_what_the_lock_says_and_no_more() -> None:
    """The image's lock pins the same versions as the one that the tests run with."""

    def pins(file: str) -> dict[str, str]:
        return dict(
            re.findall(r"^([\w.\[\]-]+)==([^ ;\\]+)", (ROOT / file).read_text(), re.MULTILINE)
        )

    image, full = pins("requirements.image.lock"), pins("requirements.lock")
    assert image.items() <= full.items()
    assert not {"backtrader", "pytest", "playwright"} & image.keys()
