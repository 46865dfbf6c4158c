"""What a definition compiles to: edges, joins, defaults, who continues after a failure, output steps."""

from typing import Any

import pytest

from teams.workflow.plan import RetryPolicy, Source
from tests.unit.workflow.checking import FROM_A, compared, plan_of, problems, step, workflow

ALL_TYPES = ["sequential", "pipeline", "parallel", "conditional", "graph"]
NON_CHAINS = ["parallel", "conditional", "graph"]


@pytest.mark.parametrize("kind", ["sequential", "pipeline", None])
def test_a_chain_steps_on_the_one_before_and_has_no_joins(kind: str | None) -> None:
    document = workflow(kind or "", step("a"), step("b"), step("c", input=FROM_A))
    if kind is None:
        del document["type"]
    plan = plan_of(document)

    assert plan.chain
    assert plan.type == (kind or "sequential")
    assert [item.depends for item in plan.steps] == [(), ("a",), ("a", "b")]
    assert [item.sources for item in plan.steps] == [None, None, (Source(kind="agent_result", step="a"),)]
    assert {item.join for item in plan.steps} == {None}


@pytest.mark.parametrize("kind", NON_CHAINS)
def test_a_step_without_an_input_outside_chains_gets_the_initial_prompt(kind: str) -> None:
    plan = plan_of(workflow(kind, step("a"), step("b")))

    assert [item.sources for item in plan.steps] == [(Source(kind="initial_prompt"),)] * 2
    assert [item.depends for item in plan.steps] == [(), ()]
    assert {item.join for item in plan.steps} == {"all_success"}


def test_edges_come_from_input_conditions_and_depends_on_without_repeats_in_document_order() -> None:
    plan = plan_of(
        workflow(
            "graph",
            step("a"),
            step("b"),
            step("c"),
            step(
                "d",
                input={"source": "agent_result", "agent_id": "c"},
                conditions=[{"not": compared("steps.b.data.x")}, compared("agent_c_result.y")],
                depends_on=["c", "a", "c"],
            ),
        )
    )

    assert plan.step("d").depends == ("a", "b", "c")
    assert plan.step("d").condition_steps == ("b", "c")


def test_depends_on_without_an_input_combines_those_steps_in_the_order_written() -> None:
    plan = plan_of(workflow("graph", step("a"), step("b"), step("c", depends_on=["b", "a", "b"])))

    assert plan.step("c").sources == (
        Source(kind="agent_result", step="b"),
        Source(kind="agent_result", step="a"),
    )
    assert plan.step("c").depends == ("a", "b")
    assert plan.step("c").join == "none_failed"


@pytest.mark.parametrize(
    ("keys", "join"),
    [
        (
            {"input": {"source": "combined", "sources": [{"type": "agent_result", "agent_id": "a"}]}},
            "none_failed",
        ),
        ({"input": {"source": "combined", "sources": [{"type": "initial_prompt"}]}}, "none_failed"),
        ({"depends_on": ["a"]}, "none_failed"),
        ({"depends_on": ["a"], "input": FROM_A}, "all_success"),
        ({"depends_on": []}, "all_success"),
        ({"input": FROM_A}, "all_success"),
        ({"conditions": [compared("steps.a.data.x")]}, "all_success"),
        ({"input": FROM_A, "join": "any_success"}, "any_success"),
        ({"depends_on": ["a"], "join": "all_success"}, "all_success"),
    ],
)
def test_the_default_join_is_none_failed_for_combined_inputs_and_else_all_success(
    keys: dict[str, Any], join: str
) -> None:
    plan = plan_of(workflow("graph", step("a"), step("b", **keys)))

    assert plan.step("b").join == join


@pytest.mark.parametrize(
    ("kind", "on_error"),
    [
        ("sequential", "fail"),
        ("pipeline", "fail"),
        ("graph", "fail"),
        ("parallel", "continue"),
        ("conditional", "continue"),
    ],
)
def test_on_error_follows_the_step_then_the_defaults_then_the_type(kind: str, on_error: str) -> None:
    other = "fail" if on_error == "continue" else "continue"

    plain = plan_of(workflow(kind, step("a")))
    by_defaults = plan_of(workflow(kind, step("a"), defaults={"on_error": other}))
    by_step = plan_of(workflow(kind, step("a", on_error=on_error), defaults={"on_error": other}))

    assert [plan.steps[0].on_error for plan in (plain, by_defaults, by_step)] == [on_error, other, on_error]


@pytest.mark.parametrize(
    ("join", "on_error"),
    [
        ("all_done", "continue"),
        ("any_success", "continue"),
        ("none_failed", "fail"),
        ("all_success", "fail"),
    ],
)
def test_in_a_graph_a_step_that_a_patient_join_waits_for_continues(join: str, on_error: str) -> None:
    plan = plan_of(
        workflow("graph", step("a"), step("b", input=FROM_A), step("c", depends_on=["a"], join=join))
    )

    assert {item.id: item.on_error for item in plan.steps} == {"a": on_error, "b": "fail", "c": "fail"}


