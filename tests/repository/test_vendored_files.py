"""Code of others is what its table says it is."""

import hashlib
import re

from tests.repository.messages import ROOT

VENDOR = ROOT / "static" / "vendor"
ROW = re.compile(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", re.MULTILINE)


def test_every_vendored_file_has_the_checksum_of_the_table_and_its_licence_beside_it() -> None:
    table = dict(ROW.findall((VENDOR / "README.md").read_text()))
    code = {path.name for path in VENDOR.iterdir() if path.suffix in (".js", ".css")}

    assert code == set(table)
    for name, checksum in table.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == checksum, name
        stem = name.removesuffix(".js").removesuffix(".css").removesuffix(".min")
        assert list(VENDOR.glob(f"{stem}.LICENSE*")), name
