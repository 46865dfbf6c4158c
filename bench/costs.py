"""The pages of costs over a ledger of a million rows, asked in this process: no network is measured."""

import json
import threading
import time
import uuid
from collections.abc import Callable
from statistics import median
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import DatabaseError, connection
from django.test import Client

from bench.situations import BenchError
from teams.models import Team, User

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
    "ledger": "/admin/billing/usagelog/",
    "unpriced": "/admin/costs/unpriced/",
}
OTHERS = 50
"""Other people, each with a team of their own: half of the rows are theirs."""
WRITE_EVERY_S = 0.05
LOOKS = 20
# Over the year before now: no statement is longer than the site allows. Runs have three answers and
# executions six, one answer in 23 has no price and one in 29 no tokens.
_FILL = """
INSERT INTO renum_ai_usage_logs (
    id, created_at, execution_id, agent_run_id, connection_id, source_id, agent_id, step_id, attempt,
    team_id, team_name, payer_id, started_by_id, model_provider, model_name, api_key_type, tokens_input,
    tokens_output, reported, cost_usd, pricing, price_source, unit_prices, request_data, response_data
) SELECT gen_random_uuid(), now() - n * interval '1 year' / %(rows)s, md5('execution ' || n / 6)::uuid,
    md5('run ' || n / 3)::uuid, %(connection)s, 'bench-' || n, 'agent-' || mod(n, 40), 'step',
    1 + mod(n / 3, 2), (%(teams)s::uuid[])[place], 'bench', (%(payers)s::uuid[])[place],
    (%(payers)s::uuid[])[place], 'openai', 'model-' || mod(n, 7), 'suna_account',
    CASE WHEN is_reported THEN 1000 END,
    CASE WHEN is_reported THEN mod(n, 500) END, is_reported,
    CASE WHEN pricing = 'priced' THEN 0.0000000001 * n END, pricing,
    CASE WHEN pricing = 'priced' THEN 'bench' ELSE '' END, %(nothing)s, %(nothing)s, %(nothing)s
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n,
    LATERAL (
        SELECT CASE WHEN mod(n / 6, 2) = 0 THEN 1 ELSE 2 + mod(n / 12, %(others)s) END AS place,
            mod(n, 29) > 0 AS is_reported,
            CASE WHEN mod(n, 29) = 0 THEN 'unreported' WHEN mod(n, 23) = 0 THEN 'unpriced' ELSE 'priced' END
                AS pricing
    ) AS row
"""
# One row of now, for the payer that is asked about.
_WRITE = """
INSERT INTO renum_ai_usage_logs (
    id, created_at, execution_id, agent_run_id, connection_id, source_id, agent_id, step_id, attempt,
    team_id, team_name, payer_id, model_provider, model_name, api_key_type, tokens_input, tokens_output,
    reported, cost_usd, pricing, price_source, unit_prices, request_data, response_data
) VALUES (gen_random_uuid(), now(), gen_random_uuid(), gen_random_uuid(), %(connection)s, %(source)s,
    'agent-1', 'step', 1, %(team)s, 'bench', %(payer)s, 'openai', 'model-1', 'suna_account', 1000, 10, true,
    0.000001, 'priced', 'bench', %(nothing)s, %(nothing)s, %(nothing)s)
"""


def measure_costs(
    owner: User, team_id: uuid.UUID, *, rows: int, say: Callable[[str], None]
) -> dict[str, float]:
    """Return how long each page takes, the median of five, and how soon written rows are in the sums.

    Leaves `rows` rows in the ledger, and some more. Raises BenchError where a page is refused or a sum lacks
    a row.
    """
    say(f"Costs: {rows} rows of the ledger")
    people, teams = _others()
    facts: dict[str, Any] = {
        "rows": rows,
        "teams": [team_id, *teams],
        "payers": [owner.pk, *people],
        "others": OTHERS,
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
    say("Costs: the sums while rows are being written")
    one = {"connection": facts["connection"], "team": team_id, "payer": owner.pk, "nothing": facts["nothing"]}
    return {**found, "costs_written_rows_seen_ms": _seen_while_written(client, one)}


def _others() -> tuple[list[uuid.UUID], list[uuid.UUID]]:
    people = User.objects.bulk_create(
        User(username=f"bench-payer-{number}", password=UNUSABLE_PASSWORD_PREFIX) for number in range(OTHERS)
    )
    teams = Team.objects.bulk_create(Team(owner=one, name="Bench", slug="bench") for one in people)
    return [one.pk for one in people], [team.pk for team in teams]


def _seen_while_written(client: Client, row: dict[str, Any]) -> float:
    """Return the longest time from a look at what is written until sums that have all of it."""
    before = _responses(client)
    written, over = 0, threading.Event()
    failed: list[Exception] = []

    def write() -> None:
        nonlocal written
        try:
            with connection.cursor() as cursor:
                while not over.wait(WRITE_EVERY_S):
                    cursor.execute(_WRITE, {**row, "source": f"written-{written}"})
                    written += 1
        except DatabaseError as error:
            failed.append(error)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    worst = 0.0
    try:
        for _ in range(LOOKS):
            committed, begun = written, time.perf_counter()
            if _responses(client) < before + committed:
                msg = "Rows that were written are not in the sums."
                raise BenchError(msg)
            worst = max(worst, time.perf_counter() - begun)
            time.sleep(WRITE_EVERY_S)
    finally:
        over.set()
        writer.join()
    if failed or not written:
        msg = f"No rows could be written beside the sums: {failed}"
        raise BenchError(msg)
    return worst * 1000


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
