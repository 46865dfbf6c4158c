"""Who may open which page: every address of the pages, from the resolver, for every kind of person."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from billing.actions.store_user_key import store_user_key
from billing.pages.urls import urlpatterns as key_urls
from executions.models import Execution
from executions.pages.cost_urls import urlpatterns as cost_urls
from executions.pages.urls import urlpatterns as execution_urls
from teams.actions.issue_token import issue_own_token
from teams.markdown.leaving import leave_address
from teams.models import Agent, ApiTokenScope, Team, User
from teams.pages.token_urls import urlpatterns as token_urls
from teams.pages.urls import urlpatterns as team_urls
from tests.fixtures.budget_rows import make_budget
from tests.fixtures.site_rows import NOW, ask, doubt_start, set_execution
from tests.fixtures.statement_rows import make_statement
from tests.functional.pages.shared_routes import SHARED

pytestmark = pytest.mark.django_db

VERBS = {
    "execution-cancel": {},
    "execution-pause": {},
    "execution-resume": {"status": "paused", "pause_requested_at": NOW},
    "execution-release": {"status": "quarantined", "pause_requested_at": NOW},
    "execution-retry": {"status": "failed", "code": "step_failed"},
    "execution-run_again": {"status": "completed"},
}
"""Each verb's form, and how an execution must stand for it."""
CONNECTION_FORMS = {"connection-test", "connection-sync", "connection-forget", "connection-agent-tools"}
STEP_VERBS = {"execution-start_again", "execution-give_up_start"}
ESTIMATE = "team-estimate"
"""A form that changes nothing: whoever sees the team may send it."""
FORMS = {
    "team-run",
    "execution-labels",
    "execution-message",
    ESTIMATE,
    "question-answer",
    *VERBS,
    *STEP_VERBS,
    *CONNECTION_FORMS,
}
WITHOUT_OBJECT = {
    "leave",
    "execution-compare",
    "start",
    "team-list",
    "template-list",
    "template",
    "execution-list",
    "inbox",
    "connection-list",
    "connection-new",
}
OWN_PAGES = {
    "budget",
    "budget-list",
    "budget-new",
    "budget-change",
    "budget-delete",
    "costs",
    "cost-rows",
    "prices",
    "statement",
    "statement-list",
    "keys",
    "key-delete",
    "tokens",
    "token-revoke",
}
OWN_FORMS = {"key-store", "token-make"}
# What a person gets from each address: status of a GET of a page, of a POST of a form.
EXPECTED = {
    "nobody": {"page": 302, "form": 302},
    "outsider": {"page": 404, "form": 404},
    "staff": {"page": 404, "form": 404},
    "viewer": {"page": 200, "form": 403},
    "operator": {"page": 200, "form": 302},
    "editor": {"page": 200, "form": 302},
    "owner": {"page": 200, "form": 302},
}


def routes() -> Iterator[str]:
    for pattern in [*team_urls, *execution_urls]:
        assert isinstance(pattern, URLPattern)
        assert pattern.name
        if pattern.name in SHARED:
            continue
        yield pattern.name


def address_of(name: str, team: Team, execution: Execution) -> str:
    if name == "leave":
        return leave_address("https://example.com/")
    if name in WITHOUT_OBJECT:
        return reverse(name, args=["customer-service"] if name == "template" else [])
    if name == "connection-agent-tools":
        agent = Agent.objects.create(connection=team.connection, agent_id="agent-1")
        return reverse(name, args=[team.connection_id, agent.pk])
    if name.startswith("connection"):
        return reverse(name, args=[team.connection_id])
    if name == "question-answer":
        return reverse(name, args=[ask(execution).pk])
    if name == "execution-step":
        return reverse(name, args=[execution.pk, "agent-123"])
    return reverse(name, args=[team.pk if name.startswith("team") else execution.pk])


def client_of(person: str, request: pytest.FixtureRequest) -> Client:
    client = Client()
    if person != "nobody":
        client.force_login(request.getfixturevalue(person))
    return client


@pytest.mark.parametrize("person", EXPECTED)
@pytest.mark.parametrize("name", list(routes()))
def test_each_address_answers_each_person_as_their_role_says(
    request: pytest.FixtureRequest, team: Team, execution: Execution, name: str, person: str
) -> None:
    client = client_of(person, request)
    address = address_of(name, team, execution)
    set_execution(execution, **VERBS.get(name, {}))
    step_id = doubt_start(execution).step.step_id if name in STEP_VERBS else ""

    if name.startswith("connection-") or name == "connection":
        # The connection is the owner's own, whatever role others have in a team that uses it.
        here = {"nobody": 302, "owner": 302 if name in FORMS else 200}
        asked = client.post(address) if name in FORMS else client.get(address)
        expected = here.get(person, 200 if name in WITHOUT_OBJECT else 404)
        if (name, person) == ("connection-sync", "owner"):
            # Nobody answers at its address.
            expected = 409
        if (name, person) == ("connection-agent-tools", "owner"):
            # It says what was done on the page itself.
            expected = 200
        assert asked.status_code == expected
        return
    if name in FORMS:
        said = {"prompt": "Look into it.", "step": step_id, "answer": "Lisbon.", "text": "Hear."}
        said |= {"connection": str(team.connection_id)}
        status = client.post(address, said).status_code
        expected = EXPECTED[person]["form"]
        if name == "execution-release" and expected == 302 and person != "nobody":
            # Whatever the role: staff release what crashed.
            expected = 403
        if name == ESTIMATE:
            expected = EXPECTED[person]["page"]
    else:
        status = client.get(address).status_code
        expected = EXPECTED[person]["page"]
        if name in WITHOUT_OBJECT and person != "nobody":
            expected = 200

    assert status == expected


