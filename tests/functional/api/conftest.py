"""Clients of the API, each with a token of its own, and an execution to look at."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from rest_framework.response import Response
from rest_framework.test import APIClient

from billing.actions.store_user_key import store_user_key
from executions.actions.post_message import post_message
from executions.actions.start_execution import start_execution
from executions.models import ContextChange, Execution
from teams.actions.invite_member import invite_member
from teams.models import Agent, ApiToken, ApiTokenScope, Team, TeamRole, User
from teams.models.team_invitation import AddressKind
from tests.fixtures.budget_rows import make_budget
from tests.fixtures.openapi import faults_of
from tests.fixtures.people import make_member
from tests.fixtures.site_rows import ask, bill
from tests.fixtures.statement_rows import make_statement

API = "/api/v1"
PROBLEM = "application/problem+json"
ANY_STATE = {"If-Match": "*"}
"""What a change of a team is sent with where it does not matter what was seen."""
NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)

pytestmark = pytest.mark.django_db


def token_for(user: User, scope: ApiTokenScope = ApiTokenScope.ADMIN) -> str:
    """Make a token; the clear text is what a client sends."""
    _, token = ApiToken.objects.create(user, expiry=dt.timedelta(days=1), scope=scope.value)
    return str(token)


def client_for(user: User | None, scope: ApiTokenScope = ApiTokenScope.ADMIN) -> APIClient:
    """Make a client that answers 500 instead of raising, as a server does."""
    client = APIClient(raise_request_exception=False)
    if user is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_for(user, scope)}")
    return client


def assert_problem(response: Response, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is a whole problem of that status and code; return its body."""
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["code"]) == (status, code), body
    assert response.headers["Content-Type"] == PROBLEM
    assert response.headers["X-Request-Id"] == body["request_id"]
    assert set(body) == {"type", "title", "status", "code", "detail", "errors", "request_id"}
    assert (body["type"], body["status"]) == (f"urn:renum:problem:{code}", status)
    assert all(set(error) == {"pointer", "code", "message", "params"} for error in body["errors"])
    return body


@pytest.fixture(autouse=True)
def _empty_redis(clean_redis: object) -> None:
    """Let no throttle and no wake-up of one test reach the next."""


@pytest.fixture(autouse=True)
def _answers_as_described(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold every answer of every test of the API against the OpenAPI document."""
    faults: list[str] = []
    request_of = APIClient.request

    def request(client: APIClient, **environ: Any) -> Any:
        response = request_of(client, **environ)
        address = environ.get("PATH_INFO", "")
        if address.startswith("/api/"):
            faults.extend(faults_of(environ["REQUEST_METHOD"], address, response))
        return response

    monkeypatch.setattr(APIClient, "request", request)
    yield
    assert not faults, "\n".join(sorted(set(faults)))


@pytest.fixture
def kept_connection(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the connection to PostgreSQL open between requests: the test's transaction lives in it."""
    monkeypatch.setattr(connection, "close_if_unusable_or_obsolete", lambda: None)


@pytest.fixture
def anonymous() -> APIClient:
    """Give a client without a token."""
    return client_for(None)


@pytest.fixture
def as_person() -> Callable[..., APIClient]:
    """Give a maker of clients: as_person(user) and as_person(user, scope)."""
    return client_for


@pytest.fixture
def api(owner: User) -> APIClient:
    """Give the owner's client."""
    return client_for(owner)


@pytest.fixture
def execution(team: Team, owner: User) -> Execution:
    """Give an execution that waits for a driver, as the start leaves it."""
    return start_execution(team=team, by=owner, prompt="What is new in batteries?").execution


@pytest.fixture
def mine(team: Team, execution: Execution, owner: User) -> dict[str, Any]:
    """Give what the owner has, by the name that it has in an address or a query."""
    store_user_key(user=owner, service="openai", key="sk-owner-0123456789", now=NOW)
    invitation, _ = invite_member(
        team=team, by=owner, kind=AddressKind.USERNAME, address="nadia", role=TeamRole.VIEWER
    )
    client_for(owner)
    ContextChange.objects.create(execution=execution, version=1, key="note", value="Hush.", created_at=NOW)
    Execution.objects.filter(pk=execution.pk).update(context_version=1)
    bill(execution, execution.steps.get(position=0))
    return {
        "agent_id": Agent.objects.create(connection=team.connection, agent_id="agent-1", name="Ada").pk,
        "invitation_id": invitation.pk,
        "token_id": ApiToken.objects.filter(user=owner).latest("created").public_id,
        "user_id": make_member(team, "mia", TeamRole.VIEWER).pk,
        "team_id": team.pk,
        "team": team.pk,
        "number": 1,
        "connection_id": team.connection_id,
        "connection": team.connection_id,
        "execution_id": execution.pk,
        "execution": execution.pk,
        "step_id": execution.steps.get(position=0).step_id,
        "question_id": ask(execution).pk,
        "statement_id": make_statement(owner).pk,
        "budget_id": make_budget(owner, team=team).pk,
        "reply_to": post_message(execution=execution, by=owner, text="Mind the year.").message.pk,
        "cursor": execution.pk,
        "key": "note",
        "user": owner.pk,
        "started_by": owner.pk,
        "payer": owner.pk,
    }
