"""Bad requests: each is refused with its status and code, as a problem, and writes nothing."""

import json
from typing import Any

import pytest
from django.apps import apps
from django.urls import reverse

from tests.fixtures.people import SEQUENTIAL
from tests.functional.api.bad_queries import BAD_OF_A_LIST, BAD_QUERIES
from tests.functional.api.bad_transport import Case, transport
from tests.functional.api.conftest import API, assert_problem


def json_values() -> list[Case]:
    """Texts that are not JSON, or not JSON that Renum takes."""
    deep = "[" * 5_000 + "]" * 5_000
    return [
        Case("cut off", 400, "malformed_json", '{"prompt": '),
        Case("NaN", 400, "not_finite", '{"prompt": NaN}'),
        Case("Infinity", 400, "not_finite", '{"prompt": -Infinity}'),
        Case("1e400", 400, "not_finite", '{"prompt": 1e400}'),
        Case("5000 digits", 400, "number_out_of_range", '{"prompt": ' + "9" * 5_000 + "}"),
        Case("beyond 2^53", 400, "number_out_of_range", '{"prompt": 9007199254740993}'),
        Case("5000 deep", 400, "too_deep", '{"prompt": ' + deep + "}"),
        Case("100000 deep", 400, "too_deep", "[" * 100_000),
        Case("NUL in a value", 400, "nul_character", '{"prompt": "a\\u0000b"}'),
        Case("NUL in a key", 400, "nul_character", '{"a\\u0000b": 1}'),
        Case("half a pair", 400, "surrogate", '{"prompt": "\\ud800"}'),
        Case("a key twice", 400, "duplicate_key", '{"prompt": "a", "prompt": "b"}'),
        Case("100000 keys", 400, "too_many_items", json.dumps({str(n): 0 for n in range(80_000)})),
        Case("a list", 400, "validation_error", "[]", error="wrong_type", pointer=""),
        Case("null", 400, "validation_error", "null", error="wrong_type", pointer=""),
        Case("a number", 400, "validation_error", "1", error="wrong_type", pointer=""),
        Case("a text", 400, "validation_error", '"abc"', error="wrong_type", pointer=""),
        Case("nothing", 400, "validation_error", b"", error="required", pointer="/prompt"),
        Case("number for text", 400, "validation_error", '{"prompt": 5}', error="wrong_type"),
        Case("true for text", 400, "validation_error", '{"prompt": true}', error="wrong_type"),
        Case("null for text", 400, "validation_error", '{"prompt": null}', error="wrong_type"),
        Case(
            "an unknown member",
            400,
            "validation_error",
            '{"prompt": "Go.", "payer": "me"}',
            error="unknown_field",
            pointer="/payer",
        ),
        Case("a long key", 400, "validation_error", json.dumps({"prompt": "Go.", "k" * 10_000: 1})),
        Case(
            "__proto__", 400, "validation_error", '{"prompt": "Go.", "__proto__": {}}', error="unknown_field"
        ),
    ]


def fields() -> list[Case]:
    """Members and parameters that break a rule."""

    def team(**members: Any) -> str:
        return json.dumps({"name": "Another", "definition": SEQUENTIAL, **members})

    teams, key, invalid = "{API}/teams", "{API}/user-keys/openai", "validation_error"
    return [
        Case("an empty prompt", 400, invalid, '{"prompt": ""}', error="required", pointer="/prompt"),
        Case("a blank prompt", 400, invalid, '{"prompt": " \\n "}', error="required", pointer="/prompt"),
        Case(
            "a prompt beyond 256 KiB", 400, invalid, json.dumps({"prompt": "x" * 262_145}), error="too_large"
        ),
        Case("an empty name", 400, invalid, team(name=""), path=teams, error="required", pointer="/name"),
        Case("a blank name", 400, invalid, team(name="  "), path=teams, error="required", pointer="/name"),
        Case("a long name", 400, invalid, team(name="n" * 101), path=teams, error="too_large"),
        Case("a reversed name", 400, invalid, team(name="a\u202eb"), path=teams, error="invalid_value"),
        Case("a control in a name", 400, invalid, team(name="a\x1bb"), path=teams, error="invalid_value"),
        Case(
            "a hidden space in a name", 400, invalid, team(name="a\u200bb"), path=teams, error="invalid_value"
        ),
        Case("a taken name", 409, "name_taken", team(name=" ANALYSTS "), path=teams),
        Case("no definition", 400, invalid, '{"name": "x"}', path=teams, error="required"),
        Case("an owner", 400, invalid, team(owner="x"), path=teams, error="unknown_field", pointer="/owner"),
        Case("an odd id", 400, invalid, team(connection="{x}"), path=teams, error="invalid_value"),
        Case("an upper-case id", 400, invalid, team(connection="A" * 32), path=teams, error="invalid_value"),
        Case(
            "a connection of nobody",
            400,
            invalid,
            team(connection="00000000-0000-7000-8000-000000000000"),
            path=teams,
            error="unknown_reference",
            pointer="/connection",
        ),
        Case("a text for a flag", 400, invalid, '{"is_active": "yes"}', "PATCH", "{API}/teams/{team}"),
        Case("a number for a flag", 400, invalid, '{"is_active": 1}', "PATCH", "{API}/teams/{team}"),
        Case(
            "an empty key", 400, "invalid_key", '{"key": ""}', "PUT", key, error="invalid_key", pointer="/key"
        ),
        Case("a short key", 400, "invalid_key", '{"key": "abc"}', "PUT", key, pointer="/key"),
        Case("a key with a line break", 400, "invalid_key", '{"key": "sk-0123456789\\r\\n"}', "PUT", key),
        Case("a key with a space", 400, "invalid_key", '{"key": "sk-01234 56789"}', "PUT", key),
        Case("a long key value", 400, "invalid_key", json.dumps({"key": "k" * 5_000}), "PUT", key),
        *(
            Case(
                f"service {name}",
                400,
                "invalid_service",
                '{"key": "sk-0123456789"}',
                "PUT",
                "{API}/user-keys/" + name,
            )
            for name in (
                "a b",
                "a:b",
                "%C3%A9",
                "A_B",
                "a%0D%0AX-Evil:%201",
                "%00",
                "-a",
                "a" * 200,
                "K%E2%84%AA",
            )
        ),
        Case("a service to read", 400, "invalid_service", b"", "GET", "{API}/user-keys/%00"),
        Case("a service to delete", 400, "invalid_service", b"", "DELETE", "{API}/user-keys/a_b"),
        *(
            Case(
                f"idempotency key {name}",
                400,
                invalid,
                '{"prompt": "Go."}',
                headers={"Idempotency-Key": value},
            )
            for name, value in (("empty", ""), ("long", "k" * 256), ("odd", "caf\xe9"))
        ),
    ]


