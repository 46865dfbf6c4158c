"""Every act that is written down has words, and no words are left over."""

import re
from pathlib import Path

from teams.wording.audit import ACTS

ROOT = Path(__file__).resolve().parents[3]
SAID = re.compile(r'(?:audited|record)\(\s*"(\w+)"')


def test_every_act_in_the_code_has_words_and_no_words_are_left_over() -> None:
    sources = [path for app in ("teams", "billing", "executions") for path in (ROOT / app).rglob("*.py")]
    written = {act for path in sources for act in SAID.findall(path.read_text())}
    told = set(re.findall(r': "(\w+)",', (ROOT / "teams/actions/audit_signals.py").read_text()))
    used = set(re.findall(r'act="(\w+)"', (ROOT / "teams/actions/audit.py").read_text()))

    assert len(written) > 30
    assert written | told | used == set(ACTS)
