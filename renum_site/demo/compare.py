"""Whether what Renum tells agrees with what the simulated Suna did. Pure: both sides come as values."""

from collections import Counter
from collections.abc import Iterator, Sequence

from renum_site.demo.seen import ExecutionSeen, Figures, StepSeen
from renum_site.demo.simulated import Ledger, SimulatedRun


def find_differences(executions: Sequence[ExecutionSeen], ledger: Ledger) -> list[str]:
    """Return every difference in a sentence; none where all is well.

    One start for each executed step, none for a skipped one, no run that no step knows, and the same tokens
    for each step, for each execution and in all.
    """
    by_id = {run.id: run for run in ledger.runs}
    requests = Counter(ledger.start_requests)
    found: list[str] = [] if ledger.is_whole else ["The simulator has forgotten older requests."]
    known: set[str] = set()
    for execution in executions:
        found.extend(find_wrong_ends(execution))
        for step in execution.steps:
            found.extend(_compare_starts(execution, step, by_id, requests))
            found.extend(_compare_tokens(execution, step, by_id))
            known.update(run.suna_run_id for run in step.runs if run.suna_run_id)
    found.extend(
        f"The simulator ran {run.agent_id} (run {run.id}) for no step of these executions."
        for run in ledger.runs
        if run.id not in known
    )
    return found + list(_compare_totals(executions, ledger))


def find_wrong_ends(execution: ExecutionSeen) -> Iterator[str]:
    """Yield what is wrong with one execution by itself: its status, and totals that are no sums."""
    if execution.status != "completed":
        why = execution.message or execution.code or "no reason given"
        yield f"{execution.where()} did not complete: {why}"
    elif not execution.usage_complete:
        yield f"{execution.title}: its usage is not whole."
    total = sum((step.figures for step in execution.steps), Figures())
    if total != execution.figures:
        yield f"{execution.title}: its totals are not the sum of its steps."


def _compare_starts(
    execution: ExecutionSeen, step: StepSeen, by_id: dict[str, SimulatedRun], requests: Counter[str]
) -> Iterator[str]:
    place = f"{execution.title}, {step.name}"
    wanted = 1 if step.status == "completed" else 0 if step.status == "skipped" else None
    started = [by_id[run.suna_run_id] for run in step.runs if run.suna_run_id in by_id]
    asked = sum(requests[run.thread_id] for run in step.runs if run.thread_id)
    made = sum(run.starts_of_thread for run in started)
    if wanted is not None and (made, asked) != (wanted, wanted):
        yield (
            f"{place} is {step.status}, but the simulator made {made} runs for it out of {asked} requests "
            f"to start; {wanted} was expected."
        )
    lost = [run.suna_run_id for run in step.runs if run.suna_run_id and run.suna_run_id not in by_id]
    if lost:
        yield f"{place}: the simulator has no run {', '.join(lost)}."
    yield from (
        f"{place}: the simulator ran {run.agent_id} instead of {step.agent_id}."
        for run in started
        if run.agent_id != step.agent_id
    )


def _compare_tokens(
    execution: ExecutionSeen, step: StepSeen, by_id: dict[str, SimulatedRun]
) -> Iterator[str]:
    runs = [by_id[run.suna_run_id] for run in step.runs if run.suna_run_id in by_id]
    spent = (sum(run.tokens_input for run in runs), sum(run.tokens_output for run in runs))
    told = (step.figures.tokens_input, step.figures.tokens_output)
    if spent != told:
        place = f"{execution.title}, {step.name}"
        yield f"{place}: Renum counted {_tokens(told)}, the simulator {_tokens(spent)}."


def _compare_totals(executions: Sequence[ExecutionSeen], ledger: Ledger) -> Iterator[str]:
    total = sum((execution.figures for execution in executions), Figures())
    told, spent = (total.tokens_input, total.tokens_output), (ledger.tokens_input, ledger.tokens_output)
    if told != spent:
        yield f"In all Renum counted {_tokens(told)}, the simulator {_tokens(spent)}."
    executed = sum(step.status == "completed" for execution in executions for step in execution.steps)
    if ledger.starts != executed:
        yield f"Renum executed {executed} steps, the simulator was started {ledger.starts} times."


def _tokens(counts: tuple[int, int]) -> str:
    return f"{counts[0]} tokens in and {counts[1]} out"
