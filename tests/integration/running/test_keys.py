"""Users' keys: where they go, where they do not, and that they are found nowhere else (P20, P21, P22)."""

import base64
import datetime as dt
import hashlib
import pickle
import uuid
import zlib

import pytest
import redis
from django.conf import settings
from django.db import connection

from billing.actions.delete_user_key import delete_user_key
from billing.actions.store_user_key import store_user_key
from billing.models import UserApiKey
from executions.models import AgentRun, Execution
from teams.models import SunaConnection
from tests.fixtures.running import TOKEN, RunningRenum, wait_until
from tests.integration.running.leaks import find_in_database, find_in_files, find_in_redis, holds

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


def agent(number: int, **fields: object) -> dict[str, object]:
    return {"agent_id": f"agent-{number}", **fields}


def chain(*agents: dict[str, object]) -> dict[str, object]:
    return {"type": "sequential", "agents": list(agents)}


def seen(renum: RunningRenum, secret: str) -> list[tuple[str, str]]:
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return [
        (entry["operation"], entry["header"])
        for entry in renum.suna.get(f"keys-seen?sha256={digest}")["seen"]
    ]


def code_of(execution: Execution) -> str:
    return execution.steps.get().code


@pytest.fixture
def canaries() -> dict[str, str]:
    """Give a key for each of two services that is like nothing else."""
    return {service: f"sk-CANARY-{service}-{uuid.uuid4()}" for service in ("openai", "anthropic")}


def test_a_users_key_is_in_its_column_and_in_the_starts_that_declare_it_and_nowhere_else(
    renum_on, canaries, tmp_path
):
    renum = renum_on("seed")
    for service, key in canaries.items():
        store_user_key(user=renum.owner, service=service, key=key, now=NOW)
    # A Suna that repeats what it was sent must not bring a key into a message either.
    echo = f"no such model for {canaries['openai']}"
    renum.suna.fail("agent.start", contains="echo", kind="status", status=422, body=echo)
    declared = agent(1, services=["openai"])
    good = renum.start(renum.make_team(chain(declared, agent(2, services=[]))), "good")
    echoed = renum.start(renum.make_team(chain(declared)), "echo")
    cluster = renum.start_drivers()

    good, echoed = renum.wait_for(good), renum.wait_for(echoed)

    assert (good.status, echoed.status) == ("completed", "failed")
    assert seen(renum, canaries["openai"]) == [("agent.start", "x-api-key-openai")] * 2
    assert seen(renum, canaries["anthropic"]) == []
    kinds = dict(good.agent_runs.values_list("step__step_id", "api_key_type"))
    assert kinds == {"agent-1": "user_provided", "agent-2": "suna_account"}
    assert UserApiKey.objects.get(user=renum.owner, service_name="openai").last_used_at is not None
    assert " DEBUG " in cluster.log.read_text()
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for canary in (*canaries.values(), TOKEN):
            secret = canary.encode()
            assert find_in_database(secret) == []
            assert find_in_redis(client, secret) == []
            assert find_in_files(tmp_path, secret) == []


