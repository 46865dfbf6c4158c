"""The chain of steps that made an execution last as long as it did."""

import datetime as dt
from collections.abc import Mapping, Sequence

from executions.timeline.fold import Span


def find_critical_path(
    depends: Mapping[str, Sequence[str]], spans: Mapping[str, Sequence[Span]]
) -> tuple[str, ...]:
    """Return the steps of the chain, first to last; so far, where the execution goes on.

    `depends` holds, for each step, those that it comes after. From the step that was through last, each time
    the one before it that was through last. Steps that took no time (skipped, kept) do not end a chain, but
    are looked through.
    """
    ends = {step_id: found[-1].end for step_id, found in spans.items() if found}
    path: list[str] = []
    current = _last(list(ends), ends)
    while current is not None:
        path.append(current)
        current = _last(_timed_before(current, depends, ends), ends)
    return tuple(reversed(path))


def _last(step_ids: Sequence[str], ends: Mapping[str, dt.datetime]) -> str | None:
    return max(step_ids, key=ends.__getitem__) if step_ids else None


def _timed_before(
    step_id: str, depends: Mapping[str, Sequence[str]], ends: Mapping[str, dt.datetime]
) -> list[str]:
    found: dict[str, None] = {}
    seen: set[str] = set()
    look = list(depends.get(step_id, ()))
    while look:
        before = look.pop()
        if before in seen:
            continue
        seen.add(before)
        if before in ends:
            found[before] = None
        else:
            look.extend(depends.get(before, ()))
    return list(found)
