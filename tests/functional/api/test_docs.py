"""docs/api: its tables list exactly what the code has. Its examples run in tests/integration/running."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework import exceptions

from executions.api.verb_endpoints import ExecutionRelease
from renum_site.api_addresses import page_with_addresses
from renum_site.api_errors import _WORDS
from renum_site.api_schema import openapi_document
from renum_site.turns import TOO_BUSY
from teams.actions.refusal import Refusal
from teams.api.problems import CONTENT_TYPE
from teams.models import ApiTokenScope
from teams.workflow.problems import JSON_CODES
from tests.fixtures.api_pages import PAGES
from tests.functional.api.test_rights import EXPECTED, METHODS, PEOPLE

ROOT = Path(__file__).resolve().parents[3]
# Nobody in the table of rights may use it, so that their answers say nothing of scopes.
STAFF_ONLY = {"execution-release": ExecutionRelease.scopes["POST"]}


def rows_of(page: str, heading: str) -> list[list[str]]:
    """Return the cells of a page's table with that heading, row by row."""
    table = PAGES[page].split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


def routes() -> Iterator[tuple[str, str, Any]]:
    """Yield the name, the address below /api/v1 and the view of every route."""

    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, str, Any]]:
        for entry in resolver.url_patterns:
            place = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                yield from walk(entry, place)
            elif isinstance(entry, URLPattern) and place.startswith("api/v1/"):
                address = re.sub(r"<\w+:(\w+)>", r"{\1}", place.removeprefix("api/v1"))
                yield str(entry.name), address, entry.callback.view_class

    yield from walk(get_resolver(), "")


def queries_of(view: Any) -> dict[str, tuple[str, ...]]:
    """Return the parameters that each method of a view takes."""
    return {"GET": view.query, "POST": view.post_query, "PUT": view.put_query}


def scope_of(name: str, method: str) -> str:
    """Return the least scope, by what each token was answered in the table of rights."""
    answers = dict(zip(PEOPLE, EXPECTED[name, method], strict=True))
    if answers["anonymous"] != 401:
        return "none"
    if name in STAFF_ONLY:
        return STAFF_ONLY[name]
    return next(scope for scope in ("read", "run", "admin") if answers.get(scope) != 403)


def test_the_table_of_addresses_has_every_route_with_its_scope_and_its_query() -> None:
    written = {
        (method, address.strip("`")): (scope.strip("`"), tuple(re.findall(r"`(\w+)`", query)))
        for method, address, scope, query, _ in rows_of("addresses", "Method | Address | Scope | Query |")
    }

    found = {
        (method, address): (scope_of(name, method), tuple(sorted(queries_of(view).get(method, ()))))
        for name, address, view in routes()
        for method in METHODS
        if hasattr(view, method.lower())
    }

    assert len(found) > 70
    assert {place: (scope, tuple(sorted(query))) for place, (scope, query) in written.items()} == found


def test_the_table_of_addresses_is_what_its_command_writes_and_keeps_what_people_wrote() -> None:
    page = PAGES["addresses"]
    document = openapi_document()
    assert page_with_addresses(page, document) == page, "run `make docs`"

    one = next(line for line in page.splitlines() if line.startswith("| GET | `/health`"))
    renewed = page_with_addresses(page.replace(one + "\n", ""), document)
    assert "| GET | `/health` | `read` | | How Renum stands: tell it |\n" in renewed
    own_words = one.replace("whether Renum can begin", "may it begin")
    assert own_words in page_with_addresses(page.replace(one, own_words.replace("`read`", "`run`")), document)
    with pytest.raises(ValueError, match="no table"):
        page_with_addresses("# Addresses\n", document)


def test_the_table_of_scopes_has_every_scope() -> None:
    assert [row[0].strip("`") for row in rows_of("tokens", "Scope | Lets")] == ApiTokenScope.values


def file_of(module: str) -> Path:
    """Return the file of one of our modules."""
    return ROOT / f"{module.replace('.', '/')}.py"


def actions_imported_by(path: Path) -> set[str]:
    """Return the modules of actions that a file imports from."""
    nodes = ast.walk(ast.parse(path.read_text()))
    imported = {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    return {module for module in imported if ".actions." in module}


def codes_of_the_api() -> set[str]:
    """Return the codes that the API's modules and the actions they call give an error as a whole."""
    codes = {TOO_BUSY, *(code for code, _ in _WORDS.values())}
    called: set[str] = {"teams.actions.refusal"}
    calls = {"ApiError", "_Described"}
    files = [*ROOT.glob("*/api/*.py")]
    for path in files:
        called |= actions_imported_by(path)
    # What an action calls may refuse too.
    while further := set().union(*(actions_imported_by(file_of(module)) for module in called)) - called:
        called |= further
    raised = {
        node.func.id
        for path in [*ROOT.glob("*/api/*.py"), *ROOT.glob("*/actions/*.py")]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    for module in called:
        for thing in vars(importlib.import_module(module)).values():
            if isinstance(thing, type) and issubclass(thing, Refusal) and thing is not Refusal:
                calls.add(thing.__name__)
                # Some only stand above others and are never raised themselves.
                if thing.__name__ in raised:
                    codes.add(thing.code)
        files.append(file_of(module))
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in calls:
                given = {word.arg: word.value for word in node.keywords}
                second = node.args[1] if getattr(node.func, "id", "") == "ApiError" else given.get("code")
                if isinstance(second, ast.Constant):
                    codes.add(str(second.value))
    return codes


def test_the_table_of_errors_has_every_code_of_ours_and_none_that_nobody_gives() -> None:
    ours = codes_of_the_api()
    theirs = {
        error.default_code
        for error in vars(exceptions).values()
        if isinstance(error, type) and issubclass(error, exceptions.APIException)
    }

    written = [
        code for row in rows_of("errors", "Code | Status | Means") for code in re.findall(r"`(\w+)`", row[0])
    ]

    assert len(written) == len(set(written))
    assert len(ours) > 15
    assert sorted(ours - set(written)) == []
    assert sorted(set(written) - ours - theirs) == []


def statuses_by_code() -> dict[str, set[str]]:
    """Return the statuses with which the OpenAPI document has each code."""
    found: dict[str, set[str]] = {}
    for operations in openapi_document()["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                body = answer.get("content", {}).get(CONTENT_TYPE, {}).get("schema", {})
                for code in body.get("properties", {}).get("code", {}).get("enum", ()):
                    found.setdefault(code, set()).add(status)
    return found


def test_the_table_of_errors_has_every_code_of_the_document_with_its_statuses() -> None:
    described = {code: found for code, found in statuses_by_code().items() if code not in JSON_CODES}
    written = {
        code: set(statuses.split(", "))
        for codes, statuses, _ in rows_of("errors", "Code | Status | Means")
        for code in re.findall(r"`(\w+)`", codes)
    }

    assert len(described) > 40
    assert {code: written.get(code) for code in described} == described
