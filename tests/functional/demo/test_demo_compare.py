"""The comparison of Renum's figures with the simulator's ledger: equal is silent, each difference is told."""

import dataclasses
from decimal import Decimal
from typing import Any

import pytest

from renum_site.demo.compare import find_differences
from renum_site.demo.seen import ExecutionSeen, Figures, RunSeen, StepSeen
from renum_site.demo.simulated import Ledger, SimulatedRun
from renum_site.demo.totals import build_totals

FIGURES = Figures(tokens_input=100, tokens_output=20, cost_usd=Decimal("0.001"))


def step(name: str, agent_id: str, **fields: Any) -> StepSeen:
    executed = fields.get("status", "completed") == "completed"
    run = RunSeen(attempt=1, agent_id=agent_id, thread_id=f"thread-{name}", suna_run_id=f"run-{name}")
    filled: dict[str, Any] = {
        "step_id": agent_id,
        "agent_id": agent_id,
        "role": name,
        "status": "completed",
        "code": "",
        "params": {},
        "result_text": "said" if executed else "",
        "started_at": None,
        "finished_at": None,
        "figures": FIGURES if executed else Figures(),
        "runs": (run,) if executed else (),
    }
    return StepSeen(**{**filled, **fields})


CLASSIFIER = step("classifier", "agent-1")
SUPPORT = step("support", "agent-2")
BILLING = step("billing", "agent-3", status="skipped", code="condition_false")
EXECUTION = ExecutionSeen(
    id="1",
    title="Conditional",
    prompt="Help",
    status="completed",
    code="",
    message="",
    answer="said",
    usage_complete=True,
    figures=FIGURES + FIGURES,
    steps=(CLASSIFIER, SUPPORT, BILLING),
)


def simulated(name: str, agent_id: str, **fields: Any) -> SimulatedRun:
    filled = {"starts_of_thread": 1, "tokens_input": 100, "tokens_output": 20, **fields}
    return SimulatedRun(id=f"run-{name}", thread_id=f"thread-{name}", agent_id=agent_id, **filled)


RUNS = (simulated("classifier", "agent-1"), simulated("support", "agent-2"))
LEDGER = Ledger(
    start_requests=("thread-classifier", "thread-support"),
    runs=RUNS,
    starts=2,
    tokens_input=200,
    tokens_output=40,
    is_whole=True,
)


def with_steps(*steps: StepSeen, **fields: Any) -> ExecutionSeen:
    return dataclasses.replace(EXECUTION, steps=steps, **fields)


def with_ledger(**fields: Any) -> Ledger:
    return dataclasses.replace(LEDGER, **fields)


def test_nothing_is_told_when_both_sides_agree() -> None:
    assert find_differences([EXECUTION], LEDGER) == []


@pytest.mark.parametrize("status", ["partial", "failed", "cancelled", "running", "quarantined"])
def test_a_status_other_than_completed_is_told_with_where_it_stood(status: str) -> None:
    told = find_differences([dataclasses.replace(EXECUTION, status=status, message="Because.")], LEDGER)
    where = "(classifier completed, support completed, billing skipped)"
    assert told == [f"Conditional: {status} {where} did not complete: Because."]


def test_a_second_request_to_start_a_step_is_told_even_where_it_made_no_run() -> None:
    requests = (*LEDGER.start_requests, "thread-support")
    told = find_differences([EXECUTION], with_ledger(start_requests=requests))
    made = "the simulator made 1 runs for it out of 2 requests to start; 1 was expected."
    assert told == [f"Conditional, support is completed, but {made}"]


def test_a_second_run_in_a_steps_thread_is_told() -> None:
    doubled = (RUNS[0], dataclasses.replace(RUNS[1], starts_of_thread=2))
    told = find_differences([EXECUTION], with_ledger(runs=doubled))
    assert len(told) == 1
    assert "made 2 runs" in told[0]


def test_a_skipped_step_that_was_started_is_told() -> None:
    started = dataclasses.replace(
        BILLING,
        runs=(RunSeen(attempt=1, agent_id="agent-3", thread_id="thread-billing", suna_run_id="run-billing"),),
        figures=FIGURES,
    )
    execution = with_steps(CLASSIFIER, SUPPORT, started, figures=FIGURES + FIGURES + FIGURES)
    ledger = with_ledger(
        runs=(*RUNS, simulated("billing", "agent-3")),
        start_requests=(*LEDGER.start_requests, "thread-billing"),
        starts=3,
        tokens_input=300,
        tokens_output=60,
    )
    told = find_differences([execution], ledger)
    assert "Conditional, billing is skipped, but the simulator made 1 runs" in told[0]
    assert told[1] == "Renum executed 2 steps, the simulator was started 3 times."


def test_a_run_that_no_step_knows_is_told() -> None:
    told = find_differences([EXECUTION], with_ledger(runs=(*RUNS, simulated("stray", "agent-9"))))
    assert told == ["The simulator ran agent-9 (run run-stray) for no step of these executions."]


def test_a_run_that_the_simulator_never_had_is_told() -> None:
    told = find_differences([EXECUTION], with_ledger(runs=RUNS[:1]))
    assert "Conditional, support: the simulator has no run run-support." in told


def test_another_agent_than_the_steps_is_told() -> None:
    told = find_differences([EXECUTION], with_ledger(runs=(RUNS[0], simulated("support", "agent-7"))))
    assert told == ["Conditional, support: the simulator ran agent-7 instead of agent-2."]


def test_other_tokens_are_told_for_the_step_and_in_all() -> None:
    spent = (RUNS[0], simulated("support", "agent-2", tokens_output=21))
    told = find_differences([EXECUTION], with_ledger(runs=spent, tokens_output=41))
    other = "the simulator 100 tokens in and 21 out"
    assert told == [
        f"Conditional, support: Renum counted 100 tokens in and 20 out, {other}.",
        "In all Renum counted 200 tokens in and 40 out, the simulator 200 tokens in and 41 out.",
    ]


def test_totals_that_are_no_sums_and_usage_that_is_not_whole_are_told() -> None:
    execution = dataclasses.replace(EXECUTION, figures=FIGURES, usage_complete=False)
    told = find_differences([execution], LEDGER)
    assert told[:2] == [
        "Conditional: its usage is not whole.",
        "Conditional: its totals are not the sum of its steps.",
    ]


def test_a_cost_that_differs_by_the_smallest_amount_is_told() -> None:
    more = dataclasses.replace(EXECUTION.figures, cost_usd=Decimal("0.002000000001"))
    told = find_differences([dataclasses.replace(EXECUTION, figures=more)], LEDGER)
    assert told == ["Conditional: its totals are not the sum of its steps."]


def test_a_ledger_that_has_forgotten_is_told() -> None:
    assert find_differences([EXECUTION], with_ledger(is_whole=False)) == [
        "The simulator has forgotten older requests."
    ]


def test_totals_are_kept_by_agent_and_role_and_end_with_the_sum_of_all() -> None:
    rows = build_totals([EXECUTION, EXECUTION])
    assert [(row.name, row.runs, row.figures.tokens_input) for row in rows] == [
        ("agent-1 as classifier", 2, 200),
        ("agent-2 as support", 2, 200),
        ("All", 4, 400),
    ]
    assert rows[-1].figures.cost_usd == Decimal("0.004")
