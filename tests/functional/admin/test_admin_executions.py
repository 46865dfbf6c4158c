"""Executions and the ledger in the admin: what is shown, what adds up, and the one verb."""

import re
from collections.abc import Mapping

import pytest
from django.test import Client

from executions.actions.post_message import post_message
from executions.models import ContextChange, Execution, ExecutionEvent
from teams.models import User
from tests.fixtures.site_rows import HOSTILE, NOW, bill, make_team, set_execution, set_step, start
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


LEGAL: dict[str, dict[str, object]] = {
    "release": {"status": "quarantined", "code": "crashed", "pause_requested_at": NOW},
    "resume": {"status": "paused", "pause_requested_at": NOW},
    "pause": {"status": "running"},
    "cancel": {"status": "running"},
    "retry": {"status": "failed", "code": "step_failed"},
    "run_again": {"status": "completed"},
}
RIGHTS = {**dict.fromkeys(LEGAL, "change"), "retry": "add", "run_again": "add"}


def address_of(execution: Execution, verb: str) -> str:
    return f"/admin/executions/execution/{execution.pk}/{verb.replace('_', '-')}/"


@pytest.mark.parametrize("verb", LEGAL)
def test_each_verb_is_offered_where_it_is_legal_to_who_has_the_right_and_asks_first(
    site: Site, verb: str
) -> None:
    set_execution(site.execution, **LEGAL[verb])
    page = f"/admin/executions/execution/{site.execution.pk}/change/"
    with_right = staff_with("rita", "executions.view_execution", f"executions.{RIGHTS[verb]}_execution")
    without = staff_with(
        "walt",
        "executions.view_execution",
        f"executions.{'add' if RIGHTS[verb] == 'change' else 'change'}_execution",
    )
    address = address_of(site.execution, verb)
    before = Execution.objects.values().get(pk=site.execution.pk)

    assert address not in without.get(page).content.decode()
    assert without.post(address).status_code == 403
    assert address in with_right.get(page).content.decode()
    assert with_right.get(address).status_code == 200
    assert Execution.objects.values().get(pk=site.execution.pk) == before

    done = with_right.post(address)

    made = Execution.objects.filter(retried_from=site.execution).first()
    shown = made or site.execution
    assert done.status_code == 302
    assert done["Location"] == f"/admin/executions/execution/{shown.pk}/change/"
    assert (made is not None) == (RIGHTS[verb] == "add")
    actor = f"user:{User.objects.get(username='rita').pk}"
    assert ExecutionEvent.objects.filter(execution=shown, actor=actor).exists()
    if made is not None:
        assert (made.started_by.username, made.payer) == ("rita", site.owner)


@pytest.mark.parametrize("verb", LEGAL)
def test_a_verb_is_neither_offered_nor_done_where_it_is_not_legal(
    site: Site, admin: Client, verb: str
) -> None:
    other = {"status": "cancelling", "cancel_requested_at": NOW}
    set_execution(site.execution, **other)
    before = Execution.objects.values().get(pk=site.execution.pk)

    assert (
        address_of(site.execution, verb)
        not in admin.get(f"/admin/executions/execution/{site.execution.pk}/change/").content.decode()
    )
    assert admin.post(address_of(site.execution, verb)).status_code == 403
    response = admin.post(
        "/admin/executions/execution/",
        {"action": f"{verb}_selected", "_selected_action": [str(site.execution.pk)]},
        follow=True,
    )

    assert response.status_code == 200
    assert Execution.objects.values().get(pk=site.execution.pk) == before


def form_key_of(page: str) -> str:
    found = re.search(r'name="form_key" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize("verb", ["retry", "run_again"])
def test_a_question_that_is_answered_twice_makes_one_execution(site: Site, admin: Client, verb: str) -> None:
    set_execution(site.execution, **LEGAL[verb])
    address = address_of(site.execution, verb)
    asked = [form_key_of(admin.get(address).content.decode()) for _ in range(2)]

    answered = [admin.post(address, {"form_key": key}) for key in (asked[0], asked[0], asked[1])]

    first, again, another = [response["Location"] for response in answered]
    assert first == again != another
    assert Execution.objects.filter(retried_from=site.execution).count() == 2


def test_a_selection_that_is_sent_twice_makes_one_execution_of_each(site: Site, admin: Client) -> None:
    other = start(make_team(site.owner, name="Other", connection=site.connection))
    for execution in (site.execution, other):
        set_execution(execution, **LEGAL["retry"])
    page = "/admin/executions/execution/"
    selected = [str(site.execution.pk), str(other.pk)]
    keys = [form_key_of(admin.get(page).content.decode()) for _ in range(2)]

    for verb, key in (("retry", 0), ("retry", 0), ("run_again", 0), ("retry", 1)):
        form = {"action": f"{verb}_selected", "_selected_action": selected, "form_key": keys[key]}
        assert admin.post(page, form).status_code == 302

    for execution in (site.execution, other):
        assert Execution.objects.filter(retried_from=execution).count() == 3


def test_what_is_quarantined_is_found_and_released_in_a_selection(site: Site, admin: Client) -> None:
    other = start(make_team(site.owner, name="Other", connection=site.connection))
    set_execution(site.execution, **LEGAL["release"])

    found = admin.get("/admin/executions/execution/?status__exact=quarantined").content.decode()
    response = admin.post(
        "/admin/executions/execution/",
        {"action": "release_selected", "_selected_action": [str(site.execution.pk), str(other.pk)]},
        follow=True,
    )

    assert str(site.execution.pk) in found
    assert str(other.pk) not in found
    body = response.content.decode()
    assert "Asked for 1 to be released." in body
    assert "there is nothing to release" in body
    assert ExecutionEvent.objects.get(kind="release_requested").execution == site.execution


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


@pytest.mark.parametrize("model", ["executionevent", "teammessage", "contextchange"])
def test_an_execution_links_to_its_own_events_messages_and_context(
    model: str, site: Site, admin: Client
) -> None:
    other = start(make_team(site.owner, name="Other", connection=site.connection))
    for execution in (site.execution, other):
        post_message(execution=execution, by=site.owner, text="Hello")
        for version, value in ((1, {"a": "x" * 5000}), (2, None)):
            ContextChange.objects.create(
                execution=execution,
                version=version,
                key="found",
                value=value,
                author="system",
                created_at=NOW,
            )

    page = admin.get(f"/admin/executions/execution/{site.execution.pk}/change/").content.decode()
    address = f"/admin/executions/{model}/?execution__id__exact={site.execution.pk}"
    rows = admin.get(address).content.decode()
    row = admin.get(re.findall(rf"/admin/executions/{model}/[-0-9a-f]+/change/", rows)[0])

    assert address in page
    assert str(site.execution.pk) in rows
    assert str(other.pk) not in rows
    assert row.status_code == 200
    assert "x" * 600 not in rows + row.content.decode()


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
