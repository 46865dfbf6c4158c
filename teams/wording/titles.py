"""What a reader knows a step by."""

from collections.abc import Sequence

from teams.workflow.plan import PlanStep


def step_titles(steps: Sequence[PlanStep]) -> dict[str, str]:
    """Return what a reader knows each step by: its role, with its id where two have the same role."""
    roles = [step.role for step in steps]
    titles: dict[str, str] = {}
    for step in steps:
        role = (step.role or "").strip()
        titles[step.id] = (
            step.id if not role else role if roles.count(step.role) == 1 else f"{role} ({step.id})"
        )
    return titles
