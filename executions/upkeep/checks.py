"""What must hold of every history, as SQL: each check names what breaks it (reliability §1.2, V1-V8).

A check yields one text per breach, an id with as little beside it as a person needs to look further; never a
prompt, a result or a key. `%(since)s` leaves out executions created before it.

Legal, and therefore no breach: a late run (a further turn, code `late_run`); a run that is `created` and
waits for its start; a step that was reused, without runs and without a step_completed; a start that was put
back and is made again under its number; ledger rows of executions that retention has deleted.
"""
# ruff: noqa: S608  the SQL is put together from constants of this file

from dataclasses import dataclass
from enum import StrEnum

from executions.engine.state import AGENT_RUN_TERMINAL, EXECUTION_TERMINAL
from executions.orchestrator.claim import PAUSE_WANTED

FOR_EVER = "-infinity"
"""What `since` is where nothing is left out."""


class Severity(StrEnum):
    """What a breach means: something is wrong, or somebody has to look, or nothing at this moment."""

    ERROR = "error"
    WARNING = "warning"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One invariant: its name, its breach in words, and how bad that is at rest and while drivers work."""

    name: str
    breach: str
    sql: str = ""
    at_rest: Severity = Severity.ERROR
    at_work: Severity = Severity.ERROR


def _quoted(statuses: frozenset[StrEnum]) -> str:
    return ", ".join(f"'{status.value}'" for status in sorted(statuses))


_OVER = f"({_quoted(frozenset(EXECUTION_TERMINAL))})"
_RUN_OVER = f"({_quoted(frozenset(AGENT_RUN_TERMINAL))})"
_IN_SCOPE = "e.created_at >= %(since)s::timestamptz"
_EXECUTION = "renum_team_executions e"
_STEP = f"executions_executionstep s JOIN {_EXECUTION} ON e.id = s.execution_id AND {_IN_SCOPE}"
_RUN = f"renum_team_agent_executions r JOIN {_EXECUTION} ON e.id = r.execution_id AND {_IN_SCOPE}"
_EVENT = f"executions_executionevent v JOIN {_EXECUTION} ON e.id = v.execution_id AND {_IN_SCOPE}"
_LEDGER = f"renum_ai_usage_logs u JOIN {_EXECUTION} ON e.id = u.execution_id AND {_IN_SCOPE}"
# Paused before it began, it waits for a person too, and keeps its status.
_PAUSED_QUEUED = f"(e.status = 'queued' AND e.cancel_requested_at IS NULL AND {PAUSE_WANTED})"
# Nothing of it is in flight, and a person is asked.
_ASKING = """(e.status = 'running' AND e.at_rest AND EXISTS (SELECT 1 FROM executions_question q
    WHERE q.execution_id = e.id AND q.state = 'open'))"""
# Suna cannot tell what became of a start, and a person is asked.
_IN_DOUBT = """EXISTS (SELECT 1 FROM executions_executionstep d WHERE d.execution_id = e.id
    AND d.status = 'start_uncertain' AND d.code = 'start_unknown')"""
_TOKENS = ("tokens_input", "tokens_output")


def _differs(usage: str, cost: str) -> str:
    """Return the condition under which stored totals are not what the rows beside them sum up to."""
    tokens = [f"COALESCE(({usage}->>'{name}')::bigint, 0) <> COALESCE(sum(u.{name}), 0)" for name in _TOKENS]
    counted = f"COALESCE(({usage}->>'responses')::bigint, 0) <> count(u.id)"
    priced = f"COALESCE(({cost}->>'cost_usd')::numeric, 0) <> COALESCE(sum(u.cost_usd), 0)"
    return " OR ".join((*tokens, counted, priced))


_STANDING = (
    Check(
        name="not_over",
        breach="accepted and not over",
        sql=f"""SELECT e.id::text || ' ' || e.status FROM {_EXECUTION} WHERE {_IN_SCOPE}
            AND e.status NOT IN {_OVER} AND e.status NOT IN ('paused', 'quarantined') AND NOT {_ASKING}
            AND NOT {_PAUSED_QUEUED} AND NOT {_IN_DOUBT}""",
        at_work=Severity.IGNORED,
    ),
    Check(
        name="still_held",
        breach="held by a driver",
        sql=f"SELECT e.id::text FROM {_EXECUTION} WHERE {_IN_SCOPE} AND e.driver_id IS NOT NULL",
        at_work=Severity.IGNORED,
    ),
    Check(
        name="paused",
        breach="paused until a person resumes it",
        sql=f"""SELECT e.id::text || ' ' || e.code FROM {_EXECUTION} WHERE {_IN_SCOPE}
            AND (e.status = 'paused' OR {_PAUSED_QUEUED})""",
        at_rest=Severity.WARNING,
        at_work=Severity.WARNING,
    ),
    Check(
        name="waits_for_answer",
        breach="waits until a person answers",
        sql=f"SELECT e.id::text FROM {_EXECUTION} WHERE {_IN_SCOPE} AND {_ASKING}",
        at_rest=Severity.WARNING,
        at_work=Severity.IGNORED,
    ),
    Check(
        name="waits_for_decision",
        breach="waits until a person says what became of a start",
        sql=f"""SELECT e.id::text FROM {_EXECUTION} WHERE {_IN_SCOPE} AND e.status NOT IN {_OVER}
            AND {_IN_DOUBT}""",
        at_rest=Severity.WARNING,
        at_work=Severity.WARNING,
    ),
    Check(
        name="quarantined",
        breach="quarantined until staff release it",
        sql=f"SELECT e.id::text FROM {_EXECUTION} WHERE {_IN_SCOPE} AND e.status = 'quarantined'",
        at_rest=Severity.WARNING,
        at_work=Severity.WARNING,
    ),
    Check(
        name="over_with_an_open_run",
        breach="over, with a run that may go on",
        sql=f"SELECT r.id::text FROM {_RUN} WHERE e.status IN {_OVER} AND r.status NOT IN {_RUN_OVER}",
        at_work=Severity.WARNING,
    ),
    Check(
        name="over_with_an_open_step",
        breach="over, with a step that is not",
        sql=f"SELECT s.id::text FROM {_STEP} WHERE e.status IN {_OVER} AND s.finished_at IS NULL",
    ),
    Check(
        name="ends_before_it_begins",
        breach="ended before it began",
        sql=f"""SELECT e.id::text FROM {_EXECUTION} WHERE {_IN_SCOPE} AND e.finished_at < e.started_at
            UNION ALL SELECT s.id::text FROM {_STEP}
                WHERE s.finished_at < s.started_at AND s.reused_from_id IS NULL
            UNION ALL SELECT r.id::text FROM {_RUN} WHERE r.finished_at < r.started_at""",
    ),
)
_STARTS = (
    Check(
        name="two_good_runs",
        breach="a step with two runs that count",
        sql=f"""SELECT r.step_id::text FROM {_RUN}
            WHERE r.status IN ('running', 'completed') AND r.code NOT IN ('late_run', 'asked')
            GROUP BY r.step_id HAVING count(*) > 1""",
    ),
    Check(
        name="attempt_begun_twice",
        breach="an attempt begun twice though its start was not put back",
        sql=f"""SELECT v.execution_id::text || ' ' || v.step_id || ' ' || (v.data->>'attempt') FROM {_EVENT}
            WHERE v.kind IN ('step_starting', 'start_put_back')
            GROUP BY v.execution_id, v.step_id, v.data->>'attempt', v.data->>'turn'
            HAVING count(*) FILTER (WHERE v.kind = 'step_starting')
                > 1 + count(*) FILTER (WHERE v.kind = 'start_put_back')""",
    ),
    Check(
        name="completed_twice",
        breach="a step completed twice",
        sql=f"""SELECT v.execution_id::text || ' ' || v.step_id FROM {_EVENT} WHERE v.kind = 'step_completed'
            GROUP BY v.execution_id, v.step_id HAVING count(*) > 1""",
    ),
    Check(
        name="completed_unsaid",
        breach="a step completed of which the timeline knows nothing",
        sql=f"""SELECT s.execution_id::text || ' ' || s.step_id FROM {_STEP}
            WHERE s.status = 'completed' AND NOT EXISTS (SELECT 1 FROM executions_executionevent v
                WHERE v.execution_id = s.execution_id AND v.step_id = s.step_id
                AND v.kind IN ('step_completed', 'step_reused'))""",
    ),
    Check(
        name="started_after_completion",
        breach="a step started after it was completed",
        sql=f"""SELECT v.execution_id::text || ' ' || v.step_id FROM {_EVENT}
            JOIN executions_executionevent c ON c.execution_id = v.execution_id AND c.step_id = v.step_id
            WHERE v.kind = 'step_starting' AND c.kind IN ('step_completed', 'step_reused')
            AND v.seq > c.seq""",
    ),
)
# Between an answer and its driver's next turn the step still waits.
_QUESTIONS = (
    Check(
        name="question_without_waiting_step",
        breach="an open question of a step that does not wait for it",
        sql=f"""SELECT q.id::text FROM executions_question q JOIN {_STEP} ON s.id = q.step_id
            WHERE (q.state = 'open' OR NOT q.heard) AND s.status <> 'waiting_input'""",
    ),
    Check(
        name="waiting_step_without_question",
        breach="a step that waits for an answer to no question",
        sql=f"""SELECT s.id::text FROM {_STEP} WHERE s.status = 'waiting_input'
            AND (SELECT count(*) FROM executions_question q WHERE q.step_id = s.id AND NOT q.heard) <> 1""",
    ),
)
_MONEY = (
    Check(
        name="totals_differ",
        breach="an execution's totals are not the sum of its ledger rows",
        sql=f"""SELECT e.id::text FROM {_EXECUTION} LEFT JOIN renum_ai_usage_logs u ON u.execution_id = e.id
            WHERE {_IN_SCOPE} GROUP BY e.id HAVING {_differs("e.usage_metrics", "e.cost_metrics")}""",
    ),
    Check(
        name="run_totals_differ",
        breach="a run's totals are not the sum of its ledger rows",
        sql=f"""SELECT r.id::text FROM {_RUN} LEFT JOIN renum_ai_usage_logs u ON u.agent_run_id = r.id
            GROUP BY r.id
            HAVING {_differs("r.individual_usage_metrics", "r.individual_cost_metrics")}""",
    ),
    Check(
        name="ledger_run_unknown",
        breach="a ledger row of a run that its execution does not have",
        sql=f"""SELECT u.id::text FROM {_LEDGER} WHERE NOT EXISTS (SELECT 1 FROM renum_team_agent_executions r
            WHERE r.id = u.agent_run_id AND r.execution_id = u.execution_id)""",
    ),
    Check(
        name="usage_not_complete",
        breach="over and called complete, though usage of a run is missing",
        sql=f"""SELECT e.id::text FROM {_EXECUTION} WHERE {_IN_SCOPE} AND e.status IN {_OVER}
            AND e.usage_complete AND EXISTS (SELECT 1 FROM renum_team_agent_executions r
                WHERE r.execution_id = e.id AND NOT r.usage_complete)""",
    ),
)
_TIMELINE = (
    Check(
        name="timeline_gaps",
        breach="gaps or repeats in a timeline",
        sql=f"""SELECT v.execution_id::text FROM {_EVENT} GROUP BY v.execution_id
            HAVING max(v.seq) <> count(*) OR min(v.seq) <> 1 OR count(*) <> count(DISTINCT v.seq)""",
    ),
    Check(
        name="last_number_differs",
        breach="the last number given out is not the timeline's",
        sql=f"""SELECT e.id::text FROM {_EXECUTION} WHERE {_IN_SCOPE} AND e.event_seq <>
            COALESCE((SELECT max(v.seq) FROM executions_executionevent v WHERE v.execution_id = e.id), 0)""",
    ),
    Check(
        name="not_one_end",
        breach="over without exactly one end in the timeline, or with an end and not over",
        sql=f"""SELECT e.id::text || ' ' || e.status FROM {_EXECUTION} WHERE {_IN_SCOPE}
            AND (SELECT count(*) FROM executions_executionevent v WHERE v.execution_id = e.id
                 AND v.kind LIKE 'execution\\_%%' AND replace(v.kind, 'execution_', '') IN {_OVER})
            <> (CASE WHEN e.status IN {_OVER} THEN 1 ELSE 0 END)""",
    ),
)
_CONTEXT = (
    Check(
        name="context_version_differs",
        breach="the context's version is not its changes'",
        sql=f"""SELECT e.id::text FROM {_EXECUTION} WHERE {_IN_SCOPE} AND EXISTS (
            SELECT 1 FROM (SELECT count(*) AS number, COALESCE(max(c.version), 0) AS newest
                FROM executions_contextchange c WHERE c.execution_id = e.id) AS c
            WHERE c.number <> e.context_version OR c.newest <> e.context_version)""",
    ),
    Check(
        name="snapshot_differs",
        breach="a snapshot of the context is not what the changes before it give",
        sql=f"""SELECT n.execution_id::text || ' ' || n.version FROM (
            SELECT DISTINCT ON (p.execution_id) p.* FROM executions_contextsnapshot p
            JOIN {_EXECUTION} ON e.id = p.execution_id AND {_IN_SCOPE}
            ORDER BY p.execution_id, p.version DESC) AS n
            JOIN renum_team_executions x ON x.id = n.execution_id
            WHERE n.version > x.context_version OR n.values <> COALESCE((
                SELECT jsonb_object_agg(k.key, k.value) FROM (
                    SELECT DISTINCT ON (c.key) c.key, COALESCE(c.value, 'null') AS value
                    FROM executions_contextchange c
                    WHERE c.execution_id = n.execution_id AND c.version <= n.version
                    ORDER BY c.key, c.version DESC) AS k), '{{}}')""",
    ),
    Check(
        name="context_not_the_results",
        breach="a completed step's result is not what the context says",
        sql=f"""SELECT s.execution_id::text || ' ' || s.step_id FROM {_STEP}
            LEFT JOIN LATERAL (SELECT COALESCE(c.value, 'null') AS value FROM executions_contextchange c
                WHERE c.execution_id = s.execution_id AND c.key = 'agent_' || s.step_id || '_result'
                ORDER BY c.version DESC LIMIT 1) AS c ON true
            WHERE (s.status = 'completed' AND c.value IS DISTINCT FROM COALESCE(
                CASE WHEN jsonb_typeof(s.result_data) = 'object' OR s.result_text IS NULL
                    THEN s.result_data ELSE to_jsonb(s.result_text) END, 'null'))""",
    ),
)
SQL_CHECKS = (*_STANDING, *_STARTS, *_QUESTIONS, *_MONEY, *_TIMELINE, *_CONTEXT)

STARTED_TOO_EARLY = Check(
    name="started_too_early", breach="a step started before what it depends on was over"
)
PLAN_UNREADABLE = Check(name="plan_unreadable", breach="a plan that cannot be read or has other steps")
SECRET_UNREADABLE = Check(name="secret_unreadable", breach="a stored secret that these keys do not open")
CHECKS = (*SQL_CHECKS, STARTED_TOO_EARLY, PLAN_UNREADABLE, SECRET_UNREADABLE)
