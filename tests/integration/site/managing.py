"""`manage.py` as a process of its own, with no settings but those that a test gives it."""

import os
import subprocess
import sys
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[3]
PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "8Zk3vTq0XnLr5WbYc7HdJmPs2FgUeAa9RxKtNwQyVhBzCi4D1o",
    "RENUM_ENCRYPTION_KEYS": "one-key-that-is-long-enough-for-anybody-1234567890",
    "ALLOWED_HOSTS": "renum.example.org",
    "DATABASE_URL": "postgresql://renum:password@db.example.org/renum?sslmode=verify-full",
    "REDIS_URL": "rediss://:password@redis.example.org:6379/0",
    "SUNA_BASE_URL": "https://suna.example.org/api",
}


def manage(*args: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", *args],
        cwd=BASE_DIR,
        env={"PATH": os.defpath, "HOME": os.environ.get("HOME", "/"), "RENUM_ENV_FILE": "", **env},
        capture_output=True,
        text=True,
        timeout=60,
    )
