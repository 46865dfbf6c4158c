"""What the two verbs on a start in doubt share: the rights, the refusals, and the writing of the decision.

Such a start was sent to a Suna that makes the thread with it, and its answer is lost: only a person who looks
there can know. The decision is written onto the run, with its event; the execution's driver obeys.
"""

from django.db import transaction

from executions.actions.execution_rights import check_may_change, check_under_way
from executions.engine.state import AgentRunStatus, StartDecision
from executions.models import AgentRun, Execution, ExecutionStep
from executions.orchestrator.append import append_events
from executions.orchestrator.changes import Event
from executions.orchestrator.unknown_start import START_UNKNOWN
from executions.orchestrator.wake import wake_drivers_on_commit
from teams.actions.refusal import Refusal
from teams.models import User


class StartNotInDoubt(Refusal):
    """The step does not wait for a person to say what became of its start."""

    code = "start_not_in_doubt"


class StartDecided(Refusal):
    """Somebody has decided otherwise already."""

    code = "start_decided"


def is_in_doubt(step: ExecutionStep) -> bool:
    """Whether a step waits for a person to say what became of its start."""
    return step.status == "start_uncertain" and step.code == START_UNKNOWN


def decide_start(
    *, execution: Execution, step_id: str, decision: StartDecision, kind: str, by: User, as_staff: bool
) -> Execution:
    """Write the decision with the event `kind`; the same decision again changes nothing.

    Raises NotAllowed for less than an operator, AlreadyOver, Cancelling, StartNotInDoubt, StartDecided. With
    `as_staff`, the right to change executions counts instead of the role.
    """
    check_may_change(by, execution, as_staff=as_staff)
    with transaction.atomic():
        # The execution's row before the run's, as drivers lock them.
        Execution.objects.select_for_update(no_key=True).only("pk").filter(pk=execution.pk).first()
        execution.refresh_from_db(fields=["status", "cancel_requested_at"])
        check_under_way(execution)
        step = ExecutionStep.objects.filter(execution=execution, step_id=step_id).first()
        run = None if step is None or not is_in_doubt(step) else _find_run(step)
        if step is None or run is None:
            raise StartNotInDoubt("The step does not wait for a decision about its start.")
        if run.start_decision not in ("", decision):
            raise StartDecided("Somebody has decided otherwise already.")
        if not run.start_decision:
            AgentRun.objects.filter(pk=run.pk).update(start_decision=decision)
            Execution.objects.filter(pk=execution.pk).update(at_rest=False)
            data = {"attempt": run.attempt}
            append_events(execution.pk, [Event(kind=kind, step_id=step_id, data=data, actor=f"user:{by.pk}")])
            wake_drivers_on_commit(execution.pk)
    execution.refresh_from_db()
    return execution


def _find_run(step: ExecutionStep) -> AgentRun | None:
    return AgentRun.objects.filter(step=step, status=AgentRunStatus.STARTING, suna_run_id=None).first()
