"""The team's messages end to end: written in answers, told at the next start, answered, timed out, merged."""

import json
from typing import Any

import pytest

from executions.actions.post_message import post_message
from executions.models import Execution, TeamMessage
from tests.fixtures.running import RunningRenum, wait_until

pytestmark = pytest.mark.shares_suna


def block(**said: Any) -> str:
    return f"```renum-team\n{json.dumps(said)}\n```"


def says(text: str, **more: Any) -> str:
    return f"@@sim{json.dumps({'text': text, **more})}"


def step(agent: str, said: str, **more: Any) -> dict[str, Any]:
    return {"agent_id": agent, "instructions": said, **more}


def graph(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"type": "graph", "defaults": {"tools": "team"}, "agents": list(steps)}


def input_of(execution: Execution, step_id: str) -> str:
    prompt = execution.steps.values_list("input", flat=True).get(step_id=step_id)
    assert prompt
    return str(prompt)


def messages_of(execution: Execution) -> list[tuple[int, str, str, str | None, str]]:
    rows = TeamMessage.objects.filter(execution=execution).order_by("seq")
    return list(rows.values_list("seq", "kind", "sender", "recipient", "text"))


def told(execution: Execution, step_id: str) -> list[int]:
    rows = TeamMessage.objects.filter(deliveries__step__step_id=step_id, execution=execution)
    return list(rows.order_by("seq").values_list("seq", flat=True))


def test_steps_write_ask_and_reply_and_each_is_told_at_its_start(renum_on) -> None:
    renum: RunningRenum = renum_on("2025-08")
    renum.start_drivers()
    asks = block(
        messages=[
            {"text": "Mind the year."},
            {"to": "analyst", "text": "How many?", "timeout": "1h"},
            {"to": "writer", "text": "Be brief."},
            {"to": "analyst", "text": "Which city?", "timeout": "1h", "default": "Lisbon"},
            {"to": "@people", "text": "It goes well."},
        ],
        context=[{"key": "market", "value": {"size": 3}}],
    )
    replies = block(
        messages=[{"reply_to": "{request}", "text": "Porto."}],
        context=[{"key": "market", "value": {"city": "Porto"}, "merge": "merge"}],
        result={"found": 3},
    )

    execution = renum.run(
        graph(
            step("researcher", says(f"Found three.\n{asks}")),
            step("analyst", says(f"Counted.\n\n{replies}"), depends_on=["researcher"]),
            step("writer", says("Written."), depends_on=["analyst"]),
            step("outsider", says("Alone."), depends_on=["analyst"], tools="none"),
        )
    )

    assert execution.status == "completed"
    assert messages_of(execution) == [
        (1, "broadcast", "step:researcher", None, "Mind the year."),
        (2, "request", "step:researcher", "step:analyst", "How many?"),
        (3, "direct", "step:researcher", "step:writer", "Be brief."),
        (4, "request", "step:researcher", "step:analyst", "Which city?"),
        (5, "direct", "step:researcher", "people", "It goes well."),
        (6, "reply", "step:analyst", "step:researcher", "Porto."),
        (7, "reply", "system", "step:researcher", "Nobody answered in time."),
    ]
    assert (told(execution, "analyst"), told(execution, "writer")) == ([1, 2, 4], [1, 3])
    assert (told(execution, "researcher"), told(execution, "outsider")) == ([], [])
    results = dict(execution.steps.values_list("step_id", "result_text"))
    assert (results["researcher"], results["analyst"]) == ("Found three.", "Counted.")
    assert execution.steps.get(step_id="analyst").result_data == {"found": 3}
    assert "Which city?" in input_of(execution, "analyst")
    # What is not for a step is not in its prompt, and who has no use for messages is told none.
    assert "Be brief." not in input_of(execution, "analyst")
    assert "renum-team" not in input_of(execution, "outsider")
    written = execution.context_changes.filter(key="market").order_by("version")
    assert [(one.author, one.value) for one in written] == [
        ("step:researcher", {"size": 3}),
        ("step:analyst", {"size": 3, "city": "Porto"}),
    ]
    kinds = execution.events.filter(kind="message_posted").order_by("seq")
    assert [event.data["kind"] for event in kinds] == [kind for _, kind, *_ in messages_of(execution)]
    assert execution.events.get(kind="step_starting", step_id="writer").data["messages"] == 2


