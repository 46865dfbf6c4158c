"""What the client makes of a run's rows and of a seed result, beyond what was recorded."""

import asyncio
import json
import time
from typing import Any

import pytest

from executions.agent_service import BadResponse, RunResult
from executions.suna.wire.xml_calls import find_final_call, strip_calls
from tests.contract.clients import client_to
from tests.contract.raw_server import Request, always, answer, json_answer, serve

ASK = (
    '<function_calls>\n<invoke name="ask">\n<parameter name="text">{}</parameter>\n'
    "</invoke>\n</function_calls>"
)
COMPLETE = ASK.replace("ask", "complete")


def row(kind: str, content: Any, *, number: int, minute: int = 0) -> dict[str, Any]:
    return {
        "message_id": f"m-{number}",
        "type": kind,
        "content": content,
        "metadata": {},
        "created_at": f"2026-11-22T12:{minute:02d}:{number:02d}+00:00",
    }


def user(text: str, *, number: int, minute: int = 0) -> dict[str, Any]:
    return row("user", {"role": "user", "content": text}, number=number, minute=minute)


def assistant(content: Any, *, number: int, minute: int = 0) -> dict[str, Any]:
    return row("assistant", {"role": "assistant", "content": content}, number=number, minute=minute)


async def read(rows: list[dict[str, Any]]) -> RunResult:
    async with serve(always(json_answer(200, {"messages": rows}))) as server, client_to(server.url) as client:
        return await client.get_result("r-1", place="t-1")


async def read_seed(body: dict[str, Any]) -> RunResult:
    payload = always(json_answer(200, {"agent_run_id": "r-1", **body}))
    async with serve(payload) as server, client_to(server.url, profile="seed") as client:
        return await client.get_result("r-1", place="t-1")


@pytest.mark.parametrize(
    ("contents", "text", "asked"),
    [
        (["one", "two"], "two", False),
        (["before", COMPLETE.replace('<parameter name="text">{}</parameter>', "")], "before", False),
        (["beside " + COMPLETE.replace('<parameter name="text">{}</parameter>', "")], "beside", False),
        (["said " + ASK.format("which?"), "later"], "later", False),
        ([ASK.format("a </parameter> b")], "a </parameter> b", True),
        ([ASK.format("cut")[: -len("</invoke>\n</function_calls>")]], "cut", True),
        (['talks of <invoke name="ask"> only'], 'talks of <invoke name="ask"> only', False),
        (["told", '<function_calls><invoke name="web_search"></invoke></function_calls>'], "told", False),
        ([[{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}, 7]], "in parts", False),
        ([None], None, False),
        (["  "], None, False),
        ([{"odd": 1}], None, False),
    ],
)
async def test_the_final_answer_is_found_in_the_last_assistant_row(contents, text, asked):
    rows = [user("go", number=1), *(assistant(item, number=n) for n, item in enumerate(contents, start=2))]
    result = await read(rows)
    assert (result.text, result.asked, result.structured) == (text, asked, None)


async def test_content_that_is_stored_as_json_in_a_text_or_as_bare_text_is_read_too():
    first = row("user", json.dumps({"role": "user", "content": "go"}), number=1)
    packed = row("assistant", json.dumps({"role": "assistant", "content": "packed"}), number=2)
    assert (await read([first, packed])).text == "packed"
    assert (await read([first, row("assistant", "bare", number=2)])).text == "bare"
    assert (await read([first, row("assistant", "[1, 2]", number=2)])).text == "[1, 2]"


async def test_json_in_a_text_or_in_attachments_is_no_structured_result():
    content = COMPLETE.format('{"category": "x"}').replace(
        "</invoke>", '<parameter name="attachments">["a.txt"]</parameter>\n</invoke>'
    )
    result = await read([user("go", number=1), assistant(content, number=2)])
    assert (result.text, result.structured) == ('{"category": "x"}', None)


@pytest.mark.parametrize("key", ["message", "error"])
async def test_the_error_of_a_run_without_an_answer_is_that_of_its_status_row(key):
    rows = [user("go", number=1), row("status", {"status_type": "error", key: "no such model"}, number=2)]
    assert (await read(rows)).error == "no such model"


