"""What an execution cost stands beside what was to be expected of it when it was started."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from executions.models import Execution
from teams.models import Agent, Team, User
from tests.fixtures.site_rows import bill, set_execution, set_step, start
from tests.functional.admin.conftest import staff_with
from tests.functional.api.conftest import client_for

pytestmark = pytest.mark.django_db


def finished(team: Team, *, tokens: int) -> Execution:
    execution = start(team)
    step = set_step(execution, "agent-123", status="completed", attempts=1, result_text="Done.")
    bill(execution, step, tokens_input=tokens, tokens_output=0)
    return set_execution(execution, status="completed", result_text="Done.", usage_complete=True)


def test_the_cost_is_compared_with_the_runs_before_and_not_with_itself_or_later_ones(
    sign_in: Callable[[User], Client], team: Team, owner: User
) -> None:
    client = sign_in(owner)
    first = [finished(team, tokens=tokens) for tokens in (10_000, 20_000, 30_000)]
    dear = finished(team, tokens=900_000)
    for _ in range(3):
        finished(team, tokens=900_000)

    def shown(execution: Execution) -> str:
        return " ".join(client.get(reverse("execution", args=[execution.pk])).content.decode().split())

    # 2 USD for a million tokens in.
    assert "Before it began $0.0400 \u2013 $0.0600 was to be expected, as 3 runs had cost." in shown(dear)
    for execution in first:
        assert "was to be expected" not in shown(execution)


def test_without_enough_runs_before_it_is_the_size_of_the_prompts_and_the_prices(
    sign_in: Callable[[User], Client], team: Team, owner: User
) -> None:
    execution = finished(team, tokens=10_000)
    for agent_id in execution.steps.values_list("agent_id", flat=True).distinct():
        Agent.objects.update_or_create(
            connection=team.connection, agent_id=agent_id, defaults={"model_name": "gpt-4o-mini"}
        )
    told = client_for(owner).get(f"/api/v1/executions/{execution.pk}/usage").json()["expected_cost_usd"]
    page = sign_in(owner).get(reverse("execution", args=[execution.pk])).content.decode()

    assert (told["basis"], told["p90"], told["samples"]) == ("steps", None, 0)
    assert Decimal(0) < Decimal(told["median"]) < Decimal("0.01")
    assert "or more was to be expected, by the size of its prompts" in " ".join(page.split())


def test_the_api_and_the_admin_tell_the_same_and_nothing_of_what_goes_on(team: Team, owner: User) -> None:
    for tokens in (10_000, 20_000, 30_000):
        finished(team, tokens=tokens)
    dear, open_one = finished(team, tokens=900_000), start(team)
    client, staff = client_for(owner), staff_with("ola", "executions.view_execution")

    def told(execution: Execution) -> object:
        return client.get(f"/api/v1/executions/{execution.pk}/usage").json()["expected_cost_usd"]

    assert told(dear) == {"median": "0.0400000000", "p90": "0.0600000000", "basis": "history", "samples": 3}
    assert told(open_one) is None
    shown = staff.get(f"/admin/executions/execution/{dear.pk}/change/").content.decode()
    assert "$0.0400 \u2013 $0.0600" in shown
