"""Every route for every kind of person. Routes come from the resolver: a new one needs a row here."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework.views import APIView

from teams.models import (
    ApiTokenScope,
    User,
)
from tests.fixtures.owner_secrets import OwnerSecrets, store_secrets
from tests.fixtures.people import PASSWORD, SEQUENTIAL
from tests.functional.api.conftest import ANY_STATE, PROBLEM, assert_problem, client_for
from tests.functional.api.route_places import HEIR_ID, Place, places_of

PEOPLE = ("anonymous", "outsider", "staff", "viewer", "operator", "editor", "owner", "read", "run")
"""`read` and `run` are the owner with a token of that scope; every other token has the scope admin."""

ALL_PUBLIC = (200,) * 9
OWN_THINGS = (401, *(200,) * 8)
TEAM_IS_SEEN = (401, 404, 404, *(200,) * 6)

# What each kind of person is answered, in the order of PEOPLE.
EXPECTED: dict[tuple[str, str], tuple[int, ...]] = {
    ("token", "POST"): (201,) * 9,
    ("token", "DELETE"): (401, *(204,) * 8),
    ("teams", "GET"): OWN_THINGS,
    ("teams", "POST"): (401, 201, 201, 201, 201, 201, 201, 403, 403),
    ("team", "GET"): TEAM_IS_SEEN,
    ("team", "PATCH"): (401, 404, 404, 403, 403, 200, 200, 403, 403),
    ("team-versions", "GET"): TEAM_IS_SEEN,
    ("team-versions", "POST"): (401, 404, 404, 403, 403, 201, 201, 403, 403),
    ("team-version", "GET"): TEAM_IS_SEEN,
    ("team", "DELETE"): (401, 404, 404, 403, 403, 403, 204, 403, 403),
    ("team-export", "GET"): TEAM_IS_SEEN,
    ("team-plan", "POST"): TEAM_IS_SEEN,
    ("templates", "GET"): OWN_THINGS,
    # Agents are the owner's: nobody else can name one, and the owner may for a team of their own.
    ("template-use", "POST"): (401, 422, 422, 422, 422, 422, 201, 403, 403),
    ("team-import", "POST"): (401, 201, 201, 201, 201, 201, 201, 403, 403),
    # The slug is the owner's: for everybody else there is no such team, and applying makes one.
    ("team-by-slug", "GET"): (401, 404, 404, 404, 404, 404, 200, 200, 200),
    ("team-by-slug", "PUT"): (401, 201, 201, 201, 201, 201, 200, 403, 403),
    ("version-diff", "GET"): TEAM_IS_SEEN,
    # Version 2 is the published one.
    ("version-publication", "POST"): (401, 404, 404, 403, 403, 201, 201, 403, 403),
    ("team-members", "GET"): TEAM_IS_SEEN,
    ("team-member", "PATCH"): (401, 404, 404, 403, 403, 403, 200, 403, 403),
    ("team-member", "DELETE"): (401, 404, 404, 403, 403, 403, 204, 403, 403),
    ("team-hand-over", "POST"): (401, 404, 404, 403, 403, 403, 200, 403, 403),
    ("team-invitations", "GET"): (401, 404, 404, 403, 403, 403, 200, 200, 200),
    ("team-invitations", "POST"): (401, 404, 404, 403, 403, 403, 201, 403, 403),
    ("invitations", "GET"): OWN_THINGS,
    # It is for the outsider.
    ("invitation", "DELETE"): (401, 204, 404, 404, 404, 404, 204, 403, 403),
    ("invitation-acceptance", "POST"): (401, 200, 404, 404, 404, 404, 404, 403, 403),
    ("me", "GET"): OWN_THINGS,
    ("me", "PATCH"): (401, 200, 200, 200, 200, 200, 200, 403, 403),
    ("tokens", "GET"): OWN_THINGS,
    ("tokens", "POST"): (401, 201, 201, 201, 201, 201, 201, 403, 403),
    # The token is the owner's: for everybody else there is none.
    ("one-token", "GET"): (401, 404, 404, 404, 404, 404, 200, 200, 200),
    ("one-token", "DELETE"): (401, 404, 404, 404, 404, 404, 204, 403, 403),
    ("health", "GET"): OWN_THINGS,
    ("workflow-plan", "POST"): OWN_THINGS,
    ("workflow-validation", "POST"): OWN_THINGS,
    ("workflow-schema", "GET"): ALL_PUBLIC,
    ("openapi", "GET"): ALL_PUBLIC,
    ("connections", "GET"): OWN_THINGS,
    ("connections", "POST"): (401, 201, 201, 201, 201, 201, 201, 403, 403),
    # The connection is the owner's: for everybody else there is none.
    ("connection", "GET"): (401, 404, 404, 404, 404, 404, 200, 200, 200),
    ("connection", "PATCH"): (401, 404, 404, 404, 404, 404, 200, 403, 403),
    ("connection", "DELETE"): (401, 404, 404, 404, 404, 404, 204, 403, 403),
    ("connection-test", "POST"): (401, 404, 404, 404, 404, 404, 200, 403, 403),
    # Nobody answers there.
    ("connection-sync", "POST"): (401, 404, 404, 404, 404, 404, 409, 403, 403),
    ("agents", "GET"): OWN_THINGS,
    # The site of the tests has no public address: the owner is told so.
    ("agent-team-server", "POST"): (401, 404, 404, 404, 404, 404, 409, 403, 403),
    ("agent-team-server", "DELETE"): (401, 404, 404, 404, 404, 404, 204, 403, 403),
    # It is of the owner's connection.
    ("agent", "GET"): (401, 404, 404, 404, 404, 404, 200, 200, 200),
    ("user-keys", "GET"): OWN_THINGS,
    # The key is the owner's: for everybody else there is none.
    ("user-key", "GET"): (401, 404, 404, 404, 404, 404, 200, 200, 200),
    ("user-key", "PUT"): (401, 200, 200, 200, 200, 200, 200, 403, 403),
    ("user-key", "DELETE"): (401, 404, 404, 404, 404, 404, 204, 403, 403),
    ("budgets", "GET"): OWN_THINGS,
    ("budgets", "POST"): (401, 201, 201, 201, 201, 201, 201, 403, 403),
    # It is the team's: its owner sets it.
    ("budget", "GET"): TEAM_IS_SEEN,
    ("budget", "PATCH"): (401, 404, 404, 403, 403, 403, 200, 403, 403),
    ("budget", "DELETE"): (401, 404, 404, 403, 403, 403, 204, 403, 403),
    ("prices", "GET"): OWN_THINGS,
    ("prices-now", "GET"): OWN_THINGS,
    ("usage", "GET"): OWN_THINGS,
    ("usage-summary", "GET"): OWN_THINGS,
    ("statements", "GET"): OWN_THINGS,
    # The payer's own; here it is the owner's.
    ("statement", "GET"): (401, 404, 404, 404, 404, 404, 200, 200, 200),
    ("team-executions", "GET"): TEAM_IS_SEEN,
    ("team-executions", "POST"): (401, 404, 404, 403, 202, 202, 202, 403, 202),
    ("executions", "GET"): OWN_THINGS,
    ("execution", "GET"): TEAM_IS_SEEN,
    ("execution", "PATCH"): (401, 404, 404, 403, 200, 200, 200, 403, 200),
    ("execution-events", "GET"): TEAM_IS_SEEN,
    ("execution-live", "GET"): TEAM_IS_SEEN,
    ("execution-usage", "GET"): TEAM_IS_SEEN,
    **dict.fromkeys(
        [
            ("execution-event-log", "GET"),
            ("execution-steps", "GET"),
            ("execution-runs", "GET"),
            ("execution-context", "GET"),
            ("execution-context-history", "GET"),
            ("execution-context-value", "GET"),
            ("execution-messages", "GET"),
            ("execution-result", "GET"),
            ("execution-step", "GET"),
            ("execution-step-runs", "GET"),
        ],
        TEAM_IS_SEEN,
    ),
    **dict.fromkeys(
        [
            ("execution-cancellation", "POST"),
            ("execution-pause", "POST"),
            ("execution-resume", "POST"),
            ("execution-retry", "POST"),
            ("execution-run-again", "POST"),
            ("execution-step-start-again", "POST"),
            ("execution-step-give-up-start", "POST"),
        ],
        (401, 404, 404, 403, 202, 202, 202, 403, 202),
    ),
    ("execution-messages", "POST"): (401, 404, 404, 403, 201, 201, 201, 403, 201),
    ("questions", "GET"): OWN_THINGS,
    ("question", "GET"): TEAM_IS_SEEN,
    ("question-answer", "POST"): (401, 404, 404, 403, 200, 200, 200, 403, 200),
    # Only staff with the right release what crashed; here nobody has it.
    ("execution-release", "POST"): (401, 404, 404, 403, 403, 403, 403, 403, 403),
}
TEMPLATE_ROLES = ("classifier", "technical_support", "billing_support", "general_support")
BODIES: dict[tuple[str, str], Any] = {
    ("token", "POST"): {"username": "olga", "password": PASSWORD, "name": "matrix"},
    ("teams", "POST"): {"name": "Another", "definition": SEQUENTIAL},
    ("team", "PATCH"): {"description": "changed"},
    ("team-versions", "POST"): {"definition": SEQUENTIAL},
    ("workflow-validation", "POST"): {"definition": SEQUENTIAL},
    ("team-plan", "POST"): {"prompt": "Go."},
    ("team-import", "POST"): {"renum": "team/v1", "name": "Another", "definition": SEQUENTIAL},
    ("template-use", "POST"): {"agents": dict.fromkeys(TEMPLATE_ROLES, "agent-123")},
    ("team-by-slug", "PUT"): {"description": "applied", "definition": SEQUENTIAL},
    ("team-member", "PATCH"): {"role": "operator"},
    ("team-hand-over", "POST"): {"user": HEIR_ID},
    ("team-invitations", "POST"): {"email": "nobody@example.org"},
    ("me", "PATCH"): {"language": "pt-br"},
    ("tokens", "POST"): {"name": "matrix", "scope": "read"},
    ("workflow-plan", "POST"): {"definition": SEQUENTIAL, "prompt": "Go."},
    ("connections", "POST"): {"name": "Another", "base_url": "http://127.0.0.1:9"},
    ("connection", "PATCH"): {"name": "Renamed"},
    ("budgets", "POST"): {"name": "Mine", "scope": "user", "span": "day", "limit_usd": "5"},
    ("budget", "PATCH"): {"limit_usd": "7.50"},
    ("user-key", "PUT"): {"key": "sk-matrix-0123456789"},
    ("team-executions", "POST"): {"prompt": "Go."},
    ("execution", "PATCH"): {"labels": ["Q4"]},
    ("question-answer", "POST"): {"answer": "Lisbon."},
    ("execution-messages", "POST"): {"text": "Mind the year."},
}
HEADERS = dict.fromkeys(
    (
        ("team", "PATCH"),
        ("budget", "PATCH"),
        ("execution", "PATCH"),
        ("team-versions", "POST"),
        ("version-publication", "POST"),
    ),
    ANY_STATE,
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def api_routes() -> Iterator[tuple[str, type[APIView]]]:
    """Yield the name and the view of every route below /api/v1/."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, type[APIView]]]:
        for entry in resolver.url_patterns:
            place = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                yield from walk(entry, place)
            elif isinstance(entry, URLPattern) and place.startswith("api/v1/"):
                yield str(entry.name), entry.callback.view_class

    yield from walk(get_resolver(), "")