def test_what_a_step_does_not_say_comes_from_the_defaults_then_from_the_language() -> None:
    defaults = {"timeout": "20m", "retry": {"max_attempts": 3}, "services": ["openai"]}
    own = {"timeout": 90, "retry": {"initial_interval": 1}, "services": []}

    with_defaults = plan_of(workflow("graph", step("a"), step("b", **own), defaults=defaults))
    without = plan_of(workflow("graph", step("a")))

    a, b = with_defaults.steps
    assert (a.timeout_s, a.retry, a.services) == (1200.0, RetryPolicy(max_attempts=3), ("openai",))
    assert (b.timeout_s, b.retry, b.services) == (90.0, RetryPolicy(initial_interval_s=1.0), ())
    assert (without.steps[0].timeout_s, without.steps[0].services) == (3600.0, None)
    assert without.steps[0].retry == RetryPolicy()
    assert (without.deadline_s, without.max_parallel, without.max_cost_usd) == (86400.0, None, None)


def test_every_key_of_a_step_reaches_the_plan() -> None:
    schema = {"type": "object", "required": ["n"]}
    plan = plan_of(
        workflow(
            "graph",
            step(
                "agent-9",
                id="s",
                role="writer",
                instructions="Be brief.",
                model_name="some/model",
                services=["tavily", "tavily", "open-ai"],
                timeout="2h",
                retry={
                    "max_attempts": 10,
                    "initial_interval": "2s",
                    "backoff_coefficient": 1.5,
                    "max_interval": "1m",
                    "on": ["denied", "timeout", "denied"],
                },
                on_error="continue",
                output={"schema": schema},
            ),
            limits={"max_parallel": 50, "deadline": "24h"},
        )
    )

    (only,) = plan.steps
    assert (only.id, only.agent_id, only.role, only.instructions) == ("s", "agent-9", "writer", "Be brief.")
    assert (only.model_name, only.services, only.timeout_s) == ("some/model", ("tavily", "open-ai"), 7200.0)
    assert only.retry == RetryPolicy(
        max_attempts=10,
        initial_interval_s=2.0,
        backoff_coefficient=1.5,
        max_interval_s=60.0,
        on=("denied", "timeout"),
    )
    assert (only.on_error, only.output_schema) == ("continue", schema)
    assert (plan.max_parallel, plan.deadline_s) == (50, 86400.0)


