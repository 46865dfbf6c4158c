"""The verbs on an execution's page: the buttons that are legal, what they do, and where repeats lead."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import translation

from executions.models import Execution
from teams.models import Team, User
from tests.fixtures.site_rows import NOW, set_execution, set_step

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]


def page_of(client: Client, execution: Execution, **headers: str) -> str:
    response = client.get(reverse("execution", args=[execution.pk]), headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def forms_of(client: Client, execution: Execution) -> list[str]:
    """Return what the page has forms for, in their order."""
    found = re.findall(r'<form method="post" action="([^"]+)">', page_of(client, execution))
    place = reverse("execution", args=[execution.pk])
    return [address.removeprefix(place).strip("/") for address in found if address.startswith(place)]


def buttons(client: Client, execution: Execution) -> list[str]:
    """Return the verbs that the page offers to somebody who may also change the labels."""
    labels, *verbs = forms_of(client, execution)
    assert labels == "labels"
    return verbs


def press(client: Client, execution: Execution, verb: str, **form: str) -> str:
    response = client.post(reverse(f"execution-{verb}", args=[execution.pk]), form)
    assert response.status_code == 302, response.content
    return str(response["Location"])


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, ["pause", "cancel"]),
        ({"status": "running"}, ["pause", "cancel"]),
        ({"status": "running", "pause_requested_at": NOW}, ["resume", "cancel"]),
        ({"status": "paused", "pause_requested_at": NOW}, ["resume", "cancel"]),
        ({"status": "quarantined", "pause_requested_at": NOW}, ["cancel"]),
        ({"status": "cancelling", "cancel_requested_at": NOW}, []),
        ({"status": "completed"}, ["run-again"]),
        ({"status": "partial"}, ["retry", "run-again"]),
        ({"status": "failed", "code": "step_failed"}, ["retry", "run-again"]),
        ({"status": "failed", "code": "condition_undecidable"}, ["run-again"]),
        ({"status": "cancelled", "cancel_requested_at": NOW}, ["retry", "run-again"]),
    ],
)
def test_the_page_offers_what_is_legal_and_to_a_viewer_nothing(
    sign_in: SignIn,
    operator: User,
    viewer: User,
    execution: Execution,
    columns: dict[str, object],
    expected: list[str],
) -> None:
    set_execution(execution, **columns)

    assert buttons(sign_in(operator), execution) == expected
    assert forms_of(sign_in(viewer), execution) == []


def test_a_member_of_the_team_who_is_staff_with_the_right_releases(
    sign_in: SignIn, operator: User, execution: Execution
) -> None:
    User.objects.filter(pk=operator.pk).update(is_staff=True)
    operator.user_permissions.add(Permission.objects.get(codename="change_execution"))
    set_execution(execution, status="quarantined", code="crashed", pause_requested_at=NOW)
    client = sign_in(operator)

    assert buttons(client, execution) == ["release", "cancel"]
    press(client, execution, "release")

    body = page_of(client, execution)
    assert "It goes on as soon as a driver takes it." in body
    assert buttons(client, execution) == ["cancel"]


@pytest.mark.parametrize(
    ("columns", "sentence", "in_portuguese"),
    [
        ({"pause_requested_at": NOW}, "Paused before it began.", "Pausada antes de começar."),
        (
            {"status": "running", "pause_requested_at": NOW},
            "It is being paused",
            "Está sendo pausada: o que está rodando vai até o fim",
        ),
        (
            {"status": "paused", "pause_requested_at": NOW},
            "Paused: nothing new is started.",
            "Em pausa: nada de novo é iniciado.",
        ),
        (
            {"status": "paused", "code": "needs_review", "pause_requested_at": NOW},
            "A backup was restored while it was under way.",
            "Um backup foi restaurado enquanto ela estava em curso.",
        ),
        (
            {"status": "quarantined", "code": "crashed", "pause_requested_at": NOW},
            "Set aside, because",
            "Posta de lado, porque derrubou seu condutor repetidas vezes.",
        ),
    ],
)
def test_the_page_says_why_nothing_happens_in_both_languages(
    sign_in: SignIn,
    owner: User,
    execution: Execution,
    columns: dict[str, object],
    sentence: str,
    in_portuguese: str,
) -> None:
    set_execution(execution, **columns)
    client = sign_in(owner)

    assert sentence in page_of(client, execution)
    with translation.override("pt-br"):
        body = page_of(client, execution, **{"Accept-Language": "pt-br"})
    assert in_portuguese in body
    assert sentence not in body


def test_pausing_and_resuming_lead_back_to_the_execution(
    sign_in: SignIn, owner: User, execution: Execution
) -> None:
    client = sign_in(owner)
    page = reverse("execution", args=[execution.pk])

    assert press(client, execution, "pause") == page
    assert buttons(client, execution) == ["resume", "cancel"]
    assert press(client, execution, "resume") == page
    assert buttons(client, execution) == ["pause", "cancel"]


def test_a_retry_leads_to_the_new_execution_which_says_what_it_keeps(
    sign_in: SignIn, owner: User, execution: Execution
) -> None:
    set_step(execution, "agent-123", status="completed", result_text="Facts.")
    set_step(execution, "agent-456", status="failed", code="agent_failed")
    set_execution(execution, status="failed", code="step_failed")
    client = sign_in(owner)
    form_key = re.search(r'name="form_key" value="([^"]+)"', page_of(client, execution))
    assert form_key

    place = press(client, execution, "retry", form_key=form_key[1])

    new = Execution.objects.get(retried_from=execution)
    assert (
        place
        == reverse("execution", args=[new.pk])
        == press(client, execution, "retry", form_key=form_key[1])
    )
    body, old = page_of(client, new), page_of(client, execution)
    assert body.count("Made in an earlier execution, at no cost here.") == 1
    assert f'href="{reverse("execution", args=[execution.pk])}"' in body
    assert "Repeats the execution of" in body
    assert "Repeated by the execution of" in old
    assert f'href="{place}"' in old


def test_both_repeats_can_be_asked_for_from_one_page(
    sign_in: SignIn, owner: User, execution: Execution
) -> None:
    set_execution(execution, status="failed", code="step_failed")
    client = sign_in(owner)
    form_keys = re.findall(r'name="form_key" value="([^"]+)"', page_of(client, execution))

    for _ in range(2):
        for verb, form_key in zip(("retry", "run_again"), form_keys, strict=True):
            press(client, execution, verb, form_key=form_key)

    assert Execution.objects.filter(retried_from=execution).count() == 2


def test_what_is_refused_is_said_on_a_page_with_a_way_back(
    sign_in: SignIn, owner: User, team: Team, execution: Execution
) -> None:
    set_execution(execution, status="failed", code="step_failed")
    Team.objects.filter(pk=team.pk).update(is_active=False)

    response = sign_in(owner).post(reverse("execution-retry", args=[execution.pk]))

    body = response.content.decode()
    assert response.status_code == 409
    assert "The team is switched off." in body
    assert reverse("execution", args=[execution.pk]) in body