def test_every_route_and_method_has_its_row_and_nothing_else_has() -> None:
    found = {
        (name, method) for name, view in api_routes() for method in METHODS if hasattr(view, method.lower())
    }

    assert found == set(EXPECTED)


def test_a_view_is_closed_unless_it_is_known_to_be_open() -> None:
    open_views = {name for name, view in api_routes() if "AllowAny" in str(view.permission_classes)}

    assert open_views == {"openapi", "workflow-schema"}


@pytest.fixture
def user(person: str, request: pytest.FixtureRequest) -> User | None:
    """Give the person of that kind, who exists before anything else is made."""
    by_name = {"anonymous": None, "read": "owner", "run": "owner"}.get(person, person)
    return request.getfixturevalue(by_name) if by_name else None


@pytest.fixture
def secrets(team) -> OwnerSecrets:
    return store_secrets(team)


@pytest.fixture
def places(team, execution, owner, secrets, suna_connection, method) -> dict[str, Place]:
    return places_of(execution=execution, connection=suna_connection, method=method)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize(("name", "method"), EXPECTED)
def test_a_route_answers_each_kind_of_person_as_its_row_says(
    name, method, person, user, places, secrets
) -> None:
    scope = ApiTokenScope(person) if person in ("read", "run") else ApiTokenScope.ADMIN
    client = client_for(user, scope)
    path = reverse(f"api:{name}", kwargs=places.get(name, dict)())

    response = getattr(client, method.lower())(
        path, BODIES.get((name, method)), format="json", headers=HEADERS.get((name, method))
    )

    assert response.status_code == EXPECTED[name, method][PEOPLE.index(person)], response.content
    if response.status_code >= 400:
        assert response.headers["Content-Type"] == PROBLEM
    told = secrets.in_answer(text_of(response))
    assert told == [] or user == secrets.owner


