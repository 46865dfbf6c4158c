"""Two identities: what is one person's, asked for by another through every route, method and place for ids.

Routes, parameters and bodies come from the code. Whoever adds a route with a new kind of id, a parameter or a
member that takes one, gives it a value here: a missing one fails.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection as database
from django.urls import reverse
from rest_framework.permissions import IsAuthenticated

from billing.ledger import GroupBy
from billing.models import UsageLog
from teams.api.authentication import BearerToken
from teams.api.declared import Parameter
from teams.api.endpoint import Endpoint
from teams.api.fields import Id, InputSerializer
from teams.api.permissions import ScopeAllows
from teams.models import AuditEntry
from tests.fixtures.site_rows import bill, make_connection, make_team, start
from tests.functional.api.conftest import client_for
from tests.functional.api.test_docs import METHODS, routes
from tests.functional.api.test_rights import BODIES

# Names that are a person's own, whoever else uses the same, or everybody's: no id of anybody's.
OWN_NAMES = {"service": "openai", "slug": "analysts", "template_key": "customer-service"}
OPEN = {("token", "POST"), ("openapi", "GET"), ("workflow-schema", "GET")}
# A body that names another's thing: what is said to whoever sends it.
NESTED = {
    ("teams", "POST", "connection"): 400,
    ("team", "PATCH", "connection"): 400,
    ("team-import", "POST", "connection"): 400,
    ("template-use", "POST", "connection"): 400,
    ("team-by-slug", "PUT", "connection"): 400,
    ("team-hand-over", "POST", "user"): 404,
    ("execution-messages", "POST", "reply_to"): 400,
    ("budgets", "POST", "team"): 400,
    ("workflow-validation", "POST", "team"): 404,
    ("workflow-plan", "POST", "team"): 404,
}
CHECKSUM = """
SELECT md5(coalesce(string_agg(whole, ',' ORDER BY whole), ''))
FROM (SELECT (to_jsonb(t) - 'last_used_at')::text AS whole FROM "{table}" t) AS written
"""
ROUTES = list(routes())
HANDLED = [
    (name, address, view, method)
    for name, address, view in ROUTES
    for method in METHODS
    if hasattr(view, method.lower())
]


def tables() -> Iterator[str]:
    """Yield the tables of everything that people own, are told or pay for."""
    for label in ("teams", "billing", "executions"):
        for model in apps.get_app_config(label).get_models(include_auto_created=True):
            yield model._meta.db_table


def checksums() -> dict[str, str]:
    """Return a checksum of each table's rows; when a token was last used counts for nothing."""
    found = {}
    with database.cursor() as cursor:
        for table in tables():
            cursor.execute(CHECKSUM.format(table=table))
            found[table] = cursor.fetchone()[0]
    return found


@pytest.fixture(params=["outsider", "staff"])
def stranger(request, mine) -> Any:
    """Give the client of somebody who has things of their own, and nothing to do with the owner's."""
    person = request.getfixturevalue(request.param)
    connection = make_connection(person, name="Elsewhere")
    execution = start(make_team(person, name="Others", connection=connection))
    bill(execution, execution.steps.get(position=0), tokens_input=777, tokens_output=33)
    return client_for(person)


@pytest.fixture
def own_row(stranger) -> UsageLog:
    """Give the one row of the ledger that is the stranger's."""
    return UsageLog.objects.get(team_name="Others")


def canaries(mine: dict[str, Any]) -> set[str]:
    """Return the texts of which no answer to a stranger may hold one."""
    return {str(value) for name, value in mine.items() if re.fullmatch(r"[0-9a-f-]{36}", str(value))} | {
        "Analysts",
        "olga",
    }


def path_of(name: str, address: str, mine: dict[str, Any]) -> str:
    names = re.findall(r"{(\w+)}", address)
    return reverse(f"api:{name}", kwargs={one: OWN_NAMES.get(one) or mine[one] for one in names})


