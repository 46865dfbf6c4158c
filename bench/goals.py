"""What the reviews and lists must hold at their full sizes, in milliseconds."""

from collections.abc import Mapping

from bench.costs import PAGES, STAFF_PAGES
from bench.lists import LISTS

GOALS: Mapping[str, float] = {
    **{f"costs_{name}_ms": 1000 for name in PAGES},
    **{f"review_{name}_ms": 1000 for name in STAFF_PAGES},
    "costs_written_rows_seen_ms": 5000,
    **{f"list_{name}_ms": 200 for name in LISTS},
}


def missed_goals(figures: Mapping[str, float | None]) -> list[str]:
    """Return a sentence for each figure that is above its goal, or not there."""
    found = []
    for name, most in GOALS.items():
        value = figures.get(name)
        if value is None:
            found.append(f"{name} was not measured; the goal is {most:g} at most.")
        elif value > most:
            found.append(f"{name} is {value:.0f}; the goal is {most:g} at most.")
    return found