def text_of(response: Any) -> str:
    parts = response.streaming_content if response.streaming else [response.content]
    return b"".join(parts).decode()


@pytest.mark.parametrize(
    ("name", "told"), [("user-key", "fingerprint"), ("connection", "mark of the bearer")]
)
def test_what_nobody_else_is_told_is_told_to_the_owner(name, told, owner, team, secrets) -> None:
    places = {"user-key": {"service": "openai"}, "connection": {"connection_id": team.connection_id}}

    answer = client_for(owner).get(reverse(f"api:{name}", kwargs=places[name]))

    assert told in secrets.in_answer(text_of(answer))


@pytest.mark.parametrize(
    ("held", "needed", "name", "method"),
    [
        ("read", "run", "team-executions", "POST"),
        ("read", "admin", "teams", "POST"),
        ("run", "admin", "team", "PATCH"),
    ],
)
def test_a_token_of_too_small_a_scope_is_told_both_scopes(owner, places, held, needed, name, method) -> None:
    client = client_for(owner, ApiTokenScope(held))
    path = reverse(f"api:{name}", kwargs=places.get(name, dict)())

    body = assert_problem(getattr(client, method.lower())(path, {}), 403, "scope_too_small")

    assert body["detail"] == f"This needs a token of the scope {needed}; the scope of this one is {held}."
    assert body["errors"][0]["params"] == {"needed": needed, "has": held}
