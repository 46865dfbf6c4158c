"""What an execution's cost was to be expected to be before it began, to stand beside what it came to."""

from executions.actions.estimate_run import Money, estimate_run
from executions.actions.run_history import find_run_history, find_usual_cost
from executions.engine.foresight import foresee
from executions.engine.state import EXECUTION_TERMINAL
from executions.models import Execution
from teams.models import Agent
from teams.workflow.plan import Plan, plan_from_json


def find_expected_cost(execution: Execution) -> Money | None:
    """Return it as a plan of that moment told: by the runs before, else by steps, prompts and prices.

    The models of agents are those that the catalogue has now. None where there was no ground for an estimate,
    for what is not over, and for a retry, which ran a part only.
    """
    if execution.status not in EXECUTION_TERMINAL or execution.retried_from_id is not None:
        return None
    team_id, version_id = execution.team_id, execution.workflow_version_id
    past = find_usual_cost(team_id=team_id, version_id=version_id, before=execution.pk)
    if past is not None:
        return Money(median=past.median, p90=past.p90, basis="history", samples=past.samples)
    plan = plan_from_json(execution.plan)
    estimates = estimate_run(
        plan=plan,
        foreseen=foresee(plan, execution.initial_prompt),
        models=_models_of(plan, execution),
        history=find_run_history(team_id=team_id, version_id=version_id, before=execution.pk),
        now=execution.created_at,
    )
    return estimates.whole.cost


def _models_of(plan: Plan, execution: Execution) -> dict[str, str]:
    rows = Agent.objects.filter(
        connection=execution.connection_id, agent_id__in={step.agent_id for step in plan.steps}
    )
    known = dict(rows.values_list("agent_id", "model_name"))
    named = {step.id: step.model_name or known.get(step.agent_id, "") for step in plan.steps}
    return {step_id: model for step_id, model in named.items() if model}
