"""What an execution cost stands beside what was to be expected of it when it was started."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from executions.models import Execution
from teams.models import Team, User
from tests.fixtures.site_rows import bill, set_execution, set_step, start

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
