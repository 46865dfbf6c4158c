"""Finished executions of long ago, in any number, written by SQL: what retention is there for."""
# ruff: noqa: E501  the SQL's lines

from django.db import connection

from executions.models import Execution

# The copies keep what hangs together: each has its own ids, and what belongs to one points to that one.
_COPY = """
CREATE TEMP TABLE old AS SELECT gen_random_uuid() AS id, gen_random_uuid() AS step, gen_random_uuid() AS run, n
    FROM generate_series(1, %(number)s) n;
INSERT INTO renum_team_executions SELECT (jsonb_populate_record(e, jsonb_build_object('id', old.id,
    'idempotency_key', NULL, 'created_at', now() - interval '101 d', 'started_at', now() - interval '101 d',
    'finished_at', now() - interval '100 d'))).* FROM old, renum_team_executions e WHERE e.id = %(like)s;
INSERT INTO executions_executionstep SELECT (jsonb_populate_record(s, jsonb_build_object('id', old.step,
    'execution_id', old.id))).* FROM old, executions_executionstep s WHERE s.execution_id = %(like)s;
INSERT INTO renum_team_agent_executions SELECT (jsonb_populate_record(r, jsonb_build_object('id', old.run,
    'execution_id', old.id, 'step_id', old.step, 'suna_run_id', old.run, 'thread_id', old.run))).*
    FROM old, renum_team_agent_executions r WHERE r.execution_id = %(like)s;
INSERT INTO executions_executionevent SELECT (jsonb_populate_record(v, jsonb_build_object('id', gen_random_uuid(),
    'execution_id', old.id))).* FROM old, executions_executionevent v WHERE v.execution_id = %(like)s;
INSERT INTO executions_contextchange SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(),
    'execution_id', old.id))).* FROM old, executions_contextchange c WHERE c.execution_id = %(like)s;
INSERT INTO executions_contextsnapshot SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(),
    'execution_id', old.id))).* FROM old, executions_contextsnapshot c WHERE c.execution_id = %(like)s;
INSERT INTO renum_ai_usage_logs SELECT (jsonb_populate_record(u, jsonb_build_object('id', gen_random_uuid(),
    'execution_id', old.id, 'agent_run_id', old.run, 'source_id', gen_random_uuid()))).*
    FROM old, renum_ai_usage_logs u WHERE u.execution_id = %(like)s;
DROP TABLE old
"""


def write_old_executions(like: Execution, number: int) -> None:
    """Write so many copies of an execution with one step, over for a hundred days, its ledger rows included."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for statement in _COPY.split(";\n"):
            cursor.execute(statement, {"number": number, "like": like.pk})
        cursor.execute("RESET statement_timeout")
        cursor.execute("ANALYZE")
