"""The seed of a run of tests that draw: another one each day, given as a figure, and repeatable."""

import datetime as dt
import os


def find_seed() -> int:
    """Return the number of today in the year, or what RENUM_SEED says."""
    return int(os.environ.get("RENUM_SEED") or dt.datetime.now(tz=dt.UTC).strftime("%j"))
