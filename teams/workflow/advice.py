"""Warnings: definitions that are accepted, but may not do what their author wants."""

import itertools
from collections.abc import Collection

from teams.workflow.compiling import Compiled
from teams.workflow.definition import GRAPH_TYPES, Definition, StepDefinition
from teams.workflow.problems import Findings, excerpt
from teams.workflow.width import most_at_once


def warn_unknown_agents(definition: Definition, known: Collection[str], findings: Findings) -> None:
    """Warn of agents that the catalogue does not hold."""
    for step in definition.steps:
        if step.agent_id is not None and step.agent_id not in known:
            findings.warn(
                (*step.at, "agent_id"),
                "unknown_agent",
                f"The agent {excerpt(step.agent_id)} is not in the catalogue. "
                "Check the id, or synchronise the agents of the connection.",
                agent_id=step.agent_id,
            )


def warn_not_exhaustive(definition: Definition, findings: Findings) -> None:
    """Warn of routes that no else closes: where none matches, nothing is done."""
    if definition.type not in GRAPH_TYPES:
        return
    open_group: list[StepDefinition] = []
    for step in definition.steps:
        if step.conditions == "else":
            open_group = []
        elif step.conditions is not None:
            open_group.append(step)
    if open_group:
        findings.warn(
            (*open_group[-1].at, "conditions"),
            "not_exhaustive",
            "Where none of these conditions holds, no route is taken. "
            'Add a step with "conditions": "else" after them.',
            steps=[step.id for step in open_group],
        )


def warn_width(definition: Definition, compiled: Compiled, limit: int, findings: Findings) -> None:
    """Warn where more steps may run at once than the connection allows: the others will wait."""
    width = most_at_once(compiled.plan)
    if width > limit:
        findings.warn(
            ("limits", "max_parallel") if definition.max_parallel is not None else ("agents",),
            "wider_than_connection",
            f"Up to {width} steps may run at once and the connection allows {limit}; the others wait. "
            f"Set limits.max_parallel to {limit}, or raise the connection's limit.",
            width=width,
            limit=limit,
        )


def warn_unused(definition: Definition, compiled: Compiled, findings: Findings) -> None:
    """Warn of steps whose result goes nowhere: no step names it, no default input or output takes it."""
    used = set(compiled.plan.output_steps) | compiled.named
    for before, after in itertools.pairwise(compiled.plan.steps):
        if after.sources is None:
            used.add(before.id)
    for step in definition.steps:
        if step.id not in used:
            findings.warn(
                step.at,
                "unused_result",
                f"Nothing uses the result of {excerpt(step.id or '')}. "
                'Name it in an input or in "output", or remove the step.',
                step=step.id,
            )
