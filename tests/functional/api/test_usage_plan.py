"""Many rows in the ledger: a person's are found by index."""

import datetime as dt

from django.db import connection

from billing.models import UsageLog
from tests.functional.api.conftest import NOW
from tests.functional.api.test_usage import SUMMARY, bill


def test_one_query_with_an_index_finds_a_persons_rows_among_many(api, owner, team, outsider) -> None:
    for _ in range(20):
        bill(team)
    columns = [field.column for field in UsageLog._meta.concrete_fields]
    changed = {
        "id": "gen_random_uuid()",
        "source_id": "'bulk-' || n",
        "payer_id": "%s::uuid",
        "team_id": "NULL",
        "created_at": "o.created_at - n * interval '20 minutes'",
    }
    copied = ", ".join(changed.get(name, f"o.{name}") for name in columns)
    many = f"INSERT INTO renum_ai_usage_logs ({', '.join(columns)}) SELECT {copied}"
    source = " FROM (SELECT * FROM renum_ai_usage_logs LIMIT 1) AS o, generate_series(1, 30000) AS n"
    with connection.cursor() as cursor:
        cursor.execute(many + source, [outsider.pk])
        cursor.execute("ANALYZE renum_ai_usage_logs")
    seen = UsageLog.objects.for_user(owner)

    for rows in (seen, seen.filter(created_at__gte=NOW - dt.timedelta(days=30), created_at__lte=NOW)):
        plan = rows.order_by().values("model_name").explain()
        assert "Seq Scan on renum_ai_usage_logs" not in plan, plan
        assert {"usage_log_of_payer", "usage_log_of_team"} <= set(plan.replace("\n", " ").split()), plan
    assert api.get(f"{SUMMARY}?group_by=day").json()["total"]["usage"]["responses"] == 20
