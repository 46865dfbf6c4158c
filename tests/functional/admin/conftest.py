"""A small site with something in every table of the admin, and staff with different rights."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from billing.actions.set_model_price import set_model_price
from billing.actions.store_user_key import store_user_key
from billing.models import UserApiKey
from executions.models import Execution
from teams.models import SunaConnection, Team, User
from tests.fixtures.budget_rows import make_budget
from tests.fixtures.site_rows import (
    CANARY,
    HOSTILE,
    NOW,
    bill,
    make_connection,
    make_run,
    make_team,
    set_execution,
    set_step,
    start,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What there is to look at."""

    owner: User
    superuser: User
    connection: SunaConnection
    team: Team
    execution: Execution
    key: UserApiKey


@pytest.fixture
def site(db: None) -> Site:
    """Give a team with an execution that is over, a key, a price and a connection with a credential."""
    owner = User.objects.create_user("olga", email="olga@example.org", password="olga-password")
    superuser = User.objects.create_superuser("sam", email="sam@example.org", password="sam-password")
    connection = make_connection()
    team = make_team(owner, connection=connection)
    execution = start(team, prompt=HOSTILE)
    step = set_step(execution, "agent-123", status="completed", result_text=HOSTILE + "x" * 5000)
    make_run(execution, step, status="completed", finished_at=NOW)
    bill(execution, step)
    set_execution(execution, result_text=HOSTILE, cost_metrics={"cost_usd": "0.024", "unpriced": 0})
    stored = store_user_key(user=owner, service="openai", key=CANARY, now=NOW)
    set_model_price(
        actor=superuser,
        provider=None,
        model_name="local-model",
        input_usd_per_mtok=Decimal(1),
        output_usd_per_mtok=Decimal(2),
        cached_usd_per_mtok=None,
        valid_from=NOW,
        source="our own bill",
        now=NOW,
    )
    make_budget(owner, team=team)
    return Site(
        owner=owner,
        superuser=superuser,
        connection=connection,
        team=team,
        execution=execution,
        key=stored.row,
    )


@pytest.fixture
def admin(site: Site) -> Client:
    """Give a client that is signed in as the superuser."""
    client = Client()
    client.force_login(site.superuser)
    return client


def staff_with(name: str, *permissions: str) -> Client:
    """Give a client signed in as a member of staff with these permissions (app.codename) only."""
    user = User.objects.create_user(name, email=f"{name}@example.org", is_staff=True)
    for permission in permissions:
        app_label, codename = permission.split(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app_label, codename=codename)
        )
    client = Client()
    client.force_login(user)
    return client
