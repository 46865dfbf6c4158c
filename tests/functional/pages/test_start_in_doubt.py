"""A start that nobody can look up, on the page and in the admin: what is said, offered, and done."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from executions.models import AgentRun, Execution
from teams.models import User
from tests.fixtures.site_rows import doubt_start, set_step

pytestmark = pytest.mark.django_db

VERBS = {"start_again": "again", "give_up_start": "give_up"}


def staff_with(*rights: str) -> Client:
    user = User.objects.create_user("rita", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(user)
    return client


def client_for(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("verb", VERBS)
def test_the_page_says_what_is_known_and_offers_both_verbs_to_an_operator(
    execution: Execution, operator: User, viewer: User, verb: str
) -> None:
    run = doubt_start(execution)
    page = reverse("execution", args=[execution.pk])
    target = reverse(f"execution-{verb}", args=[execution.pk])

    shown = client_for(operator).get(page).content.decode()
    assert "cannot tell whether there is a run" in shown
    assert f'action="{target}"' in shown
    assert f'action="{target}"' not in client_for(viewer).get(page).content.decode()
    asked = client_for(operator).post(target, {"step": run.step.step_id})

    run.refresh_from_db()
    assert (asked.status_code, asked["Location"], run.start_decision) == (302, page, VERBS[verb])
    kinds = {"start_again": "start_again_requested", "give_up_start": "start_give_up_requested"}
    assert execution.events.filter(kind=kinds[verb], actor=f"user:{operator.pk}").count() == 1
    other = next(one for one in VERBS if one != verb)
    refused = client_for(operator).post(
        reverse(f"execution-{other}", args=[execution.pk]), {"step": run.step.step_id}
    )
    assert (refused.status_code, "decided otherwise" in refused.content.decode()) == (409, True)


def test_a_step_that_is_not_in_doubt_shows_no_verb_and_takes_none(
    execution: Execution, operator: User
) -> None:
    run = doubt_start(execution)
    set_step(execution, run.step.step_id, code="start_uncertain")
    target = reverse("execution-start_again", args=[execution.pk])
    client = client_for(operator)

    assert target not in client.get(reverse("execution", args=[execution.pk])).content.decode()
    for step in (run.step.step_id, "no such step", ""):
        assert client.post(target, {"step": step}).status_code == 409
    assert AgentRun.objects.get(pk=run.pk).start_decision == ""


@pytest.mark.parametrize("verb", VERBS)
def test_staff_with_the_right_decide_in_the_admin_after_a_question(execution: Execution, verb: str) -> None:
    run = doubt_start(execution)
    page = reverse("admin:executions_agentrun_change", args=[run.pk])
    target = f"/admin/executions/agentrun/{run.pk}/{verb.replace('_', '-')}/"
    client = staff_with("view_agentrun", "view_execution", "change_execution")

    assert target in client.get(page).content.decode()
    assert client.get(target).status_code == 200
    run.refresh_from_db()
    assert run.start_decision == ""
    assert client.post(target).status_code == 302

    run.refresh_from_db()
    assert run.start_decision == VERBS[verb]


def test_staff_without_the_right_and_runs_that_are_known_have_no_verb(execution: Execution) -> None:
    run = doubt_start(execution)
    target = f"/admin/executions/agentrun/{run.pk}/start-again/"
    page = reverse("admin:executions_agentrun_change", args=[run.pk])
    without = staff_with("view_agentrun", "view_execution")
    assert target not in without.get(page).content.decode()
    assert without.post(target).status_code == 403

    set_step(execution, run.step.step_id, code="start_uncertain")
    User.objects.get(username="rita").user_permissions.add(
        Permission.objects.get(codename="change_execution")
    )
    assert target not in without.get(page).content.decode()
    assert without.post(target).status_code in (403, 404)
    assert AgentRun.objects.get(pk=run.pk).start_decision == ""
