"""Money that budgets keep free for attempts that are over: given back by the sweep.

That is what a driver left that died between a reservation and the start it was made for, or before it could
say that an attempt had ended; and what was kept for usage that never came.
"""

from django.db import connection, transaction

SETTLE_AFTER_S = 120
"""A reservation younger than this may be one whose start is being decided."""
USAGE_WITHIN_S = 600
"""So long after its end money is kept free for a run whose usage is missing; Suna writes none of a run that
was stopped."""

_SETTLE = """
UPDATE renum_budget_reservations AS t SET settled_at = now() FROM (
    SELECT r.id FROM renum_budget_reservations r
    WHERE r.settled_at IS NULL AND r.created_at < now() - make_interval(secs => %(settle_after_s)s)
    AND NOT EXISTS (
        SELECT 1 FROM executions_executionstep s WHERE s.execution_id = r.execution_id
        AND s.step_id = r.step_id AND s.attempts = r.attempt
        AND s.status IN ('starting', 'start_uncertain', 'running'))
    AND NOT EXISTS (
        SELECT 1 FROM renum_team_agent_executions a JOIN executions_executionstep s ON s.id = a.step_id
        WHERE s.execution_id = r.execution_id AND s.step_id = r.step_id AND a.attempt = r.attempt
        AND a.status <> 'created' AND NOT a.usage_complete
        AND (a.finished_at IS NULL OR a.finished_at > now() - make_interval(secs => %(usage_within_s)s)))
    ORDER BY r.id FOR NO KEY UPDATE OF r SKIP LOCKED
) AS due WHERE t.id = due.id
"""


def settle_lost_reservations() -> int:
    """Give back what is kept free for attempts that are over; return how many reservations that were."""
    with transaction.atomic(), connection.cursor() as cursor:
        params = {"settle_after_s": SETTLE_AFTER_S, "usage_within_s": USAGE_WITHIN_S}
        cursor.execute(_SETTLE, params)
        return int(cursor.rowcount)
