"""The bundle that is committed is the one its sources make, and what came along is named."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from web.rendering import ASSETS, HERE, assets

if TYPE_CHECKING:
    from pathlib import Path

FRONTEND = HERE / "frontend"


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file()}


def built(into: Path) -> dict[str, bytes]:
    """The bundle made anew from the locked packages, in a folder of its own."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not here: only they can make the bundle anew")
    copy = into / "frontend"
    shutil.copytree(FRONTEND, copy, ignore=shutil.ignore_patterns("node_modules"))
    lock = (copy / "package-lock.json").read_bytes()
    installed = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode:
        pytest.skip(f"the packages cannot be had here: {installed.stderr.strip()[-200:]}")
    subprocess.run(["node", "build.mjs"], cwd=copy, check=True, capture_output=True)
    assert (copy / "package-lock.json").read_bytes() == lock
    return files(into / "static" / "assets")


def test_building_it_anew_gives_the_same_bytes(tmp_path: Path) -> None:
    made = built(tmp_path)
    kept = files(ASSETS)
    assert sorted(made) == sorted(kept), "say `npm run build` in web/frontend"
    assert made == kept


def test_every_file_is_what_the_manifest_says() -> None:
    manifest = json.loads((ASSETS / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest) >= {"base.js", "base.css", "editor.js", "chart.js", "live.js"}
    for name, told in manifest.items():
        content = (ASSETS / told["file"]).read_bytes()
        digest = base64.b64encode(hashlib.sha384(content).digest()).decode()
        assert told["integrity"] == f"sha384-{digest}", name
        assert told["bytes"] == len(content)
        assert assets()[name].url == f"/static/assets/{told['file']}"
    named = {told["file"] for told in manifest.values()}
    others = {"manifest.json", "THIRD_PARTY_LICENSES.txt"}
    assert {file.name for file in ASSETS.iterdir() if file.is_file()} == named | others


def test_the_licences_name_every_package_of_the_bundle() -> None:
    text = (ASSETS / "THIRD_PARTY_LICENSES.txt").read_text(encoding="utf-8")
    packages = json.loads((FRONTEND / "package.json").read_text(encoding="utf-8"))
    bundle = b"".join(file.read_bytes() for file in ASSETS.glob("*.js")).decode()
    assert "TradingView" in text
    for name in packages["dependencies"]:
        if name == "@codemirror/merge" and "cm-merge" not in bundle:
            continue
        assert f"=== {name} " in text, name


def test_nothing_names_where_packages_are_fetched_from() -> None:
    lock = (FRONTEND / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert "registry" not in lock


def test_the_bundle_evaluates_no_text() -> None:
    for file in ASSETS.glob("*.js"):
        assert "sourceMappingURL" not in file.read_text(encoding="utf-8")


@pytest.mark.skipif(os.name != "posix", reason="paths")
def test_the_page_serves_no_source() -> None:
    names = {path.suffix for path in (HERE / "static").rglob("*") if path.is_file()}
    assert names <= {".js", ".css", ".svg", ".json", ".txt", ".woff2"}
