"""The seed of a run of tests that draw: another one each day, printed, and repeatable."""

import datetime as dt
import os


def find_seed() -> int:
    """Return today's date as a number, or what RENUM_SEED says."""
    seed = int(os.environ.get("RENUM_SEED") or dt.datetime.now(tz=dt.UTC).strftime("%Y%m%d"))
    print(f"RENUM_SEED={seed}")
    return seed
