"""Executions and the ledger in the admin: what is shown, what adds up, and the one verb."""

from collections.abc import Mapping

import pytest
from django.test import Client

from executions.models import Execution, ExecutionEvent
from tests.fixtures.site_rows import HOSTILE, bill, make_team, set_execution, set_step, start
from tests.functional.admin.conftest import Site, staff_with

pytestmark = pytest.mark.django_db


def test_an_answer_is_shown_as_escaped_text_and_not_whole(site: Site, admin: Client) -> None:
    body = admin.get(f"/admin/executions/execution/{site.execution.pk}/change/").content.decode()

    assert "&lt;img src=x onerror=alert(1)&gt;" in body
    assert HOSTILE not in body
    assert "x" * 501 not in body


def test_an_execution_is_cancelled_after_the_question_and_only_by_post(site: Site, admin: Client) -> None:
    address = f"/admin/executions/execution/{site.execution.pk}/cancel/"

    asked = admin.get(address)
    site.execution.refresh_from_db()
    untouched = site.execution.cancel_requested_at
    done = admin.post(address)

    site.execution.refresh_from_db()
    assert (asked.status_code, untouched) == (200, None)
    assert done.status_code == 302
    assert site.execution.cancel_requested_at is not None
    event = ExecutionEvent.objects.get(execution=site.execution, kind="cancel_requested")
    assert event.actor == f"user:{site.superuser.pk}"


def test_cancelling_is_offered_only_where_it_is_legal(site: Site, admin: Client) -> None:
    page = f"/admin/executions/execution/{site.execution.pk}/change/"
    verb = f"/admin/executions/execution/{site.execution.pk}/cancel/"
    offered = verb in admin.get(page).content.decode()

    set_execution(site.execution, status="completed")

    assert offered
    assert verb not in admin.get(page).content.decode()
    assert admin.post(verb).status_code == 403


def test_staff_without_the_right_can_neither_see_the_verb_nor_use_it(site: Site) -> None:
    client = staff_with("vera", "executions.view_execution")
    page = client.get(f"/admin/executions/execution/{site.execution.pk}/change/")
    verb = f"/admin/executions/execution/{site.execution.pk}/cancel/"

    assert page.status_code == 200
    assert verb not in page.content.decode()
    assert client.post(verb).status_code == 403
    assert b"cancel_selected" not in client.get("/admin/executions/execution/").content
    site.execution.refresh_from_db()
    assert site.execution.cancel_requested_at is None


def test_cancelling_a_selection_says_which_were_over(site: Site, admin: Client) -> None:
    over = start(make_team(site.owner, name="Other", connection=site.connection))
    set_execution(over, status="completed")

    response = admin.post(
        "/admin/executions/execution/",
        {"action": "cancel_selected", "_selected_action": [str(site.execution.pk), str(over.pk)]},
        follow=True,
    )

    body = response.content.decode()
    assert "Asked for 1 to be cancelled." in body
    assert "has ended already" in body
    assert Execution.objects.filter(cancel_requested_at__isnull=False).get() == site.execution


def test_nothing_of_an_execution_or_the_ledger_can_be_written(site: Site, admin: Client) -> None:
    for model in (
        "executions/execution",
        "executions/agentrun",
        "executions/executionevent",
        "billing/usagelog",
    ):
        assert admin.get(f"/admin/{model}/add/").status_code == 403, model
    status = Execution.objects.get(pk=site.execution.pk).status
    response = admin.post(f"/admin/executions/execution/{site.execution.pk}/change/", {"status": "completed"})

    assert response.status_code == 403
    assert Execution.objects.get(pk=site.execution.pk).status == status


def test_an_execution_links_to_its_own_events(site: Site, admin: Client) -> None:
    other = start(make_team(site.owner, name="Other", connection=site.connection))

    page = admin.get(f"/admin/executions/execution/{site.execution.pk}/change/").content.decode()
    address = f"/admin/executions/executionevent/?execution__id__exact={site.execution.pk}"
    events = admin.get(address).content.decode()

    assert address in page
    assert str(site.execution.pk) in events
    assert str(other.pk) not in events


@pytest.mark.parametrize(
    ("query", "cost", "responses"),
    [
        ("", "0.072", 5),
        ("pricing__exact=priced", "0.072", 3),
        ("pricing__exact=unpriced", None, 1),
        ("model_name=o3", "0.072", 3),
        ("created_at_from_0=2030-01-01&created_at_from_1=00:00:00", None, 0),
    ],
)
def test_the_ledgers_totals_are_those_of_the_rows_that_the_filters_leave(
    site: Site, admin: Client, query: str, cost: str | None, responses: int
) -> None:
    step = set_step(site.execution, "agent-123")
    bill(site.execution, step)
    bill(site.execution, step)
    bill(site.execution, step, model="a-model-nobody-knows", provider="nobody")
    bill(site.execution, step, tokens_input=None, tokens_output=None, model="silent")

    response = admin.get(f"/admin/billing/usagelog/?{query}")

    totals: Mapping[str, object] = response.context["totals"]
    assert response.status_code == 200
    assert totals["responses"] == responses
    shown = totals["cost_usd"]
    assert (None if shown is None else f"{shown:f}".rstrip("0")) == cost