def queries() -> list[Case]:
    """Query strings; each is refused with its parameter named."""
    executions = "{API}/executions"
    rows = [
        Case(f"?{query}", 400, "invalid_parameter", b"", "GET", f"{executions}?{query}")
        for query in BAD_OF_A_LIST
    ]
    events = "{API}/executions/{execution}/events?after="
    rows += [
        Case(f"after={value}", 400, "invalid_parameter", b"", "GET", events + value)
        for value in ("-1", "x", "99999999999")
    ]
    rows += [
        Case(
            f"Last-Event-ID {value!r}",
            400,
            "invalid_parameter",
            b"",
            "GET",
            "{API}/executions/{execution}/events",
            headers={"Last-Event-ID": value},
        )
        for value in ("", "x", "-1", "1,2", "99999999999")
    ]
    rows += [
        Case(f"{place}?{query}", 400, "invalid_parameter", b"", "GET", "{API}/" + f"{place}?{query}")
        for place, queries in BAD_QUERIES.items()
        for query in queries
    ]
    on_post = "{API}/teams/{team}/executions?dry_run=1"
    rows.append(Case("a query on a POST", 400, "invalid_parameter", '{"prompt": "Go."}', path=on_post))
    return rows


def paths() -> list[Case]:
    """Addresses that lead nowhere."""
    odd = (
        "1",
        "-1",
        "1" * 31,
        "%00",
        "%D9%A1",
        "null",
        "{TEAM}",
        "{team}%0A",
        "{team}/",
        "..%2f",
        "{team};a=b",
    )
    rows = [Case(f"team {value}", 404, "not_found", b"", "GET", "{API}/teams/" + value) for value in odd]
    rows += [
        Case(f"version {value}", 404, "not_found", b"", "GET", "{API}/teams/{team}/versions/" + value)
        for value in ("0", "01", "2", "-1", "9999999999", "x")
    ]
    rows += [
        Case(f"step {value}", 404, "not_found", b"", "GET", "{API}/executions/{execution}/steps/" + value)
        for value in ("nobody", "%00", "a%20b", "-", "x" * 200, "nobody/runs", "%00/runs")
    ]
    rows += [
        Case(
            f"key {name}",
            404,
            "not_found",
            b"",
            "GET",
            "{API}/executions/{execution}/context/values/" + value,
        )
        for name, value in (
            ("nothing", ""),
            ("unknown", "nobody"),
            ("NUL", "%00"),
            ("long", "k" * 5_000),
            ("upwards", "..%2f..%2fetc"),
            ("odd", "%ED%A0%80"),
        )
    ]
    rows += [
        Case(f"path {value}", 404, "not_found", b"", "GET", value)
        for value in (
            "/api",
            "/api/",
            "/api/v1",
            "/api/v1/",
            "/api/v2/teams",
            "/api/v1/nothing",
            "/api/v1/team%00s",
        )
    ]
    return rows


