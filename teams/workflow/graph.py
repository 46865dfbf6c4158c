"""The graph of a definition: what each step waits for, circles, groups closed by an else, ends.

Works on ids of steps; knows nothing of JSON. Everything is iterative: a chain may be as long as the document.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence

from teams.workflow.definition import StepDefinition
from teams.workflow.problems import Findings

Edges = Mapping[str, Collection[str]]
"""For each step, in document order, the steps that it waits for."""


def chain_edges(ids: Sequence[str], named: Edges) -> dict[str, tuple[str, ...]]:
    """Return the edges of a chain: the step before, and whatever is named."""
    order = {step_id: position for position, step_id in enumerate(ids)}
    edges: dict[str, tuple[str, ...]] = {}
    for position, step_id in enumerate(ids):
        before = {ids[position - 1]} if position else set()
        edges[step_id] = tuple(sorted(before | set(named[step_id]), key=order.__getitem__))
    return edges


def graph_edges(ids: Sequence[str], named: Edges) -> dict[str, tuple[str, ...]]:
    """Return the edges of every other type: exactly what is named."""
    order = {step_id: position for position, step_id in enumerate(ids)}
    return {step_id: tuple(sorted(named[step_id], key=order.__getitem__)) for step_id in ids}


def else_groups(steps: Iterable[StepDefinition], findings: Findings) -> dict[int, tuple[str, ...]]:
    """Return, by the position of each else, the ids of its group; an else without a group is refused."""
    groups: dict[int, tuple[str, ...]] = {}
    members: list[str] = []
    since_last = 0
    for position, step in enumerate(steps):
        if step.conditions == "else":
            if not since_last:
                findings.refuse(
                    (*step.at, "conditions"),
                    "else_without_group",
                    'No step with conditions stands before this "else". '
                    "Move it below the steps whose rest it takes, or remove it.",
                )
            groups[position] = tuple(members)
            members, since_last = [], 0
        elif step.conditions is not None:
            since_last += 1
            if step.id is not None:
                members.append(step.id)
    return groups


def find_cycles(edges: Edges) -> list[list[str]]:
    """Return one shortest circle for each knot of steps that wait for one another.

    Each begins and ends with its first step in document order.
    """
    cycles: list[list[str]] = []
    tangled: set[str] = set()
    # Most graphs hold no circle: what sorts is put aside first, in linear time.
    for step_id in _unsortable(edges):
        if step_id in tangled:
            continue
        circle = _shortest_circle(step_id, edges)
        if circle:
            cycles.append(circle)
            tangled |= _knot(step_id, edges)
    return cycles


def ends(edges: Edges) -> tuple[str, ...]:
    """Return the steps on which no other depends, in document order."""
    awaited = {other for others in edges.values() for other in others}
    return tuple(step_id for step_id in edges if step_id not in awaited)


def _unsortable(edges: Edges) -> list[str]:
    """Return the steps that are in a circle or wait for one, in document order."""
    missing = {step_id: len(set(others)) for step_id, others in edges.items()}
    waiting_for = _backwards(edges)
    ready = [step_id for step_id, count in missing.items() if not count]
    while ready:
        done = ready.pop()
        for step_id in waiting_for[done]:
            missing[step_id] -= 1
            if not missing[step_id]:
                ready.append(step_id)
    return [step_id for step_id, count in missing.items() if count]


def _backwards(edges: Edges) -> dict[str, list[str]]:
    backwards: dict[str, list[str]] = {step_id: [] for step_id in edges}
    for step_id, others in edges.items():
        for other in set(others):
            backwards[other].append(step_id)
    return backwards


def _shortest_circle(start: str, edges: Edges) -> list[str] | None:
    came_from: dict[str, str] = {}
    waiting = deque([start])
    while waiting:
        step_id = waiting.popleft()
        for other in edges[step_id]:
            if other == start:
                return _trail(start, step_id, came_from)
            if other not in came_from:
                came_from[other] = step_id
                waiting.append(other)
    return None


def _trail(start: str, last: str, came_from: Mapping[str, str]) -> list[str]:
    """Return the way from `start` to `last` and back to `start`."""
    trail = [start, last]
    while trail[-1] != start:
        trail.append(came_from[trail[-1]])
    return trail[::-1]


def _knot(start: str, edges: Edges) -> set[str]:
    """Return the steps that `start` waits for and that wait for it, itself included."""
    return _reached(start, edges) & _reached(start, _backwards(edges))


def _reached(start: str, edges: Edges) -> set[str]:
    seen = {start}
    waiting = [start]
    while waiting:
        fresh = set(edges[waiting.pop()]) - seen
        seen |= fresh
        waiting.extend(fresh)
    return seen
