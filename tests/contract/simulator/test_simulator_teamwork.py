"""What the simulator's agents do with their team's tools, where one of them is missing or says nothing."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from executions.suna.simulator.agents import teamwork
from executions.suna.simulator.agents.script import build_script
from executions.suna.simulator.agents.teamwork import Called, find_server, with_calls, work_with_team
from executions.suna.simulator.agents.topics import find_topics

TOKEN = "rnt_" + "a" * 48
PROMPT = "Your role: {role}\n\nWhich weighs more for a bakery in Lisbon, an oven or a shop?"


class Team:
    """The tools of a team of those roles, which says what it is told to."""

    def __init__(self, *roles: str, inbox: tuple[dict[str, Any], ...] = ()) -> None:
        self.about = {
            "team": [{"step": role, "role": role, "hears_messages": role != "deaf analyst"} for role in roles]
        }
        self.inbox = list(inbox)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.waits = 0

    async def call(self, tool: str, **arguments: Any) -> Mapping[str, Any]:
        self.calls.append((tool, arguments))
        answers: dict[str, Mapping[str, Any]] = {
            "team_about": self.about,
            "message_request": {"mark": "m1"},
            "message_inbox": {
                "messages": [one for one in self.inbox if one["number"] > arguments.get("after", 0)]
            },
            "context_list": {"entries": [{"key": "facts", "value": 1, "author": "step:researcher"}]},
        }
        return answers.get(tool, {})

    async def wait(self) -> None:
        self.waits += 1

    def work(self, part: str) -> str:
        return asyncio.run(work_with_team(part, PROMPT.format(role=part), self))

    @property
    def used(self) -> list[str]:
        return [tool for tool, _ in self.calls]


def message(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "number": number,
        "kind": "direct",
        "mark": f"x{number}",
        "text": "Hm.",
        "reply_to": None,
        **fields,
    }


def test_a_researcher_takes_the_reply_to_its_own_question_alone() -> None:
    others = message(1), message(2, kind="reply", reply_to="m0", text="Not this.")
    team = Team(
        "researcher", "analyst", inbox=(*others, message(3, kind="reply", reply_to="m1", text="Oven."))
    )

    assert team.work("researcher") == "The analyst says: Oven."
    assert team.used == [
        "team_about",
        "context_set",
        "report_progress",
        "message_request",
        "message_inbox",
    ]


@pytest.mark.parametrize("roles", [("researcher",), ("researcher", "deaf analyst")])
def test_a_researcher_without_an_analyst_who_hears_asks_nobody(roles: tuple[str, ...]) -> None:
    team = Team(*roles)

    assert team.work("researcher") == ""
    assert team.used == ["team_about", "context_set"]


def test_who_waits_in_vain_gives_up_and_does_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teamwork, "PATIENCE", 3)
    team = Team("researcher", "analyst", inbox=(message(1),))

    assert team.work("analyst") == ""
    assert team.waits == 3
    assert team.used[-1] == "context_set"
    # What was read once is not asked for again.
    assert [arguments["after"] for tool, arguments in team.calls if tool == "message_inbox"] == [0, 1, 1]


def test_a_writer_submits_what_is_shared_and_other_parts_leave_the_tools_alone() -> None:
    team, idle = Team("writer"), Team("editor")

    team.work("writer")
    idle.work("editor")

    [_, (tool, arguments)] = team.calls
    assert (tool, arguments["value"]["sources"]) == ("submit_result", {"facts": "step:researcher"})
    assert idle.calls == []


def test_a_prompt_names_a_server_by_its_address_and_a_token() -> None:
    note = f'Your tools are on the MCP server "renum-team" (http://127.0.0.1:1/mcp). Token: {TOKEN}\n'

    server = find_server(PROMPT + note)

    assert server is not None
    assert (server.address, server.token) == ("http://127.0.0.1:1/mcp", TOKEN)
    assert find_server(PROMPT) is find_server(note.replace(TOKEN, "none")) is None


def test_each_call_is_a_model_call_with_the_token_and_the_answer_comes_last() -> None:
    script = build_script(
        prompts=[PROMPT.format(role="researcher")],
        answered=False,
        directive=None,
        model_name=None,
        run_seconds=1,
    )
    calls = [Called(tool="team_about", arguments={}), Called(tool="context_set", arguments={"key": "é"})]

    talked = with_calls(script, calls, token=TOKEN, said="The analyst says: Oven.")

    about, put, answer = talked.turns
    assert (about.tool, put.tool, answer.tool) == ("team_about", "context_set", None)
    assert put.argument == f'{{"key": "é", "token": "{TOKEN}"}}'
    assert answer.text == f"{script.turns[0].text}\n\nThe analyst says: Oven."
    assert about.tokens_input < put.tokens_input < answer.tokens_input


def test_what_a_team_is_told_about_its_tools_is_not_what_its_answers_are_about() -> None:
    told = (
        "<<<<BLOCK 2: How to write to your team | ab12>>>>\n"
        "You may write to your team 10 times, messages and replies.\n\n<<<<END BLOCK 2 | ab12>>>>\n\n"
        'Your team\'s tools are on the MCP server "renum-team" (http://127.0.0.1:1/mcp). Call it.'
    )

    assert find_topics(f"{PROMPT}\n\n{told}") == find_topics(PROMPT)
