"""The pages of costs over a ledger of a million rows, asked in this process: no network is measured."""

import json
import time
import uuid
from collections.abc import Callable
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client

from bench.situations import BenchError
from teams.models import User

FULL_ROWS = 1_000_000
QUICK_ROWS = 5_000
BATCH = 50_000
ASKED = 5
PAGES = {
    "month": "/costs/?period=30",
    "quarter_by_agent": "/costs/?period=90&group=agent",
    "year_by_day": "/costs/?period=year&group=day",
    "rows": "/costs/rows/?period=30",
}
STAFF_PAGES = {
    "month": "/admin/costs/?period=30",
    "quarter_by_agent": "/admin/costs/?period=90&group=agent",
    "year_by_day": "/admin/costs/?period=year&group=day",
    "rows": "/admin/costs/rows/?period=30",
}
# Over the year before now: no statement is longer than the site allows.
_FILL = """
INSERT INTO renum_ai_usage_logs (
    id, created_at, execution_id, agent_run_id, connection_id, source_id, agent_id, step_id, attempt,
    team_id, team_name, payer_id, started_by_id, model_provider, model_name, api_key_type, tokens_input,
    tokens_output, reported, cost_usd, pricing, price_source, unit_prices, request_data, response_data
) SELECT gen_random_uuid(), now() - n * interval '1 year' / %(rows)s, gen_random_uuid(), gen_random_uuid(),
    %(connection)s, 'bench-' || n, 'agent-' || mod(n, 40), 'step', 1,
    %(team)s, 'bench', %(payer)s, %(payer)s, 'openai', 'model-' || mod(n, 7), 'suna_account', 1000,
    mod(n, 500), true, 0.0000000001 * n, 'priced', 'bench', %(nothing)s, %(nothing)s, %(nothing)s
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""


def measure_costs(
    owner: User, team_id: uuid.UUID, *, rows: int, say: Callable[[str], None]
) -> dict[str, float]:
    """Return how long each page takes, the median of five, and how soon a new row is in the sums.

    Leaves `rows` rows in the ledger. Raises BenchError where a page is refused or a sum lacks a row.
    """
    say(f"Costs: {rows} rows of the ledger")
    facts: dict[str, Any] = {
        "rows": rows,
        "team": team_id,
        "payer": owner.pk,
        "connection": uuid.uuid4(),
        "nothing": json.dumps({}),
    }
    with connection.cursor() as cursor:
        for first in range(1, rows + 1, BATCH):
            cursor.execute(_FILL, {**facts, "first": first, "last": min(first + BATCH - 1, rows)})
        cursor.execute("ANALYZE renum_ai_usage_logs")
    host = {"host": next((h for h in settings.ALLOWED_HOSTS if h.strip(".*")), "localhost")}
    client = Client(headers=host)
    client.force_login(owner)
    found = {f"costs_{name}_ms": _asked(client, address) for name, address in PAGES.items()}
    staff = Client(headers=host)
    staff.force_login(User.objects.create_superuser("bench-staff"))
    found |= {f"review_{name}_ms": _asked(staff, address) for name, address in STAFF_PAGES.items()}
    say("Costs: a row that is written now")
    before = _responses(client)
    with connection.cursor() as cursor:
        cursor.execute(_FILL, {**facts, "first": 0, "last": 0})
    begun = time.perf_counter()
    if _responses(client) != before + 1:
        msg = "A row that was written is not in the sums."
        raise BenchError(msg)
    return {**found, "costs_new_row_seen_ms": (time.perf_counter() - begun) * 1000}


def _asked(client: Client, address: str) -> float:
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
    return median(took_ms)


def _responses(client: Client) -> int:
    found = client.get("/api/v1/usage/summary").json()
    count: int = found["total"]["usage"]["responses"]
    return count
