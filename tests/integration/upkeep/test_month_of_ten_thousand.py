"""A random month of ten thousand answers: whoever adds them up, in whatever way, comes to the same."""

import csv
import datetime as dt
import io
import random
import uuid
from collections import defaultdict
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db.models import Sum
from django.test import Client

from billing.budgets.period_rows import key_of, lock_periods
from billing.ledger import GroupBy, sum_up
from billing.ledger.statements import close_statements
from billing.models import ApiKeyType, Statement, UsageLog
from executions.orchestrator.totals import write_totals
from tests.fixtures.budget_rows import make_budget
from tests.fixtures.people import make_person
from tests.fixtures.site_rows import make_connection, make_team, start

pytestmark = pytest.mark.django_db
ROWS, TEAMS, EXECUTIONS = 10_000, 4, 12
FIRST, AFTER = dt.datetime(2026, 9, 1, tzinfo=dt.UTC), dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
MODELS = [("openai", "o3"), ("anthropic", "claude"), ("", "our-own"), ("openai", "")]


def a_row(dice: random.Random, execution, number: int) -> UsageLog:
    provider, model = dice.choice(MODELS)
    pricing = dice.choices(["priced", "unpriced", "unreported"], [90, 7, 3])[0]
    is_reported = pricing != "unreported"
    return UsageLog(
        created_at=FIRST + (AFTER - FIRST) * dice.random(),
        execution_id=execution.pk,
        agent_run_id=uuid.uuid4(),
        connection_id=execution.connection_id,
        source_id=f"message-{number}",
        agent_id=f"agent-{dice.randrange(9)}",
        step_id="step",
        attempt=1,
        team_id=execution.team_id,
        team_name=execution.team.name,
        payer_id=execution.payer_id,
        started_by_id=execution.started_by_id,
        model_provider=provider,
        model_name=model,
        api_key_type=dice.choice(ApiKeyType.values),
        tokens_input=dice.randrange(10**6) if is_reported else None,
        tokens_output=dice.randrange(10**5) if is_reported else None,
        reported=is_reported,
        # To the last of the ledger's ten digits, of very different sizes.
        cost_usd=Decimal(dice.randrange(10 ** dice.randrange(1, 13))).scaleb(-10)
        if pricing == "priced"
        else None,
        pricing=pricing,
        price_source="test" if pricing == "priced" else "",
    )


def test_the_review_the_statements_the_executions_and_the_budgets_are_the_sum_of_the_rows(figure) -> None:
    seed = random.SystemRandom().randrange(10**6)
    dice = random.Random(seed)
    figure("month_seed", seed)
    owners = [make_person(f"owner-{number}") for number in range(TEAMS)]
    teams = [make_team(owner, connection=make_connection(owner), name=f"T {owner}") for owner in owners]
    executions = [start(dice.choice(teams)) for _ in range(EXECUTIONS)]
    rows = [a_row(dice, dice.choice(executions), number) for number in range(ROWS)]
    UsageLog.objects.bulk_create(rows, batch_size=2_000)
    write_totals([execution.pk for execution in executions])
    budgets = [make_budget(team.owner, team=team, limit_usd="99999999") for team in teams]

    expected = sum((row.cost_usd or Decimal(0) for row in rows), Decimal(0))
    by_payer: defaultdict[uuid.UUID, Decimal] = defaultdict(Decimal)
    for row in rows:
        by_payer[row.payer_id] += row.cost_usd or 0

    for group in GroupBy:
        summary = sum_up(UsageLog.objects.all(), by=[group], time_zone=dt.UTC)
        assert summary.overall.cost_usd == sum(one.tally.cost_usd for one in summary.groups) == expected, (
            group
        )
        assert sum(one.tally.responses for one in summary.groups) == ROWS, group
    client = Client()
    reviewer = make_person("rena", is_staff=True)
    reviewer.user_permissions.add(Permission.objects.get(codename="view_usagelog"))
    client.force_login(reviewer)
    days = "from=2026-09-01&to=2026-09-30"
    for group in ("team", "payer", "day"):
        view = client.get(f"/admin/costs/?{days}&group={group}").context["view"]
        assert view.overall.cost_usd == sum(line.tally.cost_usd for line in view.lines) == expected
        assert sum(bar.tally.cost_usd for bar in view.chart.bars) == expected
    answer = client.get(f"/admin/costs/csv/?{days}&of=rows")
    written = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode()))
    assert sum(Decimal(line["cost_usd"] or 0) for line in written) == expected

    for _ in close_statements(now=AFTER + dt.timedelta(days=10)):
        pass
    assert {one.payer_id: one.cost_usd for one in Statement.objects.all()} == dict(by_payer)
    assert Statement.objects.aggregate(usd=Sum("lines__cost_usd"))["usd"] == expected
    for execution in executions:
        execution.refresh_from_db()
    told = [execution.cost_metrics for execution in executions if execution.cost_metrics]
    assert sum(Decimal(one["cost_usd"]) for one in told) == expected
    assert sum(one["unpriced"] for one in told) == sum(row.pricing == "unpriced" for row in rows)
    periods = lock_periods({key_of(one, execution_id=None, at=FIRST): one for one in budgets})
    assert sum(locked.row.spent_usd for locked in periods.values()) == expected
