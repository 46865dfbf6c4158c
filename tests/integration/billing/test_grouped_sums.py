"""Groups of the ledger are added up by SQL of our own: it says what Django's does, and is planned well."""

import datetime as dt
import itertools
import random
import uuid
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import TruncDate
from django.test.utils import CaptureQueriesContext

from billing.ledger import GroupBy, Narrowed, narrow, record_responses, sum_up
from billing.ledger.summary import _expressions
from billing.ledger.totals import tallies_by
from billing.models import UsageLog

ZONE = ZoneInfo("America/Sao_Paulo")
HOSTILE = "'; DROP TABLE renum_ai_usage_logs; -- %s %(x)s"


@pytest.fixture
def rows(db, make_entry, team, outsider, now):
    """Give 200 answers of 60 days with chosen and missing everything."""
    dice = random.Random(7)
    for _ in range(200):
        known = dice.random() < 0.9
        entry = make_entry(
            model=dice.choice(["o3", "gpt-4o", "unheard-of", HOSTILE, None]),
            provider=dice.choice(["openai", None]),
            agent_id=dice.choice(["a", HOSTILE, "é"]),
            team_id=dice.choice([team.id, None]),
            team_name=dice.choice(["Analysts", "An older name", HOSTILE]),
            payer_id=dice.choice([team.owner_id, outsider.id, None]),
            started_by_id=dice.choice([team.owner_id, None]),
            api_key_type=dice.choice(["user_provided", "suna_account"]),
            execution_id=uuid.uuid4(),
            agent_run_id=uuid.uuid4(),
            tokens_input=dice.randrange(10**9) if known else None,
            tokens_output=dice.randrange(10**9) if known else None,
            tokens_cached=dice.choice([None, 0]),
        )
        record_responses([entry], at=now - dt.timedelta(minutes=dice.randrange(60 * 24 * 60)))
    return UsageLog.objects.all()


def by_django(rows, keys):
    """Return the groups as Django's own query adds them up."""
    groups = (
        rows.order_by()
        .values(**keys)
        .annotate(
            n=Count("id"),
            tokens=Sum("tokens_input"),
            out=Sum("tokens_output"),
            cost=Sum("cost_usd"),
            no_price=Count("id", filter=Q(pricing="unpriced")),
            no_tokens=Count("id", filter=Q(pricing="unreported")),
        )
        .order_by(*keys)
    )
    return [
        (
            {name: group[name] for name in keys},
            group["n"],
            group["tokens"] or 0,
            group["out"] or 0,
            group["cost"] or Decimal(0),
            group["no_price"],
            group["no_tokens"],
        )
        for group in groups
    ]


def test_groups_are_those_that_django_finds_in_the_same_order(rows):
    for by in [*((key,) for key in GroupBy), *itertools.combinations(GroupBy, 2)]:
        keys = {}
        for key in by:
            keys |= _expressions(key, ZONE)

        ours = [
            (
                found,
                tally.responses,
                tally.tokens_input,
                tally.tokens_output,
                tally.cost_usd,
                tally.unpriced,
                tally.unreported,
            )
            for found, tally in tallies_by(rows, **keys)
        ]

        assert ours == by_django(rows, keys), by
        assert sum(group[1] for group in ours) == 200
        assert all(isinstance(count, int) for group in ours for count in group[1:4])


def test_texts_of_a_filter_stay_texts(rows, team):
    hostile = narrow(rows, Narrowed(model_name=HOSTILE))

    summary = sum_up(hostile, by=[GroupBy.MODEL], time_zone=ZONE)

    [group] = summary.groups
    assert group.keys == {GroupBy.MODEL: HOSTILE}
    assert group.tally.responses == hostile.count() > 0
    assert UsageLog.objects.count() == 200


def test_no_rows_are_no_groups_and_a_limit_is_kept(rows):
    assert tallies_by(rows.none(), model=F("model_name")) == []
    assert tallies_by(rows.filter(model_name="nobody"), model=F("model_name")) == []
    assert len(tallies_by(rows, limit=2, model=F("model_name"))) == 2


def test_days_of_many_moments_are_hashed_and_never_sorted_row_by_row(rows):
    columns = [field.column for field in UsageLog._meta.concrete_fields]
    changed = {
        "id": "gen_random_uuid()",
        "source_id": "'bulk-' || n",
        "created_at": "o.created_at - n * interval '17 minutes'",
    }
    copied = ", ".join(changed.get(name, f"o.{name}") for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO renum_ai_usage_logs ({', '.join(columns)}) SELECT {copied} "  # noqa: S608  our columns
            "FROM (SELECT * FROM renum_ai_usage_logs LIMIT 1) AS o, generate_series(1, 30000) AS n"
        )
        cursor.execute("ANALYZE renum_ai_usage_logs")

    with CaptureQueriesContext(
        connection,
    ) as asked:
        tallies_by(rows, limit=5_001, by_day=TruncDate("created_at", tzinfo=ZONE))

    [query] = asked.captured_queries
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (COSTS OFF) " + query["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "HashAggregate" in plan, plan
    # What is sorted are the groups, after they were added up.
    assert plan.index("Sort") < plan.index("HashAggregate"), plan
    assert plan.count("Sort Key") == 1, plan
