"""Usage and cost of runs and executions: always the sum of the ledger's rows, by one look at them.

And whether that is all: a run that came late, when its execution was over already, may lack its usage.
"""

import uuid
from collections.abc import Collection

from django.db import connection

# One pass over the ledger's rows of these executions, once per run and once per execution. What was not
# reported adds nothing and is counted, and so is what could not be priced. The keys are those of
# `billing.ledger.Tally`.
_SUMS = """
SELECT {key} AS id,
    jsonb_build_object(
        'tokens_input', COALESCE(sum(tokens_input), 0), 'tokens_output', COALESCE(sum(tokens_output), 0),
        'tokens_cached', COALESCE(sum(tokens_cached), 0),
        'tokens_reasoning', COALESCE(sum(tokens_reasoning), 0), 'responses', count(*),
        'unreported', count(*) FILTER (WHERE pricing = 'unreported')
    ) AS usage,
    jsonb_build_object(
        'cost_usd', COALESCE(sum(cost_usd), 0)::text, 'unpriced', count(*) FILTER (WHERE pricing = 'unpriced')
    ) AS cost
FROM renum_ai_usage_logs WHERE execution_id = ANY(%s) GROUP BY {key}
"""
_RUNS_SQL = f"""
UPDATE renum_team_agent_executions AS t
SET individual_usage_metrics = s.usage, individual_cost_metrics = s.cost
FROM ({_SUMS.format(key="agent_run_id")}) AS s
WHERE t.id = s.id AND (t.individual_usage_metrics <> s.usage OR t.individual_cost_metrics <> s.cost)
"""  # noqa: S608  built of the constant above
_EXECUTIONS_SQL = f"""
UPDATE renum_team_executions AS t SET usage_metrics = s.usage, cost_metrics = s.cost
FROM ({_SUMS.format(key="execution_id")}) AS s WHERE t.id = s.id
"""  # noqa: S608  built of the constant above
_INCOMPLETE_SQL = """
UPDATE renum_team_executions AS t SET usage_complete = false
WHERE t.id = ANY(%s) AND t.usage_complete AND t.finished_at IS NOT NULL AND EXISTS (
    SELECT 1 FROM renum_team_agent_executions r WHERE r.execution_id = t.id AND NOT r.usage_complete)
"""


def write_totals(execution_ids: Collection[uuid.UUID]) -> None:
    """Bring the usage and cost columns of these executions and of their runs up to date.

    One that is over is no longer called complete where usage of a run is missing.
    """
    ids = sorted(execution_ids)
    with connection.cursor() as cursor:
        cursor.execute(_RUNS_SQL, [ids])
        cursor.execute(_EXECUTIONS_SQL, [ids])
        cursor.execute(_INCOMPLETE_SQL, [ids])
