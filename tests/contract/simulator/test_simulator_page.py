"""docs/simulator.md: its commands parse, its requests are answered as noted, its tables are complete."""

import json
import re
import shlex
import subprocess
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

import httpx
import msgspec
import pytest

from executions.suna.simulator.agents.directives import Directive
from executions.suna.simulator.command import add_options
from executions.suna.simulator.control import Control
from executions.suna.simulator.faults import Kind, Rule
from executions.suna.simulator.ledger import Entry
from executions.suna.simulator.options import Options
from executions.suna.simulator.profiles import PROFILES
from tests.contract.simulator.simulator_server import running_simulator

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "simulator.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh( start)?\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
# In place of the program: the shell reads the command, and says what the program would get.
CURL = 'curl() { for word in "$@"; do printf "%s\\0" "$word"; done; }\n'


def table_after(heading: str) -> list[list[str]]:
    """Return the rows of the table that begins with this head cell, as cells."""
    lines = PAGE.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def names_in(heading: str) -> set[str]:
    """Return the names in code marks of a table's first column."""
    return {name for row in table_after(heading) for name in re.findall(r"`([^`]+)`", row[0])}


def words_of(command: str, known: dict[str, str]) -> list[str]:
    values = "".join(f"{name}={shlex.quote(value)}\n" for name, value in known.items())
    done = subprocess.run(
        ["sh", "-c", f"set -u\n{values}{CURL}{command}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    return done.stdout.split("\0")[:-1]


def send(words: list[str]) -> httpx.Response:
    """Send what curl would send for these arguments; those that the page does not use are an error."""
    method, headers, url = None, {}, None
    data: list[str] = []
    parts: dict[str, tuple[None, str]] = {}
    rest = iter(words)
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word == "-d":
            data.append(next(rest))
        elif word == "--data-urlencode":
            name, _, value = next(rest).partition("=")
            data.append(str(httpx.QueryParams({name: value})))
        elif word == "-F":
            name, _, value = next(rest).partition("=")
            parts[name] = (None, value)
        else:
            assert url is None, word
            url = word
    assert url is not None
    if parts:
        return httpx.request(method or "POST", url, headers=headers, files=parts)
    if data:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} | headers
        return httpx.request(method or "POST", url, headers=headers, content="&".join(data).encode())
    return httpx.request(method or "GET", url, headers=headers)


@pytest.fixture(scope="module")
def known() -> Iterator[dict[str, str]]:
    profiles = {"SUNA": "2025-08", "B0": "2025-07", "C0": "2025-10"}
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(running_simulator(profile=profile, tokens=("secret",))).url
            for name, profile in profiles.items()
        }


def test_every_request_of_the_page_is_answered_as_it_notes(known: dict[str, str]) -> None:
    commands = [text for start, text in BLOCKS if not start]
    assert len(commands) > 15
    for command in commands:
        answer = send(words_of(command, known))
        noted = re.search(r'^# (\d{3})(?:; keep "(\w+)" as (\w+))?$', command, re.MULTILINE)
        assert noted, command
        assert answer.status_code == int(noted[1]), f"{command}{answer.text}"
        if noted[2]:
            known[noted[3]] = answer.json()[noted[2]]


def test_every_command_that_starts_it_has_options_that_it_knows() -> None:
    (commands,) = (text.splitlines() for start, text in BLOCKS if start)
    assert len(commands) > 2
    for command in commands:
        program, *words = shlex.split(command)
        parser = ArgumentParser(exit_on_error=False)
        add_options(parser)
        begun = 2 if words[0] in ("manage.py", "-m") else 0
        assert program == "python"
        chosen = parser.parse_args(words[begun:])
        assert chosen.profile.partition("/")[0] in PROFILES


def test_profiles_are_listed_with_their_builds() -> None:
    listed = {
        row[0].strip("`"): tuple(re.findall(r"`(\w+)`", row[2])) or ("",)
        for row in table_after("`--profile`")
    }

    assert {name: wire.variants for name, wire in PROFILES.items()}.items() <= listed.items()


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("Name", set(Directive.__struct_fields__) - {"partial"}),
        ("Rule", set(Rule.__struct_fields__)),
        ("`kind`", set(get_args(Kind))),
        ("Option", set(Options.__struct_fields__)),
        ("Field", set(Entry.__struct_fields__)),
    ],
)
def test_table_lists_exactly_what_there_is(heading: str, names: set[str]) -> None:
    assert names_in(heading) == names


def test_every_request_of_the_control_plane_is_listed() -> None:
    listed = set()
    for row in table_after("Request"):
        first, *more = re.findall(r"`([^`]+)`", row[0])
        method, path = first.split(" ")
        listed |= {(word, path) for word in (method, *more)}
    routes = Control(world=_NOTHING, ledger=_NOTHING, faults=_NOTHING).routes()

    assert listed == {(method, route.path) for route in routes for method in _methods(route)}


def test_rules_of_the_page_are_rules() -> None:
    rules = re.findall(r"-d '(\[?\{\"operation\".*?\]?)'\n", PAGE, re.DOTALL)
    assert len(rules) > 1
    for text in rules:
        decoded = json.loads(text)
        msgspec.convert(decoded if isinstance(decoded, list) else [decoded], list[Rule])


_NOTHING: Any = None


def _methods(route: Any) -> set[str]:
    return set(route.methods) - ({"HEAD"} if "GET" in route.methods else set())
