"""docs/reliability.md names tests: each of them is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_test_that_the_promises_name_exists():
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", text))

    assert len(named) > 15
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []
