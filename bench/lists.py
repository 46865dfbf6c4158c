"""The lists of a hundred thousand executions, asked in this process: no network is measured."""

import statistics
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.test import Client

from bench.situations import BenchError
from executions.models import Execution
from teams.models import User

FULL_ROWS = 100_000
QUICK_ROWS = 500
BATCH = 20_000
ASKED = 11
LABEL = "hundredth"
LISTS = {
    "all": "/executions/",
    "status": "/executions/?status=partial",
    "nothing": "/executions/?status=quarantined",
    "under_way": "/executions/?status=under_way",
    "started_by": "/executions/?started_by={owner}",
    "team": "/executions/?team={team}",
    "day": "/executions/?since=2020-01-01&until=2020-01-02",
    "label": f"/executions/?label={LABEL}",
    "search_often": "/executions/?q=report",
    "search_never": "/executions/?q=cherries",
    "api": "/api/v1/executions",
    "api_by_cost": "/api/v1/executions?ordering=-cost",
}


def copy_execution(execution: Execution, times: int) -> None:
    """Copy an execution into the past, later ids for later ones; one in a hundred is labelled."""
    columns = [field.column for field in Execution._meta.concrete_fields]  # noqa: SLF001  Django's own way
    changed = {
        "id": f"('00000000-0000-7000-8000-' || lpad(to_hex({times} - n), 12, '0'))::uuid",
        "initial_prompt": "'Report ' || n || ' about ' || md5(n::text) || repeat(' and what it means', 20)",
        "status": "(ARRAY['completed', 'cancelled', 'partial'])[1 + mod(n, 3)]",
        "labels": f"CASE WHEN mod(n, 100) = 0 THEN ARRAY['{LABEL}'] ELSE ARRAY[]::varchar[] END",
        "cost_metrics": "jsonb_build_object('cost_usd', (mod(n * 7919, 100000) / 10000.0)::text)",
        "created_at": "o.created_at - n * interval '1 minute'",
        "started_at": "o.created_at - n * interval '1 minute'",
        "finished_at": "o.created_at - n * interval '1 minute' + interval '30 seconds'",
    }
    copied = ", ".join(changed.get(name, f"o.{name}") for name in columns)
    many = f"INSERT INTO renum_team_executions ({', '.join(columns)}) SELECT {copied}"
    source = " FROM (SELECT * FROM renum_team_executions WHERE id = %s) AS o, generate_series(%s, %s) AS n"
    with connection.cursor() as cursor:
        # No statement may take longer than the site says.
        for first in range(1, times, BATCH):
            cursor.execute(many + source, [execution.pk, first, min(first + BATCH - 1, times)])
        cursor.execute("ANALYZE renum_team_executions, renum_team_execution_words")


def measure_lists(
    owner: User, team_id: uuid.UUID, *, rows: int, say: Callable[[str], None]
) -> dict[str, float]:
    """Return how long each list takes, the median of eleven. Leaves `rows` executions behind.

    Raises BenchError where a list is refused.
    """
    say(f"Lists: {rows} executions")
    first = Execution.objects.filter(team_id=team_id).order_by("id").first()
    if first is None:
        msg = "There is no execution to be listed."
        raise BenchError(msg)
    copy_execution(first, rows)
    client = Client(headers={"host": next((h for h in settings.ALLOWED_HOSTS if h.strip(".*")), "localhost")})
    client.force_login(owner)
    return {
        f"list_{name}_ms": ask_often(client, address.format(team=team_id, owner=owner.pk))
        for name, address in LISTS.items()
    }


def ask_often(client: Client, address: str) -> float:
    """Return the median time of one address in milliseconds, without the first look at it."""
    took_ms = []
    for number in range(ASKED + 1):
        begun = time.perf_counter()
        status = client.get(address).status_code
        # What a process reads once, at its first page, is no question of rows.
        if number:
            took_ms.append((time.perf_counter() - begun) * 1000)
        if status != 200:
            msg = f"{address} answered {status}."
            raise BenchError(msg)
    return statistics.median(took_ms)
