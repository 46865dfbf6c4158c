"""The sums at the end: each agent in each of its roles over all executions, and all together. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from renum_site.demo.seen import ExecutionSeen, Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalRow:
    """One line of the closing table. `runs` counts the steps that were executed."""

    name: str
    runs: int
    figures: Figures


def build_totals(executions: Sequence[ExecutionSeen]) -> list[TotalRow]:
    """Return a row for each agent and role that was executed, in order of appearance, and the sum last."""
    rows: dict[tuple[str, str], TotalRow] = {}
    for execution in executions:
        for step in execution.steps:
            if step.runs or step.figures != Figures():
                key = (step.agent_id, step.name)
                earlier = rows.get(
                    key, TotalRow(name=f"{step.agent_id} as {step.name}", runs=0, figures=Figures())
                )
                rows[key] = TotalRow(
                    name=earlier.name,
                    runs=earlier.runs + len(step.runs),
                    figures=earlier.figures + step.figures,
                )
    total = sum((execution.figures for execution in executions), Figures())
    return [*rows.values(), TotalRow(name="All", runs=sum(row.runs for row in rows.values()), figures=total)]
