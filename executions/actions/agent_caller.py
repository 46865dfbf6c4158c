"""Who calls with the token of a run: the step that speaks, and its execution, which is all it may touch."""

import uuid
from dataclasses import dataclass

from executions.engine.state import EXECUTION_TERMINAL, AgentRunStatus
from executions.models import AgentRun
from executions.orchestrator.run_token import read_run_token
from teams.actions.refusal import Refusal
from teams.workflow.plan import Plan, PlanStep, plan_from_json

SPEAKING = frozenset({AgentRunStatus.STARTING, AgentRunStatus.RUNNING, AgentRunStatus.UNKNOWN})


class TokenRefused(Refusal):
    """The token is of no run that goes on: nothing more is told, whatever the reason."""

    code = "token_refused"
    status = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A run that goes on, its step and its execution."""

    run_id: uuid.UUID
    attempt: int
    execution_id: uuid.UUID
    step_row_id: uuid.UUID
    step: PlanStep
    plan: Plan

    @property
    def name(self) -> str:
        """The caller as messages and the shared context name it."""
        return f"step:{self.step.id}"


def find_caller(token: str) -> Caller:
    """Return who holds the token. Raises TokenRefused."""
    run_id = read_run_token(token)
    if run_id is not None:
        runs = AgentRun.objects.filter(pk=run_id, status__in=SPEAKING)
        runs = runs.exclude(execution__status__in=EXECUTION_TERMINAL)
        found = runs.values_list(
            "attempt", "execution_id", "step_id", "step__step_id", "execution__plan"
        ).first()
        if found is not None:
            attempt, execution_id, step_row_id, step_id, stored = found
            plan = plan_from_json(stored)
            step = plan.step(step_id)
            if step.tools == "team":
                return Caller(
                    run_id=run_id,
                    attempt=attempt,
                    execution_id=execution_id,
                    step_row_id=step_row_id,
                    step=step,
                    plan=plan,
                )
    raise TokenRefused("This token opens nothing: its run has ended, or it was never one of ours.")