def team_resources() -> list[Case]:
    """Members, versions, documents, plans, tokens: what breaks a rule of theirs."""
    team, invalid = "{API}/teams/{team}", "validation_error"
    nobody = "00000000-0000-7000-8000-000000000000"
    document = json.dumps({"renum": "team/v1", "name": "x", "definition": SEQUENTIAL, "slug": 5})
    long = json.dumps({"name": "n" * 101})
    forever = json.dumps({"name": "x", "expires_in_days": 3651})
    days = json.dumps({"name": "x", "expires_in_days": "7"})
    return [
        Case("nobody invited", 400, invalid, "{}", path=f"{team}/invitations", error="required"),
        Case("a list invited", 400, invalid, '{"email": []}', path=f"{team}/invitations", pointer="/email"),
        Case("an invitation of nobody", 404, "not_found", path="{API}/invitations/" + nobody + "/accept"),
        Case("a member that is none", 404, "not_found", method="DELETE", path=f"{team}/members/{nobody}"),
        Case("an odd member", 404, "not_found", method="DELETE", path=f"{team}/members/olga"),
        Case("no role", 400, invalid, "{}", "PATCH", f"{team}/members/{nobody}", error="required"),
        Case("a diff with nothing", 404, "not_found", b"", "GET", f"{team}/versions/2/diff"),
        *(
            Case(
                f"against={value}",
                400,
                "invalid_parameter",
                b"",
                "GET",
                f"{team}/versions/1/diff?against={value}",
            )
            for value in ("0", "-1", "x", "9999999999", "%D9%A1", "")
        ),
        Case("a version that is none", 404, "not_found", path=f"{team}/versions/9/publish"),
        Case("a slug that is no text", 400, invalid, document, path="{API}/teams/import", pointer="/slug"),
        Case("a document that is empty", 400, invalid, "{}", path="{API}/teams/import", error="required"),
        Case("an odd slug", 404, "not_found", document, "PUT", "{API}/teams/by-slug/A%20b"),
        Case("a slug with a line", 404, "not_found", b"", "GET", "{API}/teams/by-slug/a%0A"),
        Case("?slug=", 400, "invalid_parameter", b"", "GET", "{API}/teams?slug="),
        Case("?slug=%00", 400, "invalid_parameter", b"", "GET", "{API}/teams?slug=%00"),
        Case("a plan of nothing", 400, invalid, '{"prompt": ""}', path=f"{team}/plan", error="required"),
        Case(
            "version 0",
            400,
            invalid,
            '{"prompt": "x", "version": 0}',
            path=f"{team}/plan",
            pointer="/version",
        ),
        Case("version true", 400, invalid, '{"prompt": "x", "version": true}', path=f"{team}/plan"),
        Case("a token without a name", 400, invalid, "{}", path="{API}/tokens", pointer="/name"),
        Case("a token with a long name", 400, invalid, long, path="{API}/tokens", error="too_large"),
        Case("a token for ever", 400, invalid, forever, path="{API}/tokens", error="out_of_range"),
        Case("days as a text", 400, invalid, days, path="{API}/tokens", error="wrong_type"),
        Case("a token of nobody", 404, "not_found", method="DELETE", path="{API}/tokens/" + nobody),
        Case("a hash for a token", 404, "not_found", b"", "GET", "{API}/tokens/" + "a" * 128),
        Case("an agent of nobody", 404, "not_found", b"", "GET", "{API}/agents/" + nobody),
        Case("a language that is none", 400, invalid, '{"language": 5}', "PATCH", "{API}/me"),
        Case("a query for health", 400, "invalid_parameter", b"", "GET", "{API}/health?deep=1"),
    ]


CASES = [*transport(), *json_values(), *fields(), *team_resources(), *queries(), *paths()]


def row_counts() -> dict[str, int]:
    """Count the rows of every table of ours."""
    return {
        model._meta.label: model._base_manager.count()
        for label in ("teams", "billing", "executions")
        for model in apps.get_app_config(label).get_models()
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bad_request_is_refused_as_a_problem_and_writes_nothing(case, api, team, execution) -> None:
    places = {"API": API, "team": team.pk, "TEAM": str(team.pk).upper(), "execution": execution.pk}
    before = row_counts()

    response = api.generic(
        case.method,
        case.path.format(**places),
        case.body,
        content_type=case.content_type,
        headers=case.headers,
    )

    body = assert_problem(response, case.status, case.code)
    if case.error is not None:
        assert body["errors"][0]["code"] == case.error
    if case.pointer is not None:
        assert body["errors"][0]["pointer"] == case.pointer
    assert len(response.content) < 5_000
    assert row_counts() == before


def test_all_wrong_members_are_told_at_once(api) -> None:
    response = api.post(reverse("api:teams"), {"name": 5, "description": None, "colour": "red"})

    errors = assert_problem(response, 400, "validation_error")["errors"]
    assert {(error["pointer"], error["code"]) for error in errors} == {
        ("/name", "wrong_type"),
        ("/description", "wrong_type"),
        ("/definition", "required"),
        ("/colour", "unknown_field"),
    }


@pytest.mark.parametrize("limit_bytes", [262_144])
def test_a_prompt_of_exactly_the_limit_is_taken(limit_bytes, api, team) -> None:
    response = api.post(reverse("api:team-executions", args=[team.pk]), {"prompt": "x" * limit_bytes})

    assert response.status_code == 202


def test_a_json_body_may_say_that_it_is_utf8(api, team) -> None:
    path = reverse("api:team-executions", args=[team.pk])

    response = api.generic("POST", path, '{"prompt": "água"}', content_type="application/json; charset=UTF-8")

    assert response.status_code == 202
