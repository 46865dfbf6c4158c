"""How many steps of a plan may run at once: the most that its order allows, not what is likely.

That is the largest set of steps of which none waits for another (Dilworth 1950: by a matching of the pairs
that wait). It is exact but for two things, by both of which it can only be too large: routes that exclude
each other count as if all were taken, and where more than MAX_CHOICES combinations of "any_success" joins are
possible, none of their dependencies is taken to hold anything up.
"""

import itertools
import math
from collections.abc import Collection, Iterator, Mapping

from teams.workflow.plan import Plan

MAX_CHOICES = 256

Waits = Mapping[str, Collection[str]]
"""For each step the steps that are over before it begins."""


def most_at_once(plan: Plan) -> int:
    """Return the largest number of steps that may run at once, `limits.max_parallel` counted."""
    width = max((_largest_free_set(waits) for waits in _orders(plan)), default=0)
    return width if plan.max_parallel is None else min(width, plan.max_parallel)


def _orders(plan: Plan) -> Iterator[Waits]:
    """Yield each order in which the steps may come.

    A step that joins by any_success begins when one of its dependencies is over, whichever that is.
    """
    waits = {step.id: set(step.depends) for step in plan.steps}
    eager = [step.id for step in plan.steps if step.join == "any_success" and len(step.depends) > 1]
    if math.prod(len(waits[step_id]) for step_id in eager) > MAX_CHOICES:
        yield {step_id: set() if step_id in eager else before for step_id, before in waits.items()}
        return
    for first_over in itertools.product(*(sorted(waits[step_id]) for step_id in eager)):
        yield waits | {step_id: {first} for step_id, first in zip(eager, first_over, strict=True)}


def _largest_free_set(waits: Waits) -> int:
    """Return the size of the largest set of which no step waits for another; the order holds no circle."""
    before = _all_before(waits)
    taken_by: dict[str, str] = {}
    pairs = sum(_find_partner(step_id, before, taken_by, set()) for step_id in waits)
    return len(waits) - pairs


def _all_before(waits: Waits) -> dict[str, set[str]]:
    """Return for each step every step that is over before it begins."""
    before: dict[str, set[str]] = {}
    for step_id in waits:
        seen: set[str] = set()
        open_steps = list(waits[step_id])
        while open_steps:
            other = open_steps.pop()
            if other not in seen:
                seen.add(other)
                open_steps.extend(waits[other])
        before[step_id] = seen
    return before


def _find_partner(
    step_id: str, before: Mapping[str, set[str]], taken_by: dict[str, str], seen: set[str]
) -> bool:
    """Give a step one of those before it, moving others on where they can be; at most as deep as steps."""
    for other in before[step_id] - seen:
        seen.add(other)
        if other not in taken_by or _find_partner(taken_by[other], before, taken_by, seen):
            taken_by[other] = step_id
            return True
    return False
