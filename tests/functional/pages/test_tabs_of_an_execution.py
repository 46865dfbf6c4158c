"""The pages of one execution lead to each other."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from executions.models import Execution
from teams.models import Team, User
from tests.fixtures.site_rows import start

pytestmark = pytest.mark.django_db
STEP = "agent-123"
COMPARE = "?b="


def address(page: str, execution: Execution) -> str:
    return reverse(page, args=[execution.pk, *([STEP] if page == "execution-step" else [])])


def tabs_of(client: Client, page: str, execution: Execution) -> str:
    body = client.get(address(page, execution)).content.decode()
    found = re.findall(r'<nav class="tabs".*?</nav>', body, re.DOTALL)
    assert len(found) == 1
    assert "css/tabs.css" in body
    return str(found[0])


@pytest.mark.parametrize("page", ["execution", "execution-events", "execution-context", "execution-step"])
def test_each_page_leads_to_the_others_and_says_where_one_is(
    sign_in: Callable[[User], Client], owner: User, execution: Execution, page: str
) -> None:
    tabs = tabs_of(sign_in(owner), page, execution)

    for other in ("execution", "execution-events", "execution-context"):
        assert f'href="{address(other, execution)}"' in tabs
    here = re.findall(r'href="([^"]+)" aria-current="page"', tabs)
    assert here == ([] if page == "execution-step" else [address(page, execution)])


@pytest.mark.parametrize("page", ["execution", "execution-events", "execution-context", "execution-step"])
def test_only_a_run_that_has_one_before_it_is_compared(
    sign_in: Callable[[User], Client], owner: User, team: Team, execution: Execution, page: str
) -> None:
    later = start(team)

    assert COMPARE not in tabs_of(sign_in(owner), page, execution)
    assert f"{reverse('execution-compare')}{COMPARE}{later.pk}" in tabs_of(sign_in(owner), page, later)


def test_a_step_is_named_by_a_link_to_its_page(
    sign_in: Callable[[User], Client], owner: User, execution: Execution
) -> None:
    body = sign_in(owner).get(address("execution", execution)).content.decode()

    for step_id in execution.steps.values_list("step_id", flat=True):
        assert f'<strong><a href="{reverse("execution-step", args=[execution.pk, step_id])}">' in body
