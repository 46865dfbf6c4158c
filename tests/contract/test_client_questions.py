"""Questions on the wire: what an `ask` offers beside its text, and an answer that is put there once."""

import asyncio
import json
from typing import Any

import pytest

from executions.agent_service import RunRequest
from executions.suna.wire.messages import ends_with_prompt, read_messages
from executions.suna.wire.native_calls import find_native_call
from executions.suna.wire.xml_calls import find_final_call, split_list
from tests.contract.clients import client_to
from tests.contract.raw_server import Request, json_answer, serve
from tests.contract.test_client_results import assistant, read, row, user


def parameter(name: str, value: str) -> str:
    return f'<parameter name="{name}">{value}</parameter>\n'


def ask(*parameters: str) -> str:
    return f'<function_calls>\n<invoke name="ask">\n{"".join(parameters)}</invoke>\n</function_calls>'


async def test_a_question_comes_with_the_answers_it_offers_and_the_files_it_shows():
    said = ask(
        parameter("text", "Which city?"),
        parameter("follow_up_answers", '["Lisbon", "Porto, of course", 7, " "]'),
        parameter("attachments", "map.png, notes/plan.md"),
    )

    result = await read([user("go", number=1), assistant(said, number=2)])

    assert (result.asked, result.text) == (True, "Which city?")
    assert result.options == ("Lisbon", "Porto, of course")
    assert result.attachments == ("map.png", "notes/plan.md")


async def test_an_answer_offers_nothing_whatever_it_holds():
    said = ask(parameter("text", "Done."), parameter("follow_up_answers", '["More"]')).replace(
        "ask", "complete"
    )

    result = await read([user("go", number=1), assistant(said, number=2)])

    assert (result.asked, result.options) == (False, ())


@pytest.mark.parametrize("offered", [["Lisbon", " Porto ", 7, ""], '["Lisbon", "Porto"]', "Lisbon, Porto"])
@pytest.mark.parametrize("place", ["content", "metadata"])
def test_a_native_call_offers_its_list_however_a_model_wrote_it(offered: Any, place: str) -> None:
    arguments = {"text": "Which city?", "follow_up_answers": offered, "attachments": "map.png"}
    said = assistant("", number=2)
    if place == "content":
        function = {"name": "ask", "arguments": json.dumps(arguments)}
        said["content"]["tool_calls"] = [{"id": "1", "type": "function", "function": function}]
    else:
        said["metadata"] = {"tool_calls": [{"function_name": "ask", "arguments": arguments}]}
    [message] = read_messages(json.dumps({"messages": [said]}).encode())

    call = find_native_call(message)

    assert call is not None
    assert (call.tool, call.text) == ("ask", "Which city?")
    assert (call.options, call.attachments) == (("Lisbon", "Porto"), ("map.png",))


def test_a_text_that_quotes_a_parameter_offers_nothing_of_it():
    call = find_final_call(ask(parameter("text", 'Write <parameter name="follow_up_answers">?')))

    assert call is not None
    assert "follow_up_answers" not in "".join(call.options)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("", ()),
        ("one", ("one",)),
        ("one, two ,, three", ("one", "two", "three")),
        ('["one", "two"]', ("one", "two")),
        ("[broken", ()),
        ("[" * 100_000, ()),
        ('{"a": 1}', ('{"a": 1}',)),
    ],
)
def test_a_list_that_a_model_wrote_is_read_as_far_as_it_is_one(value: str, found: tuple[str, ...]) -> None:
    assert split_list(value) == found


TURN = [user("go", number=1), assistant("Which city?", number=2), row("tool", {"content": "ok"}, number=3)]


@pytest.mark.parametrize(
    ("rows", "waits"),
    [
        ([], False),
        (TURN, False),
        ([*TURN, user("Yes.", number=4)], True),
        ([*TURN, user("Yes.", number=4), row("status", {"status_type": "thread_run_start"}, number=5)], True),
        ([*TURN, user("No.", number=4)], False),
        # The same words, answered already: this is another answer.
        ([*TURN, user("Yes.", number=4), assistant("Really?", number=5)], False),
    ],
)
async def test_an_answer_is_put_into_the_thread_unless_it_waits_there_already(
    rows: list[dict[str, Any]], waits: bool
) -> None:
    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(json_answer(200, {"messages": rows} if request.method == "GET" else {"message_id": "m"}))

    async with serve(respond) as server, client_to(server.url) as client:
        await client.add_prompt(RunRequest(agent_id="agent-1", prompt="Yes."), place="t-1")

    posted = [json.loads(request.body)["content"] for request in server.requests if request.method == "POST"]
    assert posted == ([] if waits else ["Yes."])
    messages = read_messages(json.dumps({"messages": rows}).encode())
    assert ends_with_prompt(messages, "Yes.") is waits


async def test_where_the_start_carries_the_prompt_nothing_is_asked_before() -> None:
    async def respond(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(json_answer(500, {}))

    async with serve(respond) as server, client_to(server.url, profile="2025-10") as client:
        await client.add_prompt(RunRequest(agent_id="agent-1", prompt="Yes."), place="t-1")

    assert server.requests == []


QUOTED = ask(parameter("text", "Which city?"), parameter("attachments", "map.png"))


@pytest.mark.parametrize(
    "says",
    [
        "Use <function_calls> blocks. 42.",
        "End it with </function_calls>. 42.",
        f"Write {QUOTED} and wait.",
        f"{QUOTED}{QUOTED}",
        'Begin with <function_calls><invoke name="ask"> and go on.',
        "It ends with </invoke></function_calls> there.",
    ],
)
@pytest.mark.parametrize("tool", ["complete", "ask"])
async def test_an_answer_that_quotes_calls_is_whole_and_no_other_call(says: str, tool: str) -> None:
    said = "Beside. " + ask(parameter("text", "{}")).replace("ask", tool, 1).format(says)
    found = find_final_call(said)
    assert found is not None
    assert (found.tool, found.attachments) == (tool, ())
    # One that quotes the end of a block alone cannot be told from an end.
    if not says.startswith("It ends with"):
        assert found.text == says
        result = await read([user("go", number=1), assistant(said, number=2)])
        assert (result.text, result.asked) == (says, tool == "ask")


@pytest.mark.parametrize("says", ["Use <function_calls> blocks. 42.", "So </function_calls> ends it."])
async def test_a_plain_answer_may_talk_of_calls(says: str) -> None:
    result = await read([user("go", number=1), assistant(says, number=2)])
    assert (result.text, result.asked) == (says, False)
