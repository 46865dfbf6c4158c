"""The page of costs over a million rows of the ledger: how long it takes, and that indexes find the rows."""

import datetime as dt
import time
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from billing.models import UsageLog
from teams.models import Team, User
from tests.functional.pages.test_cost_pages import spend

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]

ROWS = 1_000_000
BATCH = 50_000
MOST_MS = 10_000


def copy_row(row: UsageLog, times: int) -> None:
    """Copy a row over the year before it, with forty agents and seven models."""
    columns = [field.column for field in UsageLog._meta.concrete_fields]
    changed = {
        "id": "gen_random_uuid()",
        "source_id": "'bulk-' || n",
        "agent_id": "'agent-' || mod(n, 40)",
        "model_name": "'model-' || mod(n, 7)",
        "created_at": f"o.created_at - n * interval '1 year' / {times}",
    }
    copied = ", ".join(changed.get(name, f"o.{name}") for name in columns)
    many = f"INSERT INTO renum_ai_usage_logs ({', '.join(columns)}) SELECT {copied}"
    source = " FROM (SELECT * FROM renum_ai_usage_logs WHERE id = %s) AS o, generate_series(%s, %s) AS n"
    with connection.cursor() as cursor:
        # No statement may take longer than the site says.
        for first in range(1, times, BATCH):
            cursor.execute(many + source, [row.pk, first, first + BATCH - 1])
        cursor.execute("ANALYZE renum_ai_usage_logs")


def test_a_million_rows_are_shown_in_time_and_a_month_of_them_by_index(
    sign_in: Callable[[User], Client],
    team: Team,
    owner: User,
    outsider: User,
    figure: Callable[[str, float], None],
) -> None:
    copy_row(spend(team, at=timezone.now()), ROWS)
    client = sign_in(owner)
    # What a process reads once, at its first page, is no question of rows.
    client.get("/costs/?period=7")

    for name, address in (
        ("month", "/costs/?period=30"),
        ("quarter_by_agent", "/costs/?period=90&group=agent"),
        ("year_by_day", "/costs/?from=2025-01-01&group=day"),
        ("rows", "/costs/rows/?period=30"),
        ("stranger", "/costs/"),
    ):
        asking = sign_in(outsider) if name == "stranger" else client
        begun = time.perf_counter()
        response = asking.get(address)
        took_ms = (time.perf_counter() - begun) * 1000
        figure(f"costs_page.{name}_ms", round(took_ms))
        assert response.status_code == 200
        assert took_ms < MOST_MS, name
    month = UsageLog.objects.for_user(owner).filter(created_at__gte=timezone.now() - dt.timedelta(days=30))
    plan = month.order_by().values("model_name").explain()
    assert "Seq Scan on renum_ai_usage_logs" not in plan, plan
