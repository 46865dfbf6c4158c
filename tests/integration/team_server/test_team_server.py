"""Agents talk to their team over MCP, with the official SDK's client against a real server."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from executions.context.rebuild import rebuild_context
from executions.context.store import read_context
from executions.models import ContextChange, Execution, TeamMessage
from tests.fixtures.site_rows import set_execution
from tests.fixtures.web import RunningWeb
from tests.integration.team_server.conftest import SCHEMA, Agents

Served = Callable[..., Agents]


def test_agents_write_ask_reply_and_share_values(served: Served) -> None:
    agents = served()

    about = agents.call("a", "team_about").value
    request = agents.call("a", "message_request", text="Which city?", to="b", timeout_s=60).value
    [heard] = agents.call("b", "message_inbox").value["messages"]
    agents.call("b", "message_send", text="Lisbon", reply_to=heard["mark"])
    [reply] = agents.call("a", "message_inbox").value["messages"]
    written = agents.call("a", "context_set", key="city", value={"name": "Lisbon"}).value
    read = agents.call("b", "context_get", key="city").value
    agents.call("b", "report_progress", text="Half way\nthrough")
    asked = agents.call("b", "ask_human", text="May I?", default="no").value

    assert about["you"] == {"step": "a", "role": "researcher", "attempt": 1}
    assert [one["hears_messages"] for one in about["team"]] == [True, True, False]
    assert (heard["mark"], heard["kind"], heard["from"]) == (request["mark"], "request", "step:a")
    assert (reply["kind"], reply["text"], reply["reply_to"]) == ("reply", "Lisbon", request["mark"])
    assert agents.call("a", "message_inbox", after=reply["number"]).value == {"messages": []}
    assert written == {"key": "city", "value": {"name": "Lisbon"}, "version": 1, "author": "step:a"}
    assert read == written
    assert agents.call("b", "context_list").value == {"entries": [written]}
    assert agents.call("b", "context_get", key="none").value["version"] == 0
    people = TeamMessage.objects.get(recipient="people")
    assert (people.kind, people.default_answer, people.pk.hex[-12:]) == ("request", "no", asked["mark"])
    kinds = list(agents.execution.events.order_by("seq").values_list("kind", "step_id"))
    assert kinds[-3:] == [("context_written", "a"), ("step_progress", "b"), ("message_posted", "b")]
    assert agents.execution.events.get(kind="step_progress").data == {"text": "Half way through"}


def test_who_has_no_token_of_a_run_at_work_is_told_nothing(served: Served) -> None:
    agents, others = served(), served("otto")
    others.call("a", "context_set", key="secret", value="theirs")
    forged = agents.token("a")[:-4] + "AAAA"

    for token in ("", "x", forged, agents.token("silent"), "rnt_" + "é" * 48, agents.token("a") + "\n"):
        refused = agents.ask("context_list", {"token": token})
        assert refused.error.startswith("token_refused"), token
    assert agents.call("a", "context_get", key="secret").value["value"] is None
    assert agents.call("a", "context_list").value == {"entries": []}
    theirs = others.call("a", "message_send", text="ours").value["mark"]
    assert "unknown_message" in agents.call("b", "message_send", text="x", reply_to=theirs).error
    assert agents.call("b", "message_inbox").value == {"messages": []}
    agents.runs["a"].status = "completed"
    type(agents.runs["a"]).objects.filter(pk=agents.runs["a"].pk).update(
        status="completed", finished_at=agents.execution.created_at
    )
    assert agents.call("a", "context_list").error.startswith("token_refused")
    set_execution(agents.execution, status="cancelled")
    assert agents.call("b", "context_list").error.startswith("token_refused")


def test_a_bearer_token_is_as_good_as_an_argument(served: Served) -> None:
    agents = served()

    said = agents.ask("team_about", {}, bearer=agents.token("b")).value

    assert said["you"]["step"] == "b"
    assert agents.ask("team_about", {}, bearer="rnt_wrong").error.startswith("token_refused")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"key": "a\x00b", "value": 1}, "invalid_key"),
        ({"key": "agent_a_result", "value": 1}, "reserved_key"),
        ({"key": "k" * 129, "value": 1}, "invalid_key"),
        ({"key": "k", "value": "a\x00b"}, "nul"),
        ({"key": "k", "value": "\ud800"}, ""),
        ({"key": "k", "value": "x" * 70_000}, "too_large"),
        ({"key": "k", "value": 1, "merge": "explode"}, "invalid_value"),
        ({"key": "k", "value": "x", "merge": "merge"}, "not_an_object"),
        ({"key": "k", "value": 1, "expected_version": 7}, "other_version"),
        ({"key": "k"}, ""),
    ],
)
def test_a_hostile_value_is_refused_with_a_code_and_changes_nothing(
    arguments: dict[str, object], code: str, served: Served
) -> None:
    agents = served()

    try:
        refused = agents.call("a", "context_set", **arguments).error
    except Exception as error:  # noqa: BLE001  half a character cannot even be sent
        refused = repr(error)

    assert refused
    assert code in refused
    assert not ContextChange.objects.exists()
    assert agents.call("a", "context_set", key="k", value=1).value["version"] == 1


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("message_send", {"text": "a\x00b"}, "nul_character"),
        ("message_send", {"text": " "}, "required"),
        ("message_send", {"text": "x" * 20_000}, "too_large"),
        ("message_send", {"text": "x", "to": "nobody"}, "unknown_step"),
        ("message_send", {"text": "x", "to": "silent"}, "not_listening"),
        ("message_request", {"text": "x", "timeout_s": 0}, "out_of_range"),
        ("message_request", {"text": "x", "timeout_s": 10**30}, "out_of_range"),
        ("report_progress", {"text": " "}, "out_of_range"),
    ],
)
def test_a_hostile_message_is_refused_with_a_code_and_nothing_is_written(
    tool: str, arguments: dict[str, object], code: str, served: Served
) -> None:
    agents = served()
    before = agents.execution.events.count()

    assert code in agents.call("a", tool, **arguments).error
    assert not TeamMessage.objects.exists()
    assert agents.execution.events.count() == before


def test_a_result_is_judged_at_once_and_the_last_one_is_kept(served: Served) -> None:
    agents = served()

    wrong = [agents.call("a", "submit_result", value=value).error for value in ("text", 7, None)]
    broken = agents.call("a", "submit_result", value={"size": "large"}).error
    for size in (1, 2):
        assert agents.call("a", "submit_result", value={"size": size}).value == {"accepted": True}

    assert all("wrong_type" in one for one in wrong)
    assert "breaks_schema" in broken
    assert "/value/size" in broken
    agents.runs["a"].refresh_from_db()
    assert agents.runs["a"].submitted == {"size": 2}
    assert agents.execution.events.filter(kind="result_submitted", step_id="a").count() == 2
    assert agents.call("a", "team_about").value["result"]["schema"] == SCHEMA


def test_twenty_writers_at_once_lose_nothing_in_postgresql_and_in_redis(served: Served, clean_redis) -> None:
    agents = served()

    async def write_all() -> list[object]:
        calls = []
        for number in range(20):
            token = agents.token("ab"[number % 2])
            for arguments in (
                {"key": "list", "value": number, "merge": "append"},
                {"key": "most", "value": number, "merge": "max"},
                {"key": f"own-{number}", "value": number},
            ):
                calls.append(agents.ask_soon("context_set", {**arguments, "token": token}))
        return list(await asyncio.gather(*calls))

    said = asyncio.run(write_all())

    assert [one.error for one in said] == [""] * 60
    version = Execution.objects.get(pk=agents.execution.pk).context_version
    values = rebuild_context(agents.execution.pk, version=version)
    assert (sorted(values["list"]), values["most"], version) == (list(range(20)), 19, 60)
    assert [values[f"own-{number}"] for number in range(20)] == list(range(20))
    assert read_context(agents.execution.pk, version=version) == values
    clean_redis.flushdb()
    assert read_context(agents.execution.pk, version=version) == values


def test_of_many_that_compare_and_set_one_wins_each_version(served: Served) -> None:
    agents = served()

    async def race() -> list[object]:
        arguments = {"key": "turn", "value": 1, "expected_version": 0, "token": agents.token("a")}
        return list(await asyncio.gather(*(agents.ask_soon("context_set", arguments) for _ in range(10))))

    said = asyncio.run(race())

    assert sum(not one.error for one in said) == 1
    assert {one.error.partition(":")[0] for one in said if one.error} == {"other_version"}


def test_no_token_stands_in_the_log_whatever_is_wrong_with_a_call(served: Served, web: RunningWeb) -> None:
    agents = served()
    agents.call("a", "context_set", value=1)
    agents.call("a", "context_set", key=["a"], value=1)
    agents.call("a", "no_such_tool")
    agents.call("a", "message_send", text="x" * 20_000)
    agents.ask("context_list", {}, bearer=agents.token("a"))

    log = web.log.read_text()

    assert "POST /mcp" in log
    assert "rnt_" not in log


def test_pages_of_other_sites_and_other_names_reach_no_tool(served: Served) -> None:
    agents = served()
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    accepts = {"Accept": "application/json, text/event-stream"}

    plain = httpx.post(timeout=30, url=f"{agents.url}/mcp", json=body, headers=accepts)
    lured = httpx.post(
        timeout=30, url=f"{agents.url}/mcp", json=body, headers={**accepts, "Origin": "https://evil.example"}
    )
    renamed = httpx.post(
        timeout=30, url=f"{agents.url}/mcp", json=body, headers={**accepts, "Host": "evil.example"}
    )

    assert len(plain.json()["result"]["tools"]) == 10
    assert lured.status_code == 404
    assert renamed.status_code == 400
    assert (
        httpx.post(timeout=30, url=f"{agents.url}/mcp", content=b"x" * 3_000_000, headers=accepts).status_code
        == 413
    )
    assert httpx.post(timeout=30, url=f"{agents.url}/mcp", content=b"{", headers=accepts).status_code == 400