def test_a_stranger_is_sent_to_the_log_in_and_comes_back(team: Team, owner: User) -> None:
    client = Client()
    page = reverse("team", args=[team.pk])

    to_login = client.get(page)
    back = client.post(
        to_login["Location"], {"username": "olga", "password": "correct horse battery staple", "next": page}
    )

    assert to_login["Location"] == f"/accounts/login/?next={page}"
    assert (back.status_code, back["Location"]) == (302, page)


def test_signing_in_leads_to_no_other_site(owner: User) -> None:
    response = Client().post(
        "/accounts/login/",
        {
            "username": "olga",
            "password": "correct horse battery staple",
            "next": "https://elsewhere.example/",
        },
    )

    assert response["Location"] == "/"


def test_lists_hold_what_the_person_may_see_and_nothing_else(
    sign_in: Callable[[User], Client], execution: Execution, viewer: User, outsider: User, staff: User
) -> None:
    for person, sees in ((viewer, True), (outsider, False), (staff, False)):
        client = sign_in(person)
        for address in ("/teams/", "/executions/"):
            assert ("Analysts" in client.get(address).content.decode()) is sees, (person, address)


def test_executions_of_a_team_that_one_may_not_see_are_not_found(
    sign_in: Callable[[User], Client], team: Team, outsider: User
) -> None:
    client = sign_in(outsider)

    assert client.get(f"/executions/?team={team.pk}").status_code == 404
    assert client.get("/executions/?team=null,null").status_code == 404
    assert client.get("/executions/?team=%00").status_code == 404


def test_somebody_taken_off_the_team_sees_it_no_more(
    sign_in: Callable[[User], Client], execution: Execution, viewer: User
) -> None:
    client = sign_in(viewer)
    page = reverse("execution", args=[execution.pk])
    before = client.get(page).status_code

    viewer.team_memberships.all().delete()

    assert (before, client.get(page).status_code) == (200, 404)


@pytest.mark.parametrize("name", sorted(FORMS))
def test_forms_change_nothing_by_get_nor_without_their_token(
    team: Team, execution: Execution, owner: User, name: str
) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    address = address_of(name, team, execution)
    before = Execution.objects.values().get()

    # The form of a run stands at the address that it is sent to.
    assert client.get(address).status_code == (200 if name == "team-run" else 405)
    assert client.post(address, {"prompt": "Look into it."}).status_code == 403
    assert Execution.objects.values().get() == before


def test_the_live_part_reloads_the_page_when_the_session_is_over(execution: Execution) -> None:
    response = Client().get(reverse("execution", args=[execution.pk]), headers={"HX-Request": "true"})

    assert response["HX-Refresh"] == "true"
    assert b"<form" not in response.content


def own_routes() -> Iterator[str]:
    for pattern in [*cost_urls, *key_urls, *token_urls]:
        assert isinstance(pattern, URLPattern)
        assert pattern.name
        yield pattern.name


@pytest.mark.parametrize("name", list(own_routes()))
def test_what_is_ones_own_is_shown_to_oneself_alone(owner: User, outsider: User, name: str) -> None:
    store_user_key(user=owner, service="openai", key="sk-CANARY-0123456789", now=NOW)
    token = issue_own_token(by=owner, using=None, name="a", scope=ApiTokenScope.READ, lifetime=None)
    statement = make_statement(owner)
    budget = make_budget(owner)
    args = {
        "key-delete": ["openai"],
        "token-revoke": [token.row.public_id],
        "statement": [statement.pk],
        "budget": [budget.pk],
        "budget-change": [budget.pk],
        "budget-delete": [budget.pk],
    }.get(name, [])
    address = reverse(name, args=args)
    assert name in OWN_PAGES | OWN_FORMS

    found = {}
    for person in (None, owner, outsider):
        client = Client()
        if person is not None:
            client.force_login(person)
        found[person] = (client.post(address, {}) if name in OWN_FORMS else client.get(address)).status_code

    mine = 400 if name in OWN_FORMS else 200
    assert found == {None: 302, owner: mine, outsider: 404 if args else mine}