@pytest.mark.parametrize("sends_by_then", [True, False])
def test_a_key_that_suna_repeats_is_hidden_also_by_a_driver_that_never_sent_it(
    renum_on, canaries, tmp_path, sends_by_then
):
    renum = renum_on("seed")
    key = canaries["openai"]
    store_user_key(user=renum.owner, service="openai", key=key, now=NOW)
    usage = {"id": "r", "provider": "openai", "model": f"gpt for {key}", "note": [key]}
    for part, operation, fields in (
        ("error", "run.get", {"status": "failed", "error": f"wrong key {key}"}),
        ("text", "run.results", {"output": f"I was called with {key}.", "usage": [usage]}),
        ("structured", "run.results", {"output": {"key": key, key: [{"deep": key}]}}),
        ("asked", "run.results", {"output": f"What is {key} for?", "usage": [usage]}),
    ):
        renum.suna.fail(operation, contains=f"part {part}", times=1000, kind="replace", fields=fields)
    team = renum.make_team(chain(agent(1, services=["openai"]), agent(2, services=[])))
    team.record_content = True
    team.save()
    repeats = ("error", "text", "structured", "asked")
    cluster = renum.start_drivers()
    followed = {part: renum.start(team, f"part {part}.") for part in repeats}
    for execution in followed.values():
        renum.wait_for(execution)
    # None of these may end before the driver does: the first look at one of them says that it failed.
    renum.suna.fail("run.get", times=1000, kind="barrier", name="held")
    adopted = {part: renum.start(team, f'part {part}. @@sim{{"takes": 3}}') for part in repeats}
    wait_until(lambda: AgentRun.objects.filter(status="running").count() == len(adopted))
    cluster.kill_driver()
    # The keys are with Suna, whoever has switched them off since.
    SunaConnection.objects.update(sends_user_keys=sends_by_then)
    renum.suna.release("held")

    for epoch, executions in enumerate((followed, adopted), start=1):
        first = {part: renum.wait_for(run).steps.get(position=0) for part, run in executions.items()}
        assert {execution.epoch for execution in executions.values()} == {epoch}
        assert first["error"].reason_params["message"] == "wrong key [key hidden]"
        assert first["text"].result_text == "I was called with [key hidden]."
        hidden = {"key": "[key hidden]", "[key hidden]": [{"deep": "[key hidden]"}]}
        assert first["structured"].result_data == hidden
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert find_in_database(key.encode()) == []
        assert find_in_redis(client, key.encode()) == []
        assert find_in_files(tmp_path, key.encode()) == []


def test_the_search_for_a_key_finds_one_that_is_pickled_and_compressed_or_in_a_row(db):
    secret = b"sk-CANARY-0123456789"

    assert holds(b"x" + base64.urlsafe_b64encode(zlib.compress(pickle.dumps({"key": secret}))), secret)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_content_type (app_label, model) VALUES ('x', %s)", [secret.decode()]
        )
    assert find_in_database(secret) == ["public.django_content_type"]


def test_a_step_that_needs_a_key_fails_and_says_why_when_none_can_be_sent(renum_on, canaries):
    renum = renum_on("seed")
    for service, key in canaries.items():
        store_user_key(user=renum.owner, service=service, key=key, now=NOW)
    declared = {service: renum.make_team(chain(agent(1, services=[service]))) for service in canaries}
    removed = renum.start(declared["openai"])
    delete_user_key(user=renum.owner, service="openai")
    spoiled = renum.start(declared["anthropic"])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE user_api_keys SET encrypted_key = 'not a ciphertext'")
    silent = SunaConnection(
        owner=renum.owner, name="Without keys", base_url=renum.suna.url, wire_profile="seed"
    )
    silent.set_credential(bearer=TOKEN)
    silent.save()
    team = renum.make_team(chain(agent(1, services=["openai"])))
    team.connection = silent
    team.save()
    without = renum.start(team)
    renum.start_drivers()

    removed, spoiled, without = (renum.wait_for(execution) for execution in (removed, spoiled, without))

    assert (removed.status, code_of(removed)) == ("failed", "key_missing")
    assert removed.steps.get().reason_params["services"] == ["openai"]
    assert (spoiled.status, code_of(spoiled)) == ("failed", "key_undecryptable")
    assert without.status == "completed"
    assert without.agent_runs.get().api_key_type == "suna_account"
    assert renum.suna.starts() == 1
    assert [seen(renum, key) for key in canaries.values()] == [[], []]


def test_nothing_is_sent_when_the_encryption_key_is_not_the_one_that_was_stored_with(renum_on):
    renum = renum_on("2025-08")
    execution = renum.start(renum.make_team(chain(agent(1))))
    cluster = renum.start_drivers(RENUM_ENCRYPTION_KEYS="another-key-than-the-one-before-" * 2)

    execution = renum.wait_for(execution)

    assert (execution.status, execution.code) == ("failed", "step_failed")
    assert code_of(execution) == "credential_undecryptable"
    assert renum.suna.get("summary")["requests"] == 0
    assert "Traceback" not in cluster.log.read_text()
