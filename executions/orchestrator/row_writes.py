"""The SQL by which drivers write rows: one statement a table, whatever the number of rows.

Only `commit` calls this. Times that mean "this became true" (started, finished, start requested) are
PostgreSQL's, set by the statement itself.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from executions.engine.state import AGENT_RUN_TERMINAL, EXECUTION_TERMINAL, STEP_TERMINAL

EXECUTION_COLUMNS = {
    "status": "text",
    "code": "text",
    "message": "text",
    "message_params": "jsonb",
    "ended_by": "text",
    "result": "jsonb",
    "result_text": "text",
    "usage_complete": "boolean",
    "driver_id": "uuid",
}
COUNTER_COLUMNS = {"event_seq": "integer", "context_version": "integer", "crash_count": "smallint"}
STEP_COLUMNS = {
    "status": "text",
    "code": "text",
    "reason_params": "jsonb",
    "conditions": "jsonb",
    "undecidable": "boolean",
    "attempts": "smallint",
    "abandoned": "smallint",
    "retry_at": "timestamptz",
    "input": "text",
    "input_cuts": "jsonb",
    "result_text": "text",
    "result_data": "jsonb",
    "context_version": "integer",
}
RUN_COLUMNS = {
    "execution_id": "uuid",
    "step_id": "uuid",
    "connection_id": "uuid",
    "attempt": "smallint",
    "turn": "smallint",
    "agent_id": "text",
    "model_name": "text",
    "thread_id": "text",
    "suna_run_id": "text",
    "status": "text",
    "code": "text",
    "message": "text",
    "api_key_type": "text",
    "usage_complete": "boolean",
    "start_requested_at": "timestamptz",
    "start_requested": "boolean",
    "stop_requested": "boolean",
}


def _quoted(statuses: frozenset[Any]) -> str:
    return ", ".join(f"'{status.value}'" for status in sorted(statuses))


_EXECUTION_SQL = """
UPDATE renum_team_executions AS t SET {assignments},
    started_at = COALESCE(t.started_at, CASE WHEN v.status <> 'queued' THEN now() END),
    finished_at = CASE WHEN v.status IN ({terminal}) THEN COALESCE(t.finished_at, now()) END
FROM ({rows}) AS v WHERE t.id = v.id
"""
_STEP_SQL = """
UPDATE executions_executionstep AS t SET {assignments},
    started_at = COALESCE(t.started_at, CASE WHEN v.status = 'starting' THEN now() END),
    finished_at = CASE WHEN v.status IN ({terminal}) THEN COALESCE(t.finished_at, now()) END
FROM ({rows}) AS v WHERE t.id = v.id
"""
_RUN_SQL = """
INSERT INTO renum_team_agent_executions AS t ({inserted}, id, individual_usage_metrics,
    individual_cost_metrics, created_at, start_requested_at, started_at, stop_requested_at, finished_at)
SELECT {selected}, v.id, '{{}}', '{{}}', now(),
    CASE WHEN v.start_requested THEN now() ELSE v.start_requested_at END,
    CASE WHEN v.status = 'running' THEN now() END,
    CASE WHEN v.stop_requested THEN now() END, CASE WHEN v.status IN ({terminal}) THEN now() END
FROM ({rows}) AS v
ON CONFLICT (id) DO UPDATE SET {excluded},
    start_requested_at = EXCLUDED.start_requested_at,
    started_at = COALESCE(t.started_at, EXCLUDED.started_at),
    stop_requested_at = COALESCE(t.stop_requested_at, EXCLUDED.stop_requested_at),
    finished_at = CASE WHEN EXCLUDED.status IN ({terminal}) THEN COALESCE(t.finished_at, now()) END
"""


def _rows_sql(columns: Mapping[str, str]) -> str:
    unnested = ", ".join(f"%s::{'text' if kind == 'jsonb' else kind}[]" for kind in columns.values())
    names = ", ".join(columns)
    selected = ", ".join(f"{name}::jsonb" if kind == "jsonb" else name for name, kind in columns.items())
    return f"SELECT id, {selected} FROM unnest(%s::uuid[], {unnested}) AS u(id, {names})"  # noqa: S608  our names


def _assignments(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{name} = v.{name}" for name in columns)


RUN_FLAGS = ("start_requested", "stop_requested")
_RUN_STORED = [name for name in RUN_COLUMNS if name not in (*RUN_FLAGS, "start_requested_at")]
EXECUTION_SQL = _EXECUTION_SQL.format(
    assignments=_assignments(EXECUTION_COLUMNS),
    rows=_rows_sql(EXECUTION_COLUMNS),
    terminal=_quoted(EXECUTION_TERMINAL),
)
COUNTER_SQL = (
    f"UPDATE renum_team_executions AS t SET {_assignments(COUNTER_COLUMNS)}"  # noqa: S608  our names
    f" FROM ({_rows_sql(COUNTER_COLUMNS)}) AS v WHERE t.id = v.id"
)
# A step's input may be 256 KiB: it travels only with the transition that sets it, null means "as it is".
STEP_SQL = _STEP_SQL.format(
    assignments=_assignments(STEP_COLUMNS).replace("input = v.input", "input = COALESCE(v.input, t.input)"),
    rows=_rows_sql(STEP_COLUMNS),
    terminal=_quoted(STEP_TERMINAL),
)
RUN_SQL = _RUN_SQL.format(
    inserted=", ".join(_RUN_STORED),
    selected=", ".join(f"v.{name}" for name in _RUN_STORED),
    excluded=", ".join(f"{name} = EXCLUDED.{name}" for name in _RUN_STORED),
    rows=_rows_sql(RUN_COLUMNS),
    terminal=_quoted(AGENT_RUN_TERMINAL),
)


def write_rows(
    sql: str, columns: Mapping[str, str], rows: Sequence[tuple[uuid.UUID, Mapping[str, Any]]]
) -> None:
    """Run one of the four statements for all rows at once; nothing for none."""
    if not rows:
        return
    arrays: list[list[Any]] = [[row_id for row_id, _ in rows]]
    for name, kind in columns.items():
        if kind == "jsonb":
            arrays.append([_as_json_text(values[name]) for _, values in rows])
        else:
            arrays.append([values[name] for _, values in rows])
    with connection.cursor() as cursor:
        cursor.execute(sql, arrays)


def _as_json_text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
