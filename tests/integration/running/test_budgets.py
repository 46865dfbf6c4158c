"""Budgets while teams run: what starts, what waits, what ends, and what was spent is what the ledger says."""

from decimal import Decimal

from billing.actions.create_budget import create_budget
from billing.actions.edit_budget import edit_budget
from billing.models import BudgetPeriod, Reservation, UsageLog
from executions.models import Execution
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum, wait_until

SPENDS = '@@sim{"tokens": [1000, 200], "model": "openai/gpt-4o"}'
COST = Decimal("0.003875")
"""2.50 and 10 USD per million tokens, half of the price for cached ones, from 2024-10-01 on."""
LONG = '@@sim{"takes": 60, "tokens": [1000, 200], "model": "openai/gpt-4o"}'


def chain(*instructions: str) -> dict[str, object]:
    agents = [{"agent_id": f"agent-{at}", "instructions": one} for at, one in enumerate(instructions)]
    return {"type": "sequential", "agents": agents}


def side_by_side(*instructions: str) -> dict[str, object]:
    return {**chain(*instructions), "type": "parallel"}


def limit(renum: RunningRenum, usd: str, **fields: object):
    given = {"name": "Own", "scope": "user", "user": renum.owner, "span": "day", **fields}
    return create_budget(by=renum.owner, limit_usd=Decimal(usd), **given)


def steps(execution: Execution) -> list[tuple[str, str]]:
    return list(execution.steps.order_by("position").values_list("status", "code"))


def check_sums() -> None:
    """Nothing is kept free any more, and what was spent is what the ledger's rows add up to."""
    assert not Reservation.objects.filter(settled_at=None).exists()
    spent = sum(UsageLog.objects.values_list("cost_usd", flat=True), Decimal(0))
    assert [period.spent_usd for period in BudgetPeriod.objects.all()] == [spent]


def test_at_the_limit_running_steps_end_nothing_new_starts_and_what_there_is_is_kept(renum_on):
    renum = renum_on("2025-08")
    limit(renum, "0.0038")
    renum.start_drivers()

    execution = renum.run(chain(SPENDS, SPENDS, SPENDS))

    assert (execution.status, execution.code) == ("failed", "budget_exceeded")
    assert execution.message_params == {"scope": "user", "span": "day"}
    assert steps(execution) == [("completed", "")] + [("skipped", "budget_exceeded")] * 2
    assert execution.result_text
    assert UsageLog.objects.get().cost_usd == COST
    check_sums()
    check_history(renum)


def test_steps_side_by_side_wait_for_what_others_may_need_and_start_when_it_is_left(renum_on):
    renum = renum_on("2025-08")
    # Of what a step costs nothing is known: all of the budget is kept free for the first.
    limit(renum, "0.04")
    team = renum.make_team(side_by_side(SPENDS.replace('{"', '{"takes": 2, "', 1), SPENDS))
    execution = renum.start(team)
    renum.start_drivers()

    wait_until(lambda: ("ready", "budget_reserved") in steps(execution))
    execution = renum.wait_for(execution)

    assert execution.status == "completed"
    assert steps(execution) == [("completed", "")] * 2
    waited = execution.events.filter(kind="step_ready").values_list("data__code", flat=True)
    assert list(waited) == ["budget_reserved"]
    check_sums()
    check_history(renum)


def test_a_budget_that_stops_ends_what_runs_as_soon_as_all_of_it_is_spent(renum_on):
    renum = renum_on("2025-08")
    budget = limit(renum, "1", at_limit="stop")
    execution = renum.start(renum.make_team(side_by_side(SPENDS, LONG)))
    renum.start_drivers()

    wait_until(lambda: ("completed", "") in steps(execution) and ("running", "") in steps(execution))
    edit_budget(budget, by=renum.owner, limit_usd=COST)
    execution = renum.wait_for(execution)

    assert (execution.status, execution.code) == ("failed", "budget_exceeded")
    assert steps(execution) == [("completed", ""), ("cancelled", "budget_exceeded")]
    check_history(renum)


def test_what_a_dead_driver_kept_free_is_settled_by_whoever_takes_over(renum_on):
    renum = renum_on("2025-08")
    limit(renum, "5")
    execution = renum.start(renum.make_team(chain('@@sim{"takes": 4, "tokens": [10, 2]}', SPENDS)))
    renum.start_drivers()
    cluster = renum.clusters[0]
    wait_until(lambda: ("running", "") in steps(execution))

    cluster.kill_driver()
    execution = renum.wait_for(execution)

    assert execution.status == "completed"
    assert Reservation.objects.count() == 2
    check_sums()
    check_history(renum)


def test_a_retried_and_a_failed_step_leave_nothing_reserved(renum_on):
    renum = renum_on("seed")
    limit(renum, "5", span="run")
    renum.start_drivers()

    failing = '@@sim{"raw_status": "failed", "tokens": [1000, 200], "model": "openai/gpt-4o"}'
    retry = {"max_attempts": 2, "initial_interval": "1s"}
    definition = chain(failing)
    definition["agents"][0]["retry"] = retry
    execution = renum.run(definition)

    assert execution.status == "failed"
    assert Reservation.objects.count() == 2
    assert BudgetPeriod.objects.get().execution_id == execution.id
    check_sums()