def test_twenty_steps_at_once_write_the_same_keys_and_nothing_is_lost(renum_on, figure) -> None:
    renum: RunningRenum = renum_on("2025-08")
    renum.start_drivers()
    names = [f"s{number}" for number in range(20)]

    def speak(number: int) -> str:
        said = block(
            messages=[{"text": f"I am {number}."}, {"to": "end", "text": f"For you, {number}."}],
            context=[
                {"key": "list", "value": number, "merge": "append"},
                {"key": "most", "value": number, "merge": "max"},
                {"key": "all", "value": {f"k{number}": number}, "merge": "merge"},
                {"key": f"own-{number}", "value": number},
            ],
        )
        return says(f"Done.\n{said}")

    execution = renum.run(
        graph(
            *(step(name, speak(number)) for number, name in enumerate(names)),
            step("end", says("The end."), depends_on=names),
        )
    )

    assert execution.status == "completed"
    values = {one.key: one.value for one in execution.context_changes.order_by("version")}
    assert sorted(values["list"]) == list(range(20))
    assert values["most"] == 19
    assert values["all"] == {f"k{number}": number for number in range(20)}
    assert [values[f"own-{number}"] for number in range(20)] == list(range(20))
    assert execution.context_snapshots.order_by("-version").first().values == values
    seqs = [seq for seq, *_ in messages_of(execution)]
    assert seqs == list(range(1, 41))
    assert told(execution, "end") == seqs
    prompt = input_of(execution, "end")
    assert all(prompt.count(f"I am {number}.") == 1 for number in range(20))
    figure("messages", len(seqs))


def test_a_block_with_a_mistake_is_shown_and_the_step_completes_all_the_same(renum_on) -> None:
    renum: RunningRenum = renum_on("2025-08")
    renum.start_drivers()
    wrong = block(messages=[{"text": "Unheard."}, {"to": "nobody", "text": "Hello?"}])

    execution = renum.run(graph(step("a", says(f"Done.\n{wrong}")), step("b", says("B."), depends_on=["a"])))

    assert (execution.status, messages_of(execution)) == ("completed", [])
    event = execution.events.get(kind="team_block_refused")
    assert event.data["mistakes"] == [{"pointer": "/messages/1/to", "code": "unknown_step"}]
    # Nothing is lost: whoever reads the answer sees what the agent meant.
    assert "Unheard." in execution.steps.get(step_id="a").result_text


def test_a_person_writes_to_a_later_step_and_a_retried_attempt_is_told_again(renum_on) -> None:
    renum: RunningRenum = renum_on("2025-08")
    renum.start_drivers()
    execution = renum.start(
        renum.make_team(
            graph(
                step("a", says("A.", takes=3)),
                step(
                    "b",
                    f"@@sim{json.dumps({'key': 'b', 'attempts': [{'fail': 'no'}, {'text': 'B.'}]})}",
                    depends_on=["a"],
                    retry={"max_attempts": 2, "initial_interval": 1},
                ),
            )
        )
    )
    wait_until(lambda: execution.steps.filter(step_id="a", status="running").exists())
    post_message(execution=execution, by=renum.owner, to="b", text="Mind the gap.")
    post_message(execution=execution, by=renum.owner, to="a", text="Too late for you.")

    renum.wait_for(execution)

    assert execution.status == "completed"
    assert execution.steps.get(step_id="b").attempts == 2
    assert input_of(execution, "b").count("Mind the gap.") == 1
    assert (told(execution, "b"), told(execution, "a")) == ([1], [])


@pytest.mark.faults
def test_a_driver_killed_between_answer_and_delivery_posts_and_delivers_once(renum_on) -> None:
    renum: RunningRenum = renum_on("2025-08")
    cluster = renum.start_drivers()
    said = block(messages=[{"to": "b", "text": "Once.", "timeout": "1h"}])
    execution = renum.start(
        renum.make_team(
            graph(
                step("a", says(f"A.\n{said}", takes=3)),
                step(
                    "b",
                    says(f"B.\n{block(messages=[{'reply_to': '{request}', 'text': 'Yes.'}])}"),
                    depends_on=["a"],
                ),
            )
        )
    )
    wait_until(lambda: execution.steps.filter(step_id="a", status="running").exists())
    renum.suna.fail("agent.start", kind="barrier", when="after", name="start")
    # The answer ends with nobody there to take it in, and then whoever did so dies before the next start is.
    cluster.kill_driver()
    wait_until(lambda: renum.suna.get("barriers")["waiting"].get("start"))
    cluster.kill_driver()
    renum.suna.release("start")

    renum.wait_for(execution)

    assert execution.status == "completed"
    assert [(kind, text) for _, kind, _, _, text in messages_of(execution)] == [
        ("request", "Once."),
        ("reply", "Yes."),
    ]
    assert told(execution, "b") == [1]
