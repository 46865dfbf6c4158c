"""What must hold of every history, whatever went wrong on the way: in the database and in the simulator.

Called at the end of each fault test, once everything is over. Each check returns what breaks it.
"""
# ruff: noqa: S608  the SQL is put together from constants of this file

from typing import Any

from django.db import connection

from executions.context.rebuild import rebuild_context
from executions.engine.context import result_key
from executions.models import AgentRun, Execution, ExecutionStep
from teams.workflow.plan import plan_from_json
from tests.fixtures.running import RunningRenum

OVER = "('completed', 'partial', 'failed', 'cancelled')"
RUN_OVER = "('completed', 'failed', 'stopped', 'abandoned')"
TOKENS = ("tokens_input", "tokens_output")


def _differs(totals: str, cost: str) -> str:
    """Return the condition under which stored totals are not what the rows beside them sum up to."""
    tokens = [f"COALESCE(({totals}->>'{name}')::bigint, 0) <> COALESCE(sum(u.{name}), 0)" for name in TOKENS]
    counted = f"COALESCE(({totals}->>'responses')::bigint, 0) <> count(u.id)"
    priced = f"COALESCE(({cost}->>'cost_usd')::numeric, 0) <> COALESCE(sum(u.cost_usd), 0)"
    return " OR ".join((*tokens, counted, priced))


CHECKS = {
    "not over": f"SELECT id, status FROM renum_team_executions WHERE status NOT IN {OVER}",
    "still held": "SELECT id FROM renum_team_executions WHERE driver_id IS NOT NULL",
    "two good runs of a step": """
        SELECT step_id FROM renum_team_agent_executions
        WHERE status IN ('running', 'completed') AND code <> 'late_run'
        GROUP BY step_id HAVING count(*) > 1""",
    "step completed twice": """
        SELECT execution_id, step_id FROM executions_executionevent WHERE kind = 'step_completed'
        GROUP BY execution_id, step_id HAVING count(*) > 1""",
    "started after it was completed": """
        SELECT s.execution_id, s.step_id FROM executions_executionevent s
        JOIN executions_executionevent c USING (execution_id, step_id)
        WHERE s.kind = 'step_starting' AND c.kind = 'step_completed' AND s.seq > c.seq""",
    "totals are not the sum of the rows": f"""
        SELECT e.id FROM renum_team_executions e
        LEFT JOIN renum_ai_usage_logs u ON u.execution_id = e.id
        GROUP BY e.id HAVING {_differs("e.usage_metrics", "e.cost_metrics")}""",
    "totals of a run are not the sum of its rows": f"""
        SELECT r.id FROM renum_team_agent_executions r
        LEFT JOIN renum_ai_usage_logs u ON u.agent_run_id = r.id
        GROUP BY r.id HAVING {_differs("r.individual_usage_metrics", "r.individual_cost_metrics")}""",
    "gaps or repeats in the timeline": """
        SELECT execution_id FROM executions_executionevent GROUP BY execution_id
        HAVING max(seq) <> count(*) OR min(seq) <> 1 OR count(*) <> count(DISTINCT seq)""",
    "the last number is not the timeline's": """
        SELECT e.id FROM renum_team_executions e WHERE e.event_seq <>
            (SELECT count(*) FROM executions_executionevent v WHERE v.execution_id = e.id)""",
    "the context's version is not its changes'": """
        SELECT e.id FROM renum_team_executions e WHERE e.context_version <>
            (SELECT count(*) FROM executions_contextchange c WHERE c.execution_id = e.id)""",
    "two ends": f"""
        SELECT execution_id FROM executions_executionevent
        WHERE replace(kind, 'execution_', '') IN {OVER} GROUP BY execution_id HAVING count(*) <> 1""",
    "over with a run that may go on": f"""
        SELECT r.id FROM renum_team_agent_executions r
        JOIN renum_team_executions e ON e.id = r.execution_id
        WHERE e.status IN {OVER} AND r.status NOT IN {RUN_OVER}""",
    "over with a step that is not": f"""
        SELECT s.id FROM executions_executionstep s JOIN renum_team_executions e ON e.id = s.execution_id
        WHERE e.status IN {OVER} AND s.finished_at IS NULL""",
}


def check_history(renum: RunningRenum) -> None:
    """Fail with everything that does not hold."""
    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        for name, sql in CHECKS.items():
            cursor.execute(sql)
            found[name] = cursor.fetchall()
    found["started before what it depends on was over"] = _started_too_early()
    found["context is not what the steps gave"] = _context_differs()
    summary = renum.suna.get("summary")
    found["threads started more than once"] = summary["threads_started_more_than_once"]
    ours = set(AgentRun.objects.exclude(suna_run_id=None).values_list("suna_run_id", flat=True))
    found["runs that go on in Suna and nobody knows"] = [
        run["id"]
        for run in renum.suna.get("runs")["runs"]
        if run["status"] == "running" or run["id"] not in ours
    ]
    assert {name: rows for name, rows in found.items() if rows} == {}


def _started_too_early() -> list[tuple[str, str]]:
    early = []
    for execution in Execution.objects.all():
        steps = {step.step_id: step for step in execution.steps.all()}
        for planned in plan_from_json(execution.plan).steps:
            started_at = steps[planned.id].started_at
            if started_at is None or planned.join == "any_success":
                continue
            ends = [steps[name].finished_at for name in planned.depends]
            if any(end is None or end > started_at for end in ends):
                early.append((str(execution.id), planned.id))
    return early


def _context_differs() -> list[str]:
    return [
        str(execution.id)
        for execution in Execution.objects.all()
        if _without_others(rebuild_context(execution.id, version=execution.context_version))
        != {
            result_key(step.step_id): step.result_data
            if isinstance(step.result_data, dict)
            else step.result_text
            for step in ExecutionStep.objects.filter(execution=execution, status="completed")
        }
    ]


def _without_others(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key.startswith("agent_")}
