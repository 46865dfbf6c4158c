"""docs/api: each example of each page, in the shell and in Python, on the product and a simulated Suna."""

import datetime as dt
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from executions.actions.sync_agents import sync_agents
from teams.actions.create_team import create_team
from teams.models import ApiToken, ApiTokenScope, SunaConnection, User
from tests.fixtures.api_pages import (
    PAGES,
    PYTHON,
    SHELL,
    Example,
    examples_of,
    needs_of,
    run_in_python,
    run_in_shell,
)
from tests.fixtures.people import PASSWORD, make_person
from tests.fixtures.running import TOKEN, RunningRenum
from tests.fixtures.web import running_web

RUNNERS: dict[str, Callable[[str, dict[str, str], Path], Iterator[tuple[Example, str]]]] = {
    SHELL: run_in_shell,
    PYTHON: run_in_python,
}

TEAM = {
    "type": "sequential",
    "agents": [
        {"agent_id": "agent-123", "role": "researcher", "input": {"source": "initial_prompt"}},
        {
            "agent_id": "agent-456",
            "role": "writer",
            "input": {"source": "agent_result", "agent_id": "agent-123"},
        },
    ],
}
"""The team that the start page makes."""

AT_ONCE = 6


def test_every_example_stands_in_both_languages_and_says_the_same_of_its_answer() -> None:
    for name, page in PAGES.items():
        examples = examples_of(page)
        assert [one.text for one in examples if one.promise is None] == [], name
        promised = {
            language: [
                (one.promise.status, one.promise.members)
                for one in examples
                if one.language == language and one.promise
            ]
            for language in RUNNERS
        }
        assert promised[SHELL] == promised[PYTHON], name

    blocks = {
        name: len(re.findall(r"^```(?:sh|python)\n", page, re.MULTILINE)) for name, page in PAGES.items()
    }
    not_run = {name: count - len(examples_of(PAGES[name])) for name, count in blocks.items()}
    # The start page says in both languages where Renum is.
    assert {name: count for name, count in not_run.items() if count} == {"README": 2}
    assert sum(len(examples_of(page)) for page in PAGES.values()) > 90


def given(page: str, *, name: str, renum: RunningRenum, origin: str) -> dict[str, str]:
    """Give what a page needs to somebody who has nothing yet."""
    person = make_person(name)
    # The product reads this kind, and not that of tests.
    person.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt-of-a-test", iterations=1000)
    person.save()
    colleague = make_person(f"{name}-colleague")
    there: dict[str, Callable[[], str]] = {
        "RENUM": lambda: origin,
        "NAME": lambda: name,
        "PASSWORD": lambda: PASSWORD,
        "TOKEN": lambda: token_of(person, scope_of(page)),
        "TEAM": lambda: str(
            create_team(owner=person, name="Notes", definition=TEAM, connection=renum.connection).pk
        ),
        "COLLEAGUE": lambda: colleague.username,
        "COLLEAGUE_TOKEN": lambda: token_of(colleague, ApiTokenScope.ADMIN),
        "SUNA": lambda: renum.suna.url,
        "SUNA_TOKEN": lambda: TOKEN,
    }
    return {one: there[one]() for one in needs_of(page)}


def token_of(person: User, scope: ApiTokenScope) -> str:
    """Return a token like that of the start page."""
    _, token = ApiToken.objects.create(person, expiry=dt.timedelta(days=30), scope=scope.value)
    return str(token)


def scope_of(page: str) -> ApiTokenScope:
    """Return the scope that a page says its token has."""
    [scope] = re.findall(r"`TOKEN` of the scope `(\w+)`", page)
    return ApiTokenScope(scope)


@pytest.mark.shares_suna
def test_every_example_of_every_page_is_answered_as_it_says(
    renum_on: Callable[[str], RunningRenum],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    figure: Callable[..., None],
) -> None:
    renum = renum_on("2025-08")
    # As `make run` has it: whoever has no connection of their own uses the site's.
    sync_agents(connection=renum.connection, by=renum.owner, anywhere=True)
    SunaConnection.objects.filter(pk=renum.connection.pk).update(owner=None)
    renum.start_drivers()
    monkeypatch.chdir(tmp_path)
    began = time.monotonic()
    with running_web(renum.env, tmp_path / "web.log") as web:
        known = {
            (language, name): given(page, name=f"{language}-{name}".lower(), renum=renum, origin=web.url)
            for name, page in PAGES.items()
            for language in RUNNERS
        }

        def run(pair: tuple[str, str]) -> list[str]:
            language, name = pair
            answers = RUNNERS[language](PAGES[name], known[pair], tmp_path / "shell")
            return [f"{name}: {fault}\n{example.text}" for example, fault in answers if fault]

        (tmp_path / "shell").mkdir()
        # Each is a person of its own and keeps its files under names of its own.
        with ThreadPoolExecutor(AT_ONCE) as pool:
            faults = [fault for found in pool.map(run, known) for fault in found]
    figure("seconds for all examples", round(time.monotonic() - began, 1))
    assert not faults, "\n\n".join(faults)