async def test_a_thread_with_several_turns_gives_each_run_its_own_rows():
    def turn(name: str, *, minute: int, number: int) -> list[dict[str, Any]]:
        usage = {"model": "m", "usage": {"prompt_tokens": minute, "completion_tokens": 1}}
        return [
            user("go", number=number, minute=minute),
            assistant(name, number=number + 2, minute=minute),
            row("llm_response_end", usage, number=number + 3, minute=minute),
        ]

    rows = turn("first", minute=1, number=10) + turn("second", minute=5, number=20)
    runs = [
        {"id": run, "thread_id": "t-1", "status": "completed", "started_at": f"2026-11-22T12:{at}+00:00"}
        for run, at in (("r-2", "05:21"), ("r-1", "01:11"))
    ]

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        is_list = request.path.endswith("/agent-runs")
        writer.write(json_answer(200, {"agent_runs": runs} if is_list else {"messages": rows}))

    async with serve(respond) as server, client_to(server.url) as client:
        for run, text, tokens in (("r-1", "first", 1), ("r-2", "second", 5)):
            result = await client.get_result(run, place="t-1")
            assert result.text == text
            assert [response.tokens_input for response in result.responses] == [tokens]


async def test_the_thread_is_looked_up_where_it_is_not_given():
    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path == "/api/agent-run/r-1":
            writer.write(json_answer(200, {"id": "r-1", "threadId": "t-9", "status": "completed"}))
        else:
            assert request.target == "/api/threads/t-9/messages?order=asc&optimized=false"
            writer.write(json_answer(200, {"messages": [assistant("hello", number=1)]}))

    async with serve(respond) as server, client_to(server.url) as client:
        assert (await client.get_result("r-1", place=None)).text == "hello"


@pytest.mark.parametrize("odd", [-1, 1.5, True, "7", None, 10**9 + 1, [1], {}])
async def test_a_count_of_tokens_that_cannot_be_one_is_unknown_and_kept_as_it_was(odd):
    usage = {"prompt_tokens": odd, "completion_tokens": 5}
    rows = [user("go", number=1), row("llm_response_end", {"model": "m", "usage": usage}, number=2)]
    (response,) = (await read(rows)).responses
    assert (response.tokens_input, response.tokens_output) == (None, 5)
    assert response.raw_usage == usage
    (seed,) = (await read_seed({"output": "x", "usage": [usage]})).responses
    assert (seed.tokens_input, seed.tokens_output) == (None, 5)


async def test_numbers_and_texts_that_no_database_takes_are_made_storable():
    body = (
        b'{"agent_run_id": "r-1", "output": "nul \\u0000 half \\ud800",'
        b' "usage": [{"id": "u\\u0000", "model": "m", "prompt_tokens": NaN, "completion_tokens": 1e999,'
        b' "more": {"x": -Infinity}}]}'
    )
    async with serve(always(answer(200, body))) as server, client_to(server.url, profile="seed") as client:
        result = await client.get_result("r-1", place="t-1")
    (response,) = result.responses
    assert result.text == "nul \ufffd half \ufffd"
    assert (response.source_id, response.tokens_input, response.tokens_output) == ("u\ufffd", None, None)
    assert response.raw_usage["prompt_tokens"] == "NaN"
    assert response.raw_usage["completion_tokens"] == "1e999"
    json.dumps(dict(response.raw_usage), allow_nan=False).encode()


@pytest.mark.parametrize(
    ("output", "text", "structured"),
    [
        ("plain", "plain", None),
        ({"category": "x"}, '{"category": "x"}', {"category": "x"}),
        ([1, "ç"], '[1, "ç"]', [1, "ç"]),
        (None, None, None),
    ],
)
async def test_a_seed_result_is_structured_where_the_output_is(output, text, structured):
    result = await read_seed({"output": output, "files": [], "usage": []})
    assert (result.text, result.structured, result.responses) == (text, structured, ())


async def test_seed_usage_has_an_id_of_its_own_or_the_runs_and_a_number():
    usage = [
        {"id": "u-1", "provider": "openai", "model": "gpt-4o", "prompt_tokens": 1, "completion_tokens": 2},
        {"model": "anthropic/claude", "prompt_tokens": 3, "completion_tokens": 4},
    ]
    first, second = (await read_seed({"output": "x", "usage": usage})).responses
    assert (first.source_id, first.provider, first.model) == ("u-1", "openai", "gpt-4o")
    assert (second.source_id, second.provider, second.model) == ("r-1:2", "anthropic", "claude")


@pytest.mark.parametrize("body", [{"output": 7}, {"output": "x", "usage": {}}, {"agent_run_id": "r-2"}])
async def test_a_seed_result_that_is_not_the_contract_is_a_bad_response(body):
    with pytest.raises(BadResponse):
        await read_seed(body)


@pytest.mark.parametrize(
    "unit",
    ['<function_calls><invoke name="ask">', '<parameter name="text">', "</parameter>", "<function_calls>"],
)
def test_reading_calls_takes_linear_time_whatever_an_agent_writes(unit):
    text = '<function_calls><invoke name="ask"><parameter name="text">' + unit * (4_000_000 // len(unit))
    began = time.perf_counter()
    find_final_call(text)
    strip_calls(text)
    assert time.perf_counter() - began < 20