def ask_for(client: Any, method: str, path: str, body: Any = None, query: str = "") -> Any:
    headers = {"If-Match": "*"} if method in ("PATCH", "POST") else {}
    if method == "GET":
        return client.get(path + query)
    return getattr(client, method.lower())(path, body or {}, format="json", headers=headers)


def text_of(response: Any) -> str:
    raw = b"".join(response.streaming_content) if response.streaming else response.content
    return raw.decode()


def test_nothing_of_anothers_is_reached_by_its_address(stranger, mine, figure) -> None:
    asked = [row for row in HANDLED if set(re.findall(r"{(\w+)}", row[1])) - set(OWN_NAMES)]
    before = checksums()

    for name, address, _, method in asked:
        path = path_of(name, address, mine)
        for body in ({}, BODIES.get((name, method))):
            response = ask_for(stranger, method, path, body)
            assert response.status_code == 404, (name, method, response.content)
            said = text_of(response)
            assert [canary for canary in canaries(mine) if canary in said] == [], (name, method)

    assert checksums() == before
    assert len(asked) > 25
    figure("stranger_routes_x_methods", len(asked))


def ids_of(query: tuple[str, ...]) -> Iterator[str]:
    """Yield the parameters that hold an id; one that does not say what it holds counts as one."""
    for word in query:
        if word == "cursor" or not isinstance(word, Parameter) or word.schema.get("format") == "uuid":
            yield word


def test_a_list_shows_nothing_of_anothers_whatever_it_is_asked_for(stranger, mine, figure) -> None:
    lists = [row for row in HANDLED if row[3] == "GET" and "{" not in row[1]]
    before = checksums()
    asked = 0

    for name, address, view, _ in lists:
        for query in ["", *(f"?{word}={mine[word]}" for word in ids_of(view.query))]:
            response = ask_for(stranger, "GET", path_of(name, address, mine), query=query)
            assert response.status_code in (200, 404), (name, query, response.content)
            # What was asked for stands in the address of the next page.
            said = json.dumps({key: value for key, value in response.json().items() if key != "next"})
            assert [canary for canary in canaries(mine) if canary in said] == [], (name, query)
            if query and not query.startswith("?cursor"):
                assert response.status_code == 404 or response.json()["results"] == [], (name, query)
            asked += 1

    assert checksums() == before
    assert asked > 12
    figure("stranger_lists_x_ids", asked)


FORMATS = [(row[0], row[1]) for row in HANDLED if "format" in row[2].query and "{" not in row[1]]


def test_what_strangers_cost_is_added_up_without_what_others_cost(stranger, mine, own_row) -> None:
    ledger, summary = reverse("api:usage"), reverse("api:usage-summary")
    [row] = stranger.get(ledger).json()["results"]
    assert row["id"] == str(own_row.pk)
    own = {"responses": 1, "tokens_input": own_row.tokens_input, "tokens_output": own_row.tokens_output}

    for query in ("", *(f"?group_by={key.value}" for key in GroupBy)):
        body = stranger.get(summary + query).json()
        groups = [body["total"], *body["results"]]
        assert body["in_vain"]["usage"]["responses"] == 0, query
        assert len(groups) == (2 if query else 1), query
        for group in groups:
            assert {name: group["usage"][name] for name in own} == own, query
            assert group["cost"]["cost_usd"] == str(own_row.cost_usd), query
        assert [canary for canary in canaries(mine) if canary in json.dumps(body)] == [], query


def test_a_file_of_the_ledger_holds_nothing_of_anothers(stranger, mine, own_row) -> None:
    assert [name for name, _ in FORMATS] == ["usage", "usage-summary"]

    for name, address in FORMATS:
        queries = ["", *(f"&group_by={key.value}" for key in GroupBy)] if name == "usage-summary" else [""]
        for query in queries:
            response = ask_for(stranger, "GET", path_of(name, address, mine), query=f"?format=csv{query}")
            said = text_of(response)
            assert (response.status_code, response.streaming) == (200, True), (name, query)
            assert str(own_row.tokens_input) in said, (name, query)
            assert len(said.splitlines()) == 2, (name, query)
            assert [canary for canary in canaries(mine) if canary in said] == [], (name, query)


