"""Data that the database refuses ends the one execution that brought it, and nothing else."""

import pytest

from executions.models import Execution
from executions.orchestrator.sweep import sweep
from tests.faults.history import UNKNOWN_RUNS, check_history
from tests.fixtures.running import wait_until

pytestmark = pytest.mark.faults

ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}]}


def test_only_the_execution_whose_data_is_refused_fails_when_many_are_written_together(renum_on, figure):
    renum = renum_on("2025-08")
    # Suna gives two runs the same id, which a constraint forbids.
    same = {"agent_run_id": "a-run-that-is-known"}
    renum.suna.fail("agent.start", contains="doubled", times=2, kind="replace", fields=same)
    team = renum.make_team(ONE_STEP)
    doubled = [renum.start(team, f'doubled {n} @@sim{{"takes": 1}}') for n in range(2)]
    good = [renum.start(team, f'good {n} @@sim{{"takes": 1}}') for n in range(10)]
    cluster = renum.start_drivers()

    for execution in good:
        assert renum.wait_for(execution).status == "completed"
    ids = [execution.pk for execution in doubled]
    broken = wait_until(lambda: Execution.objects.filter(pk__in=ids, code="internal_error").first())
    figure("refused_commit_ended", Execution.objects.filter(code="internal_error").count())
    figure("refused_commit_others_completed", Execution.objects.filter(status="completed").count())
    assert broken.status == "failed"
    assert broken.steps.get().status == "cancelled"
    assert broken.agent_runs.get().status == "abandoned"
    other = Execution.objects.get(pk__in=set(ids) - {broken.pk})
    assert other.agent_runs.get().suna_run_id == "a-run-that-is-known"
    assert "agent_run_suna_run_once" in cluster.log.read_text()

    sweep()

    # Its real run, whose id was never written, is found in its thread and billed.
    left_behind = broken.agent_runs.get(turn=2)
    assert (left_behind.status, left_behind.code) == ("completed", "late_run")
    broken.refresh_from_db()
    assert broken.usage_metrics["tokens_input"] == left_behind.individual_usage_metrics["tokens_input"] > 0
    assert broken.status == "failed"
    # The other waits for a run that Suna does not have under this id; the real one is known to nobody.
    runs = renum.suna.get("runs")["runs"]
    [real] = [run["id"] for run in runs if run["thread_id"] == other.agent_runs.get().thread_id]
    check_history(renum, at_rest=False, but_for={UNKNOWN_RUNS: [real]})
