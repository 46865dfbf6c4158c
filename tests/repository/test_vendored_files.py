"""Code of others is what its table says it is."""

import hashlib
import re
from pathlib import Path

import pytest

from tests.repository.messages import ROOT

FOLDERS = [ROOT / "static" / "vendor", ROOT / "tests" / "data" / "axe"]
ROW = re.compile(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", re.MULTILINE)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_vendored_file_has_the_checksum_of_the_table_and_its_licence_beside_it(folder: Path) -> None:
    table = dict(ROW.findall((folder / "README.md").read_text()))
    code = {path.name for path in folder.iterdir() if path.suffix in (".js", ".css")}

    assert code == set(table)
    for name, checksum in table.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == checksum, name
        stem = name.removesuffix(".js").removesuffix(".css").removesuffix(".min")
        assert list(folder.glob(f"{stem}.LICENSE*")), name
