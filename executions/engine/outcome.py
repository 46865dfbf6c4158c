"""How an execution ended and what its answer is, once every step is final (language, section 8)."""

import json
from dataclasses import dataclass

from executions.engine.decisions import FinishExecution
from executions.engine.paths import MISSING, view_of
from executions.engine.state import ExecutionState, ExecutionStatus, StepState, StepStatus
from teams.workflow.plan import Json, Output, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer as a value and as text; `missing` names the outputs whose path had no value."""

    value: Json
    text: str
    missing: tuple[str, ...] = ()


def build_finish(plan: Plan, state: ExecutionState) -> FinishExecution:
    """Return the end of an execution all of whose steps are final."""
    status, code = final_status(plan, state)
    answer = build_answer(plan, state)
    return FinishExecution(
        status=status, code=code, answer=answer.value, answer_text=answer.text, missing=answer.missing
    )


def final_status(plan: Plan, state: ExecutionState) -> tuple[ExecutionStatus, str | None]:
    """Return status and code; of the table's rows, the first that holds."""
    steps = [state.steps[step.id] for step in plan.steps]
    one_failed = any(step.status is StepStatus.FAILED for step in steps)
    one_output = any(state.steps[name].status is StepStatus.COMPLETED for name in plan.output_steps)
    if state.cancel_requested:
        return ExecutionStatus.CANCELLED, None
    if state.ended_by is not None:
        return ExecutionStatus.FAILED, state.ended_by
    if one_failed and not one_output:
        return ExecutionStatus.FAILED, "no_output"
    if not one_output and any(step.undecidable for step in steps):
        return ExecutionStatus.FAILED, "condition_undecidable"
    if one_failed:
        return ExecutionStatus.PARTIAL, None
    return ExecutionStatus.COMPLETED, None if one_output else "no_branch_taken"


def build_answer(plan: Plan, state: ExecutionState) -> Answer:
    """Return the answer as far as the execution went; its status does not matter here."""
    if plan.output is not None:
        return _resolve_outputs(plan, state, plan.output)
    if plan.chain:
        for step in reversed(plan.steps):
            stands = state.steps[step.id]
            if stands.status is StepStatus.COMPLETED:
                return Answer(value=_result(stands), text=written_result(stands))
        return Answer(value=None, text="")
    value: dict[str, Json] = {}
    texts: list[str] = []
    for name in plan.output_steps:
        stands = state.steps[name]
        if stands.status is StepStatus.COMPLETED:
            value[name] = _result(stands)
            texts.append(f"{plan.step(name).role or name}:\n{written_result(stands)}")
    return Answer(value=value, text="\n\n".join(texts))


def written_result(step: StepState) -> str:
    """Return a completed step's result as text: what the agent wrote, else its data as JSON."""
    return written(step.data) if step.text is None else step.text


def written(value: Json) -> str:
    """Return a value as text: a string as it stands, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _result(step: StepState) -> dict[str, Json]:
    return {"text": step.text, "data": step.data}


def _resolve_outputs(plan: Plan, state: ExecutionState, outputs: tuple[Output, ...]) -> Answer:
    view = view_of(plan, state)
    value: dict[str, Json] = {}
    missing: list[str] = []
    for output in outputs:
        found = view.resolve(output.path)
        step = state.steps.get(output.path.step or "")
        # A step that has no result has an empty text and data, which is worth a note as well.
        is_void = found is None and step is not None and step.status is not StepStatus.COMPLETED
        if found is MISSING or is_void:
            missing.append(output.name)
        value[output.name] = None if found is MISSING else found
    there = {name: found for name, found in value.items() if found is not None}
    if len(outputs) == 1:
        text = "".join(written(found) for found in there.values())
    else:
        text = "\n\n".join(f"{name}:\n{written(found)}" for name, found in there.items())
    return Answer(value=value, text=text, missing=tuple(missing))
