"""The OpenAPI document: whole, valid, stable; and the page that shows it."""

import copy
import io
import re
from contextlib import redirect_stderr
from typing import Any

import pytest
import schemathesis
from django.test import Client
from django.urls import reverse

from renum_site.api_schema import openapi_document
from teams.api.headers import ON_ANSWERS, ON_REQUESTS
from tests.fixtures.openapi import closed_document, faults_of, find_operation
from tests.functional.api.conftest import client_for
from tests.functional.api.test_docs import METHODS, routes

DOCUMENT = openapi_document()
OPERATIONS = [
    (path, method, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]


def test_every_route_and_method_is_described_and_nothing_else_is() -> None:
    there = {
        (f"/api/v1{address}", method.lower())
        for _, address, view in routes()
        for method in METHODS
        if hasattr(view, method.lower())
    }

    assert {(path, method) for path, method, _ in OPERATIONS} == there
    assert len(there) > 40


def test_the_document_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")

    schemathesis.openapi.from_dict(DOCUMENT).validate()

    broken = copy.deepcopy(DOCUMENT)
    broken["paths"]["/api/v1/teams"]["get"]["responses"] = []
    with pytest.raises(Exception, match="responses"):
        schemathesis.openapi.from_dict(broken).validate()


def test_the_document_is_made_without_a_warning() -> None:
    said = io.StringIO()

    with redirect_stderr(said):
        openapi_document.__wrapped__()

    assert said.getvalue() == ""


def test_each_operation_says_what_comes_out_and_is_named_once() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"(list|get|post|put|patch|delete)(_[a-z]+)+", name) for name in names)
    silent = [
        name for (_, _, operation), name in zip(OPERATIONS, names, strict=True) if no_success(operation)
    ]
    assert silent == []


def no_success(operation: dict[str, Any]) -> bool:
    return not any(status < "400" for status in operation["responses"])


def test_whoever_reads_a_body_describes_it_and_every_described_header_is_used() -> None:
    with_body = {"post", "put", "patch"}
    used = {
        name
        for _, _, operation in OPERATIONS
        for answer in operation["responses"].values()
        for name in answer.get("headers", ())
    }
    sent = {one["name"] for _, _, operation in OPERATIONS for one in operation.get("parameters", ())}

    assert [
        (path, method) for path, method, it in OPERATIONS if method in with_body and "requestBody" not in it
    ] == []
    assert used == set(ON_ANSWERS)
    assert set(ON_REQUESTS) <= sent


def test_whoever_needs_no_token_says_so_and_all_others_take_a_token_or_a_session() -> None:
    public = {(path, method) for path, method, it in OPERATIONS if not any(it.get("security", [{}]))}

    assert public == {
        ("/api/v1/auth/token", "post"),
        ("/api/v1/openapi.json", "get"),
        ("/api/v1/workflows/schema", "get"),
    }
    assert set(DOCUMENT["components"]["securitySchemes"]) == {"token", "session"}


def test_an_address_takes_the_described_methods_and_no_others(api, team, execution) -> None:
    for path in DOCUMENT["paths"]:
        address = re.sub(r"{\w+}", "1", path.replace("{team_id}", str(team.pk)))
        address = re.sub("executions/1", f"executions/{execution.pk}", address)
        address = re.sub("(connections|questions)/1", rf"\1/{team.pk}", address)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            if find_operation(method, address) is None:
                response = api.generic(method, address)
                assert response.status_code == 405, (method, address)
                allowed = {word.strip().lower() for word in response.headers["Allow"].split(",")}
                assert allowed - {"head", "options"} == set(DOCUMENT["paths"][path])


def test_an_answer_that_is_not_as_described_is_found(api, team) -> None:
    address = reverse("api:team", args=[team.pk])
    response = api.get(address)
    assert faults_of("GET", address, response) == []

    response.headers["X-Surprise"] = "1"
    assert "header X-Surprise" in faults_of("GET", address, response)[0]
    del response.headers["X-Surprise"]
    response.content = response.content.replace(b'"slug"', b'"slag"')
    assert len(faults_of("GET", address, response)) == 2
    response.status_code = 418
    assert "not described" in faults_of("GET", address, response)[0]
    assert "additionalProperties" not in DOCUMENT["components"]["schemas"]["TeamDetailOutput"]
    assert closed_document()["components"]["schemas"]["TeamDetailOutput"]["additionalProperties"] is False


def test_the_document_is_shown_to_anybody_for_a_while(anonymous) -> None:
    response = anonymous.get(reverse("api:openapi"))

    assert response.json() == DOCUMENT
    assert response.headers["Cache-Control"] == "public, max-age=300"


def test_the_page_of_the_document_asks_no_other_host_and_has_no_script_of_its_own() -> None:
    response = Client().get(reverse("api-docs"))

    page = response.content.decode()
    assert response.status_code == 200
    assert re.findall(r"(?:https?:)?//[a-z]", page) == []
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|style=", page) == []
    assert "'unsafe" not in response.headers["Content-Security-Policy"]
    assert client_for(None).post(reverse("api-docs")).status_code == 405