def bodies() -> Iterator[tuple[str, str, str, type[InputSerializer]]]:
    for name, address, view, method in HANDLED:
        if method in view.inputs:
            yield name, address, method, view.inputs[method]


def test_a_body_that_names_anothers_thing_is_refused_as_if_there_were_none(stranger, mine, request) -> None:
    named = {
        (name, method, field)
        for name, _, method, reads in bodies()
        for field, kind in reads().fields.items()
        if isinstance(kind, Id)
    }
    assert named == set(NESTED)
    own_team, own_execution = (
        stranger.get(reverse(f"api:{name}")).json()["results"][0]["id"] for name in ("teams", "executions")
    )
    before = checksums()

    for (name, method, field), status in NESTED.items():
        of_team = {"team_id": own_team}
        places = {
            "team": of_team,
            "team-hand-over": of_team,
            "team-by-slug": {"slug": "fresh"},
            "template-use": {"template_key": "customer-service"},
            "execution-messages": {"execution_id": own_execution},
        }
        place = places.get(name, {})
        body = {**BODIES.get((name, method), {}), field: str(mine["user_id" if field == "user" else field])}
        response = ask_for(stranger, method, reverse(f"api:{name}", kwargs=place), body)
        assert response.status_code == status, (name, method, response.content)

    assert checksums() == before


def test_looking_changes_nothing(api, mine, kept_connection) -> None:
    before = checksums()
    written_down = set(AuditEntry.objects.values_list("pk", flat=True))

    for name, address, view in ROUTES:
        path = path_of(name, address, mine)
        for method in ("GET", "HEAD", "OPTIONS"):
            response = api.generic(method, path)
            looks = method != "OPTIONS" and hasattr(view, "get")
            # It has not ended, and has no result before.
            seen = 409 if name == "execution-result" else 200
            assert response.status_code == (seen if looks else 405), (name, method)

    # That somebody took a team's document is written down.
    changed = {table for table, value in checksums().items() if before[table] != value}
    assert changed == {"renum_audit_entries"}
    new = AuditEntry.objects.exclude(pk__in=written_down)
    assert set(new.values_list("act", flat=True)) == {"team_exported"}


def test_a_checksum_sees_each_change(team) -> None:
    before = checksums()

    team.description = "changed"
    team.save(update_fields=["description"])

    changed = {table for table, value in checksums().items() if before[table] != value}
    assert changed == {team._meta.db_table}
    assert len(before) > 12


def test_no_member_that_is_not_meant_for_clients_is_taken(api, mine) -> None:
    columns = {
        field.name
        for label in ("teams", "billing", "executions")
        for model in apps.get_app_config(label).get_models()
        for field in model._meta.get_fields()
    }
    assert {"owner", "status", "is_staff", "cost_usd", "epoch", "payer", "created_at"} <= columns
    before = checksums()

    for name, address, method, reads in bodies():
        unknown = sorted(columns - set(reads().fields))
        path = path_of(name, address, mine)
        # A refusal names twenty at most.
        for at in range(0, len(unknown), 20):
            some = dict.fromkeys(unknown[at : at + 20], "x")
            body = {**BODIES.get((name, method), {}), **some}
            response = ask_for(api, method, path, body)
            assert response.status_code == 400, (name, method, response.content)
            refused = {
                error["pointer"].removeprefix("/")
                for error in response.json()["errors"]
                if error["code"] == "unknown_field"
            }
            assert refused == set(some), (name, method)

    assert checksums() == before


def test_every_endpoint_is_closed_by_default(rf) -> None:
    found = set()
    for name, _, view, method in HANDLED:
        assert issubclass(view, Endpoint)
        asked = view()
        asked.request = rf.generic(method, "/")
        permissions = [type(one) for one in asked.get_permissions()]
        if permissions == [IsAuthenticated, ScopeAllows]:
            assert BearerToken in [type(one) for one in asked.get_authenticators()]
        else:
            found.add((name, method))

    assert found == OPEN
