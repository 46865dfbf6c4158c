"""What a run submits as its step's result, judged at once and not when the run is over."""

from django.db import transaction

from executions.actions.agent_caller import SPEAKING, Caller, TokenRefused
from executions.engine.output_schema import find_violation
from executions.engine.results import MAX_DATA_BYTES, read_result
from executions.models import AgentRun, Execution
from executions.orchestrator.append import append_events
from executions.orchestrator.changes import Event
from teams.actions.refusal import input_problem
from teams.workflow.plan import Json


def submit_result(caller: Caller, *, value: Json) -> None:
    """Keep the value as the data of the step's result; a later one takes its place until the run is over.

    Raises InvalidInput for what is no object or array, is too large or too deep, or breaks the step's schema,
    and TokenRefused where the run ended meanwhile.
    """
    _text, data = read_result(None, value)
    if data is None:
        words = f"A result is a JSON object or array, at most 32 levels deep and {MAX_DATA_BYTES} bytes long."
        raise input_problem("/value", "wrong_type", words)
    schema = caller.step.output_schema
    violation = None if schema is None else find_violation(schema, data)
    if violation is not None:
        raise input_problem(f"/value{violation.pointer}", "breaks_schema", violation.message)
    with transaction.atomic():
        # The execution's row first, as the drivers lock it.
        Execution.objects.select_for_update(no_key=True).filter(pk=caller.execution_id).only("pk").first()
        kept = AgentRun.objects.filter(pk=caller.run_id, status__in=SPEAKING).update(submitted=data)
        if not kept:
            raise TokenRefused("The run has ended.")
        append_events(caller.execution_id, [Event(kind="result_submitted", step_id=caller.step.id)])
