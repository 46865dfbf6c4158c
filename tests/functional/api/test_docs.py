"""docs/api.md: its commands run against a live server, and its tables list exactly what the code has."""

import ast
import importlib
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework import exceptions

from executions.api.verb_endpoints import ExecutionRelease
from executions.models import Execution
from renum_site.api_errors import _WORDS
from renum_site.turns import TOO_BUSY
from teams.actions.refusal import Refusal
from teams.models import ApiTokenScope, SunaConnection, User
from tests.fixtures.people import PASSWORD
from tests.fixtures.site_rows import ask
from tests.functional.api.test_rights import EXPECTED, METHODS, PEOPLE

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\S+)(?: (\S+))?\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = [text for kind, _, text in BLOCKS if kind == "sh" and "curl" in text]
JSON_BLOCKS = {name: json.loads(text) for kind, name, text in BLOCKS if kind == "json"}
# Nobody in the table of rights may use it, so that their answers say nothing of scopes.
STAFF_ONLY = {"execution-release": ExecutionRelease.scopes["POST"]}
# In place of the program: the shell reads the command, and says what the program would get.
CURL = 'curl() { for word in "$@"; do [ "$word" = @- ] && cat || printf %s "$word"; printf "\\0"; done; }\n'


def words_of(command: str, known: dict[str, str]) -> list[str]:
    """Return the arguments that a shell makes of a command; a variable that nobody set is an error."""
    values = "".join(f"{name}={shlex.quote(value)}\n" for name, value in known.items())
    script = "set -u\n" + values + CURL + command
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.split("\0")[:-1]


def send(words: list[str]) -> httpx.Response:
    """Send what curl would send for these arguments; those that the page does not use are an error."""
    method, body, headers, url = "GET", None, {}, None
    rest = iter(words)
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(rest)
        else:
            assert url is None, word
            url = word
    assert url is not None
    if body and body.startswith("@"):
        body = json.dumps(JSON_BLOCKS[body.removeprefix("@")])
    return httpx.request(method, url, headers=headers, content=body, trust_env=False)


def run_page(origin: str) -> Iterator[tuple[str, httpx.Response]]:
    """Run the page's commands in turn; yield each with its answer."""
    known = {"RENUM": origin, "NAME": "olga", "PASSWORD": PASSWORD}
    for command in COMMANDS:
        if "$QUESTION" in command:
            execution = Execution.objects.get(pk=known["EXECUTION"])
            known["QUESTION"] = str(ask(execution).pk)
        answer = send(words_of(command, known))
        noted = re.search(r'^# (\d{3})(?:; keep "(\w+)" as (\w+))?$', command, re.MULTILINE)
        assert noted, command
        assert answer.status_code == int(noted[1]), f"{command}{answer.text}"
        if noted[2]:
            known[noted[3]] = answer.json()[noted[2]]
        yield command, answer


@pytest.mark.django_db(transaction=True)
def test_every_command_of_the_page_is_answered_as_it_notes(
    live_server: Any, owner: User, suna_connection: SunaConnection
) -> None:
    answers = list(run_page(live_server.url))

    def answer_to(part: str) -> dict[str, Any]:
        [found] = [answer.json() for command, answer in answers if part in command]
        return dict(found)

    assert len(answers) == len(COMMANDS) == 43
    assert answer_to("Idempotency-Key")["status"] == "queued"
    assert answer_to("events?after=0")["results"][0]["kind"] == "execution_queued"
    assert len(answer_to('/executions/$EXECUTION" -H')["steps"]) == 2
    assert {"results", "totals", "usage_complete"} <= answer_to("$EXECUTION/usage").keys()
    assert answer_to("/context?version=0")["values"] == {}
    assert answer_to("/result")["code"] == "not_over"
    assert answer_to("/usage/summary")["time_zone"] == "America/Sao_Paulo"
    assert answer_to("/pause")["can"] == ["resume", "cancel"]
    assert answer_to("/resume")["can"] == ["pause", "cancel"]
    assert answer_to("/answer")["answer"] == "Take the years since 2020."
    assert answer_to("/cancel")["cancel_requested_at"] is not None
    assert answer_to("/run-again")["code"] == "not_over"
    refused = answer_to('"prompt": " "')
    assert refused | {"request_id": None} == JSON_BLOCKS["answer"] | {"request_id": None}


def rows_under(heading: str) -> list[list[str]]:
    """Return the cells of the table with that heading, row by row."""
    table = PAGE.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
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
        for method, address, scope, query, _ in rows_under("Method | Address | Scope | Query |")
    }

    found = {
        (method, address): (scope_of(name, method), tuple(sorted(queries_of(view).get(method, ()))))
        for name, address, view in routes()
        for method in METHODS
        if hasattr(view, method.lower())
    }

    assert len(found) == 78
    assert {place: (scope, tuple(sorted(query))) for place, (scope, query) in written.items()} == found


def test_the_table_of_scopes_has_every_scope() -> None:
    assert [row[0].strip("`") for row in rows_under("Scope | Lets")] == ApiTokenScope.values


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

    written = [code for row in rows_under("Code | Status | Means") for code in re.findall(r"`(\w+)`", row[0])]

    assert len(written) == len(set(written))
    assert len(ours) > 15
    assert sorted(ours - set(written)) == []
    assert sorted(set(written) - ours - theirs) == []
