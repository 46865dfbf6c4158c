"""Plans: what a run would be, with the prompts as they will be sent, and estimates with their ground."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F

from billing.actions.store_user_key import store_user_key
from billing.models import ModelPrice
from executions.models import Execution, ExecutionStep
from teams.actions.save_version import save_version
from teams.models import Agent, SunaConnection, Team
from tests.fixtures.people import CONDITIONAL, SEQUENTIAL
from tests.fixtures.site_rows import bill, start
from tests.functional.api.conftest import API, NOW, assert_problem, client_for

PROMPT = "What is new in batteries?"


def plan(client: Any, team: Team, **body: Any) -> dict[str, Any]:
    answer = client.post(f"{API}/teams/{team.pk}/plan", {"prompt": PROMPT, **body})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def steps_of(planned: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {step["step"]: step for wave in planned["waves"] for step in wave}


def finish(execution: Execution, *, seconds: float, cost: str | None = None) -> None:
    """End an execution as the orchestrator would, with the first step having taken so long."""
    first = execution.steps.order_by("position")[0]
    ExecutionStep.objects.filter(execution=execution).update(
        status="completed", started_at=NOW, finished_at=NOW + dt.timedelta(seconds=seconds)
    )
    Execution.objects.filter(pk=execution.pk).update(
        status="completed",
        started_at=F("created_at"),
        finished_at=F("created_at") + dt.timedelta(seconds=seconds * 2),
        usage_complete=True,
    )
    if cost is not None:
        # One million tokens in at this price, none out.
        ModelPrice.objects.get_or_create(
            model_name=f"priced-{cost}",
            input_usd_per_mtok=Decimal(cost),
            output_usd_per_mtok=Decimal(0),
            valid_from=NOW,
            source="test",
            created_at=NOW,
        )
        bill(execution, first, model=f"priced-{cost}", provider=None, tokens_input=1_000_000, tokens_output=0)


def test_a_plan_shows_the_waves_with_agents_models_and_prompts(api, team, suna_connection) -> None:
    Agent.objects.create(connection=suna_connection, agent_id="agent-123", name="Ada", model_name="o3")

    planned = plan(api, team)

    assert [[step["step"] for step in wave] for wave in planned["waves"]] == [
        ["agent-123"],
        ["agent-456"],
        ["agent-789"],
    ]
    first, second, _ = (wave[0] for wave in planned["waves"])
    assert (first["agent_name"], first["model"], first["fate"]) == ("Ada", "o3", "starts")
    assert first["prompt"]["is_exact"]
    assert PROMPT in first["prompt"]["parts"][0]["text"]
    assert [part["result_of"] for part in second["prompt"]["parts"] if "result_of" in part] == ["agent-123"]
    assert (second["fate"], second["prompt"]["is_exact"]) == ("depends", False)
    assert (planned["can_start"], planned["obstacles"]) == (True, [])
    assert {warning["code"] for warning in planned["warnings"]} >= {"unknown_agent"}
    assert not Execution.objects.exists()


def test_conditions_and_what_they_skip_are_told_in_words_of_the_reader(api, team, owner) -> None:
    asks = {"field": "initial_prompt", "operator": "contains", "value": "bicycle"}
    definition = {
        "type": "graph",
        "agents": [
            {"agent_id": "a", "role": "cyclist", "conditions": [asks]},
            {"agent_id": "b", "role": "driver", "conditions": "else"},
        ],
    }
    answer = api.post(
        f"{API}/workflows/plan",
        {"definition": definition, "prompt": "A bicycle."},
        headers={"Accept-Language": "pt-br"},
    )

    steps = steps_of(answer.json())

    assert steps["a"]["conditions"] == ["initial_prompt deve conter “bicycle”"]
    assert (steps["b"]["fate"], steps["b"]["code"], steps["b"]["prompt"]) == (
        "skipped",
        "condition_false",
        None,
    )
    assert "cyclist" in steps["b"]["message"]
    assert steps["b"]["estimate"] is None
    assert steps["a"]["estimate"]["cost_missing"]["message"] == "Não se sabe qual modelo o agente usa."


def test_without_history_the_size_of_the_prompt_gives_a_lower_bound(api, team) -> None:
    definition = {"type": "sequential", "agents": [{"agent_id": "a", "model_name": "gpt-4o"}]}
    body = {"definition": definition, "prompt": "x" * 4000}

    planned = api.post(f"{API}/workflows/plan", body).json()
    other = {"type": "sequential", "agents": [{"agent_id": "a", "model_name": "no-such-model"}]}
    unpriced = api.post(f"{API}/workflows/plan", {"definition": other, "prompt": "x"}).json()

    # 1,000 tokens in at 2.50 and as many out at 10 dollars a million (genai-prices, gpt-4o).
    [cost] = [step["estimate"]["cost_usd"] for step in steps_of(planned).values()]
    assert (Decimal(cost["median"]), cost["p90"], cost["basis"]) == (Decimal("0.0125"), None, "prompt_size")
    whole = planned["estimate"]
    assert (Decimal(whole["cost_usd"]["median"]), whole["cost_usd"]["basis"]) == (Decimal("0.0125"), "steps")
    assert (whole["duration_s"], whole["duration_missing"]["code"]) == (None, "no_history")
    codes = {one["code"] for one in whole["assumptions"]}
    assert codes == {"every_step_runs", "one_call_per_step", "size_of_texts"}
    assert (unpriced["estimate"]["cost_usd"], unpriced["estimate"]["cost_missing"]["code"]) == (
        None,
        "unpriced",
    )


def test_with_history_the_estimate_is_what_was_usual(api, team) -> None:
    for number in range(1, 11):
        finish(start(team), seconds=number, cost=f"{number}.000001")

    planned = plan(api, team)

    estimate = steps_of(planned)["agent-123"]["estimate"]
    assert estimate["duration_s"] == {"median": 5.0, "p90": 9.0, "basis": "history", "samples": 10}
    assert estimate["cost_usd"]["samples"] == 10
    assert Decimal(estimate["cost_usd"]["median"]) == Decimal("5.000001")
    assert Decimal(estimate["cost_usd"]["p90"]) == Decimal("9.000001")
    whole = planned["estimate"]
    assert whole["duration_s"] == {"median": 10.0, "p90": 18.0, "basis": "history", "samples": 10}
    assert Decimal(whole["cost_usd"]["median"]) == Decimal("5.000001")
    assert whole["assumptions"] == []


def test_too_little_history_is_none_and_neither_is_what_has_no_price(api, team) -> None:
    for _ in range(2):
        finish(start(team), seconds=5, cost="1")
    assert steps_of(plan(api, team))["agent-123"]["estimate"]["duration_s"] is None
    for _ in range(3):
        execution = start(team)
        finish(execution, seconds=5)
        bill(execution, execution.steps.order_by("position")[0], model="nobody-knows", provider=None)

    estimate = steps_of(plan(api, team))["agent-123"]["estimate"]

    assert estimate["duration_s"]["samples"] == 5
    assert estimate["cost_usd"] is None


def test_another_version_is_planned_with_the_steps_that_the_team_knows(api, team, owner) -> None:
    for _ in range(3):
        finish(start(team), seconds=4)
    longer = {**SEQUENTIAL, "agents": [*SEQUENTIAL["agents"], {"agent_id": "new"}]}
    save_version(team=team, by=owner, definition=longer)

    now, before = plan(api, team), plan(api, team, version=1)

    assert steps_of(now)["agent-123"]["estimate"]["duration_s"]["samples"] == 3
    assert now["estimate"]["duration_missing"]["code"] == "no_history"
    assert before["estimate"]["duration_s"]["basis"] == "history"
    assert_problem(api.post(f"{API}/teams/{team.pk}/plan", {"prompt": "x", "version": 9}), 404, "not_found")


def test_services_are_told_by_name_and_keys_never(api, team, owner, viewer, suna_connection) -> None:
    store_user_key(user=owner, service="openai", key="sk-canary-0123456789", now=NOW)
    store_user_key(user=owner, service="private", key="sk-canary-0123456789", now=NOW)
    agents = [{"agent_id": "a", "services": ["openai", "serper"]}, {"agent_id": "b"}]
    save_version(team=team, by=owner, definition={"type": "parallel", "agents": agents})
    nothing = {"sent": [], "missing": [], "takes_all": False}

    assert steps_of(plan(api, team))["a"]["keys"] == nothing
    SunaConnection.objects.filter(pk=suna_connection.pk).update(sends_user_keys=True)
    modern = steps_of(plan(api, team))
    SunaConnection.objects.filter(pk=suna_connection.pk).update(wire_profile="seed")
    of_payer, of_viewer = steps_of(plan(api, team)), steps_of(plan(client_for(viewer), team))

    assert modern["a"]["keys"] == {"sent": ["openai"], "missing": ["serper"], "takes_all": False}
    assert modern["b"]["keys"] == nothing
    assert of_payer["b"]["keys"] == {"sent": ["openai", "private"], "missing": [], "takes_all": True}
    # What else the payer has is nobody else's to know.
    assert of_viewer["b"]["keys"] == {"sent": [], "missing": [], "takes_all": True}


def test_who_writes_a_workflow_for_the_plan_does_not_learn_which_keys_the_payer_has(
    api, team, owner, viewer, suna_connection
) -> None:
    for service in ("openai", "private"):
        store_user_key(user=owner, service=service, key="sk-canary-0123456789", now=NOW)
    SunaConnection.objects.filter(pk=suna_connection.pk).update(sends_user_keys=True)
    published = [{"agent_id": "a", "services": ["openai", "serper"]}]
    save_version(team=team, by=owner, definition={"type": "sequential", "agents": published})
    asked = ["openai", "private", "serper", "absent"]
    definition = {"type": "sequential", "agents": [{"agent_id": "a", "services": asked}]}
    body = {"definition": definition, "team": str(team.pk), "prompt": PROMPT}

    answers = [client.post(f"{API}/workflows/plan", body) for client in (api, client_for(viewer))]
    of_payer, of_viewer = (steps_of(answer.json())["a"]["keys"] for answer in answers)

    assert of_payer == {"sent": ["openai", "private"], "missing": ["serper", "absent"], "takes_all": False}
    assert of_viewer == {"sent": ["openai"], "missing": ["serper"], "takes_all": False}


def test_a_team_that_cannot_run_is_planned_and_says_why_not(api, team) -> None:
    Team.objects.filter(pk=team.pk).update(connection=None)

    planned = plan(api, team)

    assert planned["can_start"] is False
    assert planned["obstacles"][0]["code"] == "no_connection"


def test_prompts_beyond_what_an_answer_holds_are_left_out_but_not_their_size(api) -> None:
    agents = [{"agent_id": "a", "id": f"s{number}"} for number in range(6)]
    body = {"definition": {"type": "parallel", "agents": agents}, "prompt": "x" * 262_144}

    answer = api.post(f"{API}/workflows/plan", body)

    prompts = [step["prompt"] for step in steps_of(answer.json()).values()]
    assert [prompt["parts"] is not None for prompt in prompts] == [True] * 4 + [False] * 2
    assert {prompt["known_bytes"] for prompt in prompts} == {262_144}
    assert len(answer.content) < 1_200_000


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        (
            {"definition": {"type": "odd", "agents": []}, "prompt": "x"},
            422,
            "invalid_workflow",
            "/definition/type",
        ),
        ({"definition": SEQUENTIAL, "prompt": " "}, 400, "validation_error", "/prompt"),
        ({"definition": SEQUENTIAL, "prompt": "x" * 262_145}, 400, "validation_error", "/prompt"),
        ({"definition": SEQUENTIAL}, 400, "validation_error", "/prompt"),
        ({"definition": SEQUENTIAL, "prompt": "x", "team": "x"}, 400, "validation_error", "/team"),
        ({"definition": SEQUENTIAL, "prompt": "x", "keys": {}}, 400, "validation_error", "/keys"),
    ],
)
def test_what_cannot_be_planned_is_refused(api, body, status, code, pointer) -> None:
    errors = assert_problem(api.post(f"{API}/workflows/plan", body), status, code)["errors"]

    assert pointer in {error["pointer"] for error in errors}


def test_a_workflow_is_planned_as_if_it_were_a_teams_only_by_whoever_sees_the_team(
    team, outsider, viewer
) -> None:
    body = {"definition": CONDITIONAL, "prompt": "x", "team": str(team.pk)}

    assert client_for(viewer).post(f"{API}/workflows/plan", body).status_code == 200
    assert_problem(client_for(outsider).post(f"{API}/workflows/plan", body), 404, "not_found")
