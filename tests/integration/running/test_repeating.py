"""Retry and run again with drivers: what stands is not started again and costs nothing; the rest runs."""

import json
from decimal import Decimal

from billing.models import UsageLog
from executions.actions.cancel_execution import cancel_execution
from executions.actions.retry_execution import retry_execution
from executions.actions.run_again_execution import run_again_execution
from executions.models import Execution
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum, wait_until


def agent(number: int, **told: object) -> dict[str, object]:
    directive = {"tokens": [100 * number, 10], "model": "openai/gpt-4o", **told}
    return {
        "id": f"s{number}",
        "agent_id": f"agent-{number}",
        "role": f"worker {number}",
        "instructions": f"@@sim{json.dumps(directive)}",
    }


def fails_once(number: int, key: str) -> dict[str, object]:
    return agent(number, key=key, attempts=[{"fail": "refused"}, {"text": "mended"}])


def tokens_in(execution: Execution) -> int:
    rows = UsageLog.objects.filter(execution_id=execution.pk)
    return sum(row.tokens_input or 0 for row in rows)


def retried(renum: RunningRenum, old: Execution) -> Execution:
    return renum.wait_for(retry_execution(execution=old, by=renum.owner).execution)


def test_retry_starts_only_what_failed_and_what_follows_and_bills_only_that(renum_on):
    renum = renum_on("2025-08")
    renum.start_drivers()
    chain = {"type": "sequential", "agents": [agent(1), agent(2), fails_once(3, "third"), agent(4)]}
    old = renum.run(chain, "Compare the offers.")
    assert (old.status, old.code, renum.suna.starts()) == ("failed", "step_failed", 3)

    new = retried(renum, old)

    assert (new.status, renum.suna.starts()) == ("completed", 5)
    before, steps = list(old.steps.order_by("position")), list(new.steps.order_by("position"))
    assert [step.reused_from for step in steps] == [before[0], before[1], None, None]
    assert [step.status for step in steps] == ["completed"] * 4
    assert [step.result_text for step in steps[:3]] == [
        before[0].result_text,
        before[1].result_text,
        "mended",
    ]
    # The prompt is built from a result that stands as it was built from one that had just come in.
    assert steps[2].input == before[2].input
    assert "mended" in steps[3].input
    assert new.agent_runs.count() == 2
    assert tokens_in(new) == new.usage_metrics["tokens_input"] == 700
    assert tokens_in(old) == old.usage_metrics["tokens_input"]
    costs = [Decimal(run.individual_cost_metrics["cost_usd"]) for run in new.agent_runs.all()]
    assert Decimal(new.cost_metrics["cost_usd"]) == sum(costs) > 0
    assert new.usage_complete

    again = renum.wait_for(run_again_execution(execution=old, by=renum.owner).execution)

    assert (again.status, renum.suna.starts()) == ("completed", 9)
    assert tokens_in(again) == 1000
    check_history(renum)


def test_retry_of_a_cancelled_graph_judges_its_branches_anew_and_finishes(renum_on):
    renum = renum_on("2025-08")
    renum.start_drivers()
    graph = {
        "type": "graph",
        "agents": [
            agent(1, text='{"category": "billing"}'),
            {
                **agent(2),
                "depends_on": ["s1"],
                "conditions": [{"field": "steps.s1.data.category", "operator": "equals", "value": "other"}],
            },
            {**agent(3), "depends_on": ["s1"], "conditions": "else"},
            {**agent(4, key="hangs", attempts=[{"hang": True}, {"text": "end"}]), "depends_on": ["s3"]},
        ],
    }
    old = renum.start(renum.make_team(graph))
    wait_until(lambda: old.steps.filter(step_id="s4", status="running").exists())
    cancel_execution(execution=old, by=renum.owner)
    old = renum.wait_for(old)
    starts = renum.suna.starts()

    new = retried(renum, old)

    assert (old.status, new.status) == ("cancelled", "completed")
    assert renum.suna.starts() == starts + 1
    stands = {step.step_id: (step.status, step.reused_from is not None) for step in new.steps.all()}
    assert stands == {
        "s1": ("completed", True),
        "s2": ("skipped", False),
        "s3": ("completed", True),
        "s4": ("completed", False),
    }
    assert "end" in new.result_text
    check_history(renum)
