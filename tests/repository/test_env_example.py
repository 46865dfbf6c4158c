""".env.example names every setting, and only settings."""

import re
from pathlib import Path

from django.conf import settings

BASE_DIR = Path(__file__).resolve().parents[2]
# Read by tests and by the launcher; nobody deploys with them. Q_CLUSTER_NAME is set for each process.
NOT_FOR_DEPLOYMENTS = {
    "RENUM_ENV_FILE", "RENUM_BROWSER_TESTS", "SUNA_CONTRACT_URL", "RENUM_TEST_DATABASE", "Q_CLUSTER_NAME",
}  # fmt: skip


def test_the_example_names_every_setting_and_nothing_else() -> None:
    text = (BASE_DIR / ".env.example").read_text()
    named = re.findall(r"^#([A-Z][A-Z0-9_]+)=", text, re.MULTILINE)
    assert len(named) == len(set(named))
    assert set(named) == settings.SETTING_NAMES - NOT_FOR_DEPLOYMENTS
