"""Whether steps started in the order that their plans ask for: the one check that SQL cannot make."""

import datetime as dt
from collections.abc import Iterator

import msgspec
from django.db.models import Prefetch

from executions.models import Execution, ExecutionStep
from executions.upkeep.checks import PLAN_UNREADABLE, STARTED_TOO_EARLY, Check
from teams.workflow.plan import Plan, plan_from_json

EXECUTIONS_AT_ONCE = 500


def find_disorder(*, since: dt.datetime | None) -> Iterator[tuple[Check, str]]:
    """Yield each breach with its check; executions are read in batches, so that any number of them fits."""
    steps = ExecutionStep.objects.only(
        "execution_id", "step_id", "started_at", "finished_at", "reused_from_id"
    )
    executions = Execution.objects.only("id", "plan").prefetch_related(Prefetch("steps", queryset=steps))
    if since is not None:
        executions = executions.filter(created_at__gte=since)
    for execution in executions.order_by("id").iterator(chunk_size=EXECUTIONS_AT_ONCE):
        rows = {step.step_id: step for step in execution.steps.all()}
        try:
            plan = plan_from_json(execution.plan)
        except msgspec.ValidationError:
            yield PLAN_UNREADABLE, str(execution.id)
            continue
        if rows.keys() != {step.id for step in plan.steps}:
            yield PLAN_UNREADABLE, str(execution.id)
            continue
        for step_id in _started_too_early(plan, rows):
            yield STARTED_TOO_EARLY, f"{execution.id} {step_id}"


def _started_too_early(plan: Plan, rows: dict[str, ExecutionStep]) -> Iterator[str]:
    for planned in plan.steps:
        row = rows[planned.id]
        # A reused step keeps the times of the execution that it comes from; "any" waits for one only.
        if row.started_at is None or row.reused_from_id is not None or planned.join == "any_success":
            continue
        ends = [rows[name].finished_at for name in planned.depends]
        if any(end is None or end > row.started_at for end in ends):
            yield planned.id