@pytest.mark.parametrize(
    ("retry", "initial_s", "max_s"),
    [
        ({}, 5.0, 300.0),
        ({"initial_interval": "10m"}, 600.0, 600.0),
        ({"max_interval": 2}, 2.0, 2.0),
        ({"initial_interval": 3, "max_interval": 3}, 3.0, 3.0),
    ],
)
def test_the_waits_of_a_retry_policy_never_contradict_what_is_written(
    retry: dict[str, Any], initial_s: float, max_s: float
) -> None:
    policy = plan_of(workflow("graph", step(retry=retry))).steps[0].retry

    assert (policy.initial_interval_s, policy.max_interval_s) == (initial_s, max_s)


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("timeout", 0, [("", "out_of_range")]),
        ("timeout", 0.5, [("", "out_of_range")]),
        ("timeout", 10**9, [("", "out_of_range")]),
        ("timeout", -1, [("", "out_of_range")]),
        ("timeout", "0s", [("", "out_of_range")]),
        ("timeout", "25h", [("", "out_of_range")]),
        ("timeout", "86401s", [("", "out_of_range")]),
        ("timeout", "999999999999h", [("", "out_of_range")]),
        ("timeout", "90", [("", "invalid_value")]),
        ("timeout", "1.5h", [("", "invalid_value")]),
        ("timeout", "1d", [("", "invalid_value")]),
        ("timeout", "90s\n", [("", "invalid_value")]),
        ("timeout", "\uff11\uff10s", [("", "invalid_value")]),
        ("timeout", "9" * 5000 + "s", [("", "invalid_value")]),
        ("timeout", True, [("", "wrong_type")]),
        ("timeout", None, [("", "wrong_type")]),
        ("retry", 3, [("", "wrong_type")]),
        ("retry", {"max_attempts": 0}, [("/max_attempts", "out_of_range")]),
        ("retry", {"max_attempts": 11}, [("/max_attempts", "out_of_range")]),
        ("retry", {"max_attempts": 10**6}, [("/max_attempts", "out_of_range")]),
        ("retry", {"max_attempts": 2.0}, [("/max_attempts", "wrong_type")]),
        ("retry", {"max_attempts": True}, [("/max_attempts", "wrong_type")]),
        ("retry", {"backoff_coefficient": 0.5}, [("/backoff_coefficient", "out_of_range")]),
        ("retry", {"backoff_coefficient": 1e300}, [("/backoff_coefficient", "out_of_range")]),
        ("retry", {"initial_interval": "1h", "max_interval": "1m"}, [("/max_interval", "out_of_range")]),
        ("retry", {"on": "timeout"}, [("/on", "wrong_type")]),
        ("retry", {"on": ["timeout", "network"]}, [("/on/1", "invalid_value")]),
        ("retry", {"max": 2}, [("/max", "unknown_field")]),
        ("on_error", "ignore", [("", "invalid_value")]),
        ("services", "openai", [("", "wrong_type")]),
        (
            "services",
            ["a_b", 5, "OpenAI", "x" * 41, "-a", "a-"],
            [
                ("/0", "unknown_service"),
                ("/1", "wrong_type"),
                ("/2", "unknown_service"),
                ("/3", "unknown_service"),
                ("/4", "unknown_service"),
                ("/5", "unknown_service"),
            ],
        ),
    ],
)
def test_a_setting_that_is_not_of_its_form_is_refused_on_a_step_and_in_the_defaults(
    key: str, value: Any, found: list[tuple[str, str]]
) -> None:
    on_step = problems(workflow("graph", step(**{key: value})))
    in_defaults = problems(workflow("graph", step(), defaults={key: value}))

    assert on_step == [(f"/agents/0/{key}{pointer}", code) for pointer, code in found]
    assert in_defaults == [(f"/defaults/{key}{pointer}", code) for pointer, code in found]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"limits": []}, [("/limits", "wrong_type")]),
        ({"limits": {"max_parallel": 51}}, [("/limits/max_parallel", "out_of_range")]),
        ({"limits": {"max_parallel": -1}}, [("/limits/max_parallel", "out_of_range")]),
        ({"limits": {"max_parallel": 1.0}}, [("/limits/max_parallel", "wrong_type")]),
        ({"limits": {"max_cost_usd": 2}}, [("/limits/max_cost_usd", "wrong_type")]),
        ({"limits": {"max_cost_usd": "2,50"}}, [("/limits/max_cost_usd", "invalid_value")]),
        ({"limits": {"max_cost_usd": "0.00"}}, [("/limits/max_cost_usd", "out_of_range")]),
        ({"limits": {"max_cost_usd": "1e9"}}, [("/limits/max_cost_usd", "invalid_value")]),
        ({"limits": {"max_tokens": 5}}, [("/limits/max_tokens", "unknown_field")]),
        ({"defaults": None}, [("/defaults", "wrong_type")]),
        ({"defaults": {"role": "x"}}, [("/defaults/role", "unknown_field")]),
        ({"version": 2}, [("/version", "invalid_value")]),
        ({"version": True}, [("/version", "wrong_type")]),
        ({"$schema": 1}, [("/$schema", "wrong_type")]),
        ({"x-" + "n" * 63: 1}, [("/x-" + "n" * 63, "unknown_field")]),
        ({"__proto__": {}}, [("/__proto__", "unknown_field")]),
    ],
)
def test_a_key_of_the_document_that_is_not_of_its_form_is_refused(
    keys: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert problems(workflow("graph", step(), **keys)) == found


def test_notes_schema_and_version_are_taken_and_change_nothing() -> None:
    note = {"x-note": {"any": [1]}}
    plain = workflow("graph", step("a"), step("b", input=FROM_A, retry={"max_attempts": 2}), limits={})
    noted = {
        "$schema": "https://renum.example/workflow.json",
        "version": 1,
        **note,
        **workflow(
            "graph",
            step("a", **note),
            step("b", input={**FROM_A, **note}, retry={"max_attempts": 2, **note}),
            limits=note,
        ),
    }

    assert plan_of(noted) == plan_of(plain)


@pytest.mark.parametrize(("agents", "code"), [({}, "wrong_type"), (None, "wrong_type"), ([], "empty")])
def test_agents_are_a_list_of_one_to_fifty(agents: Any, code: str) -> None:
    assert problems({"type": "graph", "agents": agents}) == [("/agents", code)]
    assert problems({"type": "graph"}) == [("/agents", "required")]
    assert problems(workflow("parallel", *(step(f"a{n}") for n in range(50)))) == []


@pytest.mark.parametrize("kind", ALL_TYPES)
def test_output_steps_are_those_that_the_output_names(kind: str) -> None:
    plan = plan_of(
        workflow(kind, step("a"), step("b"), step("c"), output={"x": "steps.b.text", "y": "agent_a_result"})
    )

    assert plan.output_steps == ("a", "b")


def test_without_an_output_they_are_the_end_of_a_chain_or_the_steps_on_which_no_other_depends() -> None:
    steps = (step("a"), step("b", input=FROM_A), step("c", input=FROM_A))

    assert plan_of(workflow("sequential", *steps)).output_steps == ("c",)
    assert plan_of(workflow("graph", *steps)).output_steps == ("b", "c")
    assert plan_of(workflow("parallel", step("a"), step("b"))).output_steps == ("a", "b")


def test_an_output_that_names_no_step_leaves_the_default_output_steps() -> None:
    plan = plan_of(workflow("parallel", step("a"), step("b"), output={"x": "context.note"}))

    assert plan.output_steps == ("a", "b")
