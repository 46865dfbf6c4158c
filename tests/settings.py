"""Renum's settings over a database and a Redis database that belong to this test run alone.

A run takes the first free slot of the working tree, so several runs can go on beside each other. The slot is
a locked file: it is free again when the process is gone, however it went.
"""

import fcntl
import os
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

BASE_DIR = Path(__file__).resolve().parent.parent
SLOTS = 15

# A developer's .env must not decide whether a test passes.
os.environ["RENUM_ENV_FILE"] = ""
for name in ("SUNA_BASE_URL", "SUNA_API_KEY", "SUNA_BEARER_TOKEN", "SUNA_PROFILE", "Q_CLUSTER_NAME", "DEBUG"):
    os.environ.pop(name, None)
# Tests start hundreds of processes, and each would compile all that it imports: 4.3 s of CPU instead of 1.5.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Loads of a thousand executions belong to one person. What the limit does has tests of its own.
os.environ |= {"RENUM_MAX_QUEUED": "10000", "RENUM_MAX_QUEUED_SITE": "100000"}
for _kind in ("READS", "WRITES", "STARTS"):
    os.environ[f"RENUM_{_kind}_PER_MINUTE"] = "1000000"
# People's own connections lead to simulators on this machine. What is refused has tests of its own.
os.environ["RENUM_SUNA_ALLOWED_HOSTS"] = "127.0.0.1"

from renum_site.embedded.command import find_external  # noqa: E402
from renum_site.embedded.lifecycle import start_services  # noqa: E402
from renum_site.embedded.state import read_address  # noqa: E402
from renum_site.env import Env  # noqa: E402


def _take_slot(folder: Path) -> tuple[int, int]:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, SLOTS + 1):
        lock = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        return number, lock
    msg = f"All {SLOTS} test slots are taken: other test runs are under way."
    raise RuntimeError(msg)


_var = Env(os.environ).folder("RENUM_VAR_DIR", default=BASE_DIR / "var")
TEST_SLOT, _slot_lock = _take_slot(_var / "test-slots")
start_services(var=_var, external=find_external(os.environ))

# Given from outside, or embedded: from here on both have an address, and the test run's own part of it.
_postgres, _redis = read_address(_var, "postgres"), read_address(_var, "redis")
_database_url = os.environ.get("DATABASE_URL") or (_postgres.postgres_url() if _postgres else "")
_redis_url = os.environ.get("REDIS_URL") or (_redis.redis_url() if _redis else "")
os.environ["DATABASE_URL"] = _database_url
os.environ["REDIS_URL"] = urlunsplit(urlsplit(_redis_url)._replace(path=f"/{TEST_SLOT}"))
os.environ["RENUM_TEST_DATABASE"] = f"test_renum_{TEST_SLOT}"

from renum_site.settings import *  # noqa: E402, F403
from renum_site.settings import DATABASES  # noqa: E402

# Hashing a password for each fixture would cost more than most tests.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TEST_DATABASE_URL = urlunsplit(
    urlsplit(_database_url)._replace(path=f"/{DATABASES['default']['TEST']['NAME']}")
)
