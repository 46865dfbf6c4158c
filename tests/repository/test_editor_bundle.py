"""The JSON editor is what its source says, and its lock file names no registry."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.repository.messages import ROOT

FRONTEND = ROOT / "frontend"
BUNDLE = ROOT / "static" / "vendor" / "json-editor.min.js"


def test_the_lock_file_pins_every_package_and_names_no_registry() -> None:
    lock = json.loads((FRONTEND / "package-lock.json").read_text())
    asked = json.loads((FRONTEND / "package.json").read_text())
    packages = {name: about for name, about in lock["packages"].items() if name}

    assert packages["node_modules/codemirror"]["version"] == "6.0.2"
    assert all(about["integrity"].startswith("sha512-") for about in packages.values())
    assert not any("resolved" in about for about in packages.values())
    for name, version in {**asked["dependencies"], **asked["devDependencies"]}.items():
        assert packages[f"node_modules/{name}"]["version"] == version


def test_the_bundle_names_no_address_outside() -> None:
    text = BUNDLE.read_text()

    assert "cspNonce" in text
    assert "https://" not in text.replace("https://github.com/", "")
    assert "sourceMappingURL" not in text


@pytest.mark.skipif(
    os.environ.get("RENUM_REBUILD") != "1" or shutil.which("node") is None,
    reason="needs node and its packages: RENUM_REBUILD=1 after `make editor`",
)
def test_the_bundle_is_built_from_its_source(tmp_path: Path) -> None:
    built = tmp_path / "editor.js"
    subprocess.run(["node", "build.mjs", str(built)], cwd=FRONTEND, check=True, timeout=60)

    assert built.read_bytes() == BUNDLE.read_bytes()
