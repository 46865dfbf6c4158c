"""Pause, resume, release, retry and run again: what each changes, and when it is refused."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models.functions import Now
from rest_framework.test import APIClient

from executions.actions.execution_rights import VERBS, is_pause_wanted, list_verbs
from executions.models import ContextChange, ContextSnapshot, Execution, ExecutionEvent
from teams.models import SunaConnection, Team, User
from tests.fixtures.people import SEQUENTIAL, make_person
from tests.fixtures.site_rows import NOW, make_run, set_execution, set_step, start
from tests.functional.api.conftest import assert_problem, client_for

PARALLEL = 12
LATER = dt.timedelta(hours=1)
OVER = ("completed", "partial", "failed", "cancelled")


def ask(client: APIClient, execution: Execution, verb: str, **headers: str) -> Any:
    return client.post(f"/api/v1/executions/{execution.pk}/{verb}", headers=headers)


def kinds(execution: Execution) -> list[str]:
    events = ExecutionEvent.objects.filter(execution=execution).order_by("seq")
    return list(events.values_list("kind", flat=True))


def end(execution: Execution, status: str, **columns: Any) -> Execution:
    """End an execution as the orchestrator would, its first step completed and its second failed."""
    set_step(execution, "agent-123", status="completed", result_text="Facts.", attempts=1, input="Look.")
    set_step(execution, "agent-456", status="failed", code="agent_failed", attempts=1)
    if status == "failed":
        columns.setdefault("code", "step_failed")
    return set_execution(execution, status=status, **columns)


@pytest.fixture
def releaser(db: None) -> User:
    person = make_person("rita", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="change_execution"))
    return person


def test_pause_is_written_down_once_and_taken_back_once(api, execution) -> None:
    paused, again = ask(api, execution, "pause").json(), ask(api, execution, "pause").json()
    resumed = ask(api, execution, "resume").json()

    assert paused["pause_requested_at"] == again["pause_requested_at"] is not None
    assert paused["can"] == again["can"] == ["resume", "cancel"]
    assert resumed["can"] == ["pause", "cancel"]
    assert resumed["status"] == "queued"
    assert kinds(execution) == ["execution_queued", "pause_requested", "resume_requested"]
    assert_problem(ask(api, execution, "resume"), 409, "not_paused")


def test_resume_asked_again_before_the_driver_saw_it_changes_nothing(api, execution) -> None:
    ask(api, execution, "pause")
    set_execution(execution, status="paused")

    first, second = ask(api, execution, "resume"), ask(api, execution, "resume")

    assert (first.status_code, second.status_code) == (202, 202)
    assert kinds(execution).count("resume_requested") == 1


@pytest.mark.parametrize("put_back", [dt.timedelta(0), LATER])
def test_the_last_wish_counts_even_if_the_clock_was_put_back(api, execution, put_back) -> None:
    later = Now() + put_back
    set_execution(execution, pause_requested_at=later)
    assert is_pause_wanted(execution)
    ask(api, execution, "resume")
    execution.refresh_from_db()
    assert not is_pause_wanted(execution)

    ask(api, execution, "pause")

    execution.refresh_from_db()
    assert is_pause_wanted(execution)


def test_what_waits_for_a_look_after_a_restore_is_resumed_like_any_other(api, execution) -> None:
    set_execution(execution, status="paused", code="needs_review", pause_requested_at=Now())

    body = ask(api, execution, "resume").json()

    assert body["can"] == ["pause", "cancel"]
    assert kinds(execution)[-1] == "resume_requested"


@pytest.mark.parametrize("verb", ["pause", "resume"])
@pytest.mark.parametrize(
    ("columns", "code"),
    [
        *(({"status": status, "code": "x"}, "already_over") for status in OVER),
        ({"status": "running", "cancel_requested_at": NOW}, "cancelling"),
        ({"status": "cancelling", "cancel_requested_at": NOW}, "cancelling"),
        ({"status": "quarantined", "pause_requested_at": NOW}, "quarantined"),
    ],
)
def test_what_is_over_cancelled_or_quarantined_is_neither_paused_nor_resumed(
    api, execution, columns, code, verb
) -> None:
    set_execution(execution, **columns)
    before = Execution.objects.values().get(pk=execution.pk)

    assert_problem(ask(api, execution, verb), 409, code)

    assert Execution.objects.values().get(pk=execution.pk) == before


def test_quarantined_execution_is_released_by_staff_only_and_once(api, execution, releaser, staff) -> None:
    set_execution(execution, status="quarantined", code="crashed", pause_requested_at=Now())
    client = client_for(releaser)
    assert ask(client_for(staff), execution, "release").status_code == 404
    assert_problem(ask(api, execution, "release"), 403, "not_allowed")

    answers = [ask(client, execution, "release") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert kinds(execution) == ["execution_queued", "release_requested"]
    execution.refresh_from_db()
    assert not is_pause_wanted(execution)


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"status": "paused", "pause_requested_at": NOW}, "not_quarantined"),
        ({"status": "failed", "code": "x"}, "already_over"),
        ({"status": "quarantined", "cancel_requested_at": NOW}, "cancelling"),
    ],
)
def test_nothing_but_what_is_quarantined_is_released(execution, releaser, columns, code) -> None:
    set_execution(execution, **columns)

    assert_problem(ask(client_for(releaser), execution, "release"), 409, code)


@pytest.mark.django_db(transaction=True)
def test_many_pauses_at_once_are_one_wish(owner, team) -> None:
    execution = start(team)
    clients = [client_for(owner) for _ in range(PARALLEL)]
    together = Barrier(PARALLEL)

    def send(client: APIClient) -> int:
        try:
            together.wait(timeout=30)
            return int(ask(client, execution, "pause").status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        assert set(pool.map(send, clients)) == {202}
    assert kinds(execution) == ["execution_queued", "pause_requested"]


def test_retry_keeps_what_is_finished_and_begins_the_rest_anew(api, execution, operator) -> None:
    end(execution, "failed")
    make_run(execution, execution.steps.get(position=0), status="completed", finished_at=NOW)

    response = ask(client_for(operator), execution, "retry")

    body = response.json()
    shown = api.get(response.headers["Location"]).json()
    new = Execution.objects.get(pk=body["id"])
    kept, fresh, last = new.steps.order_by("position")
    old = execution.steps.get(position=0)
    assert response.status_code == 202
    assert (body["status"], body["retried_from"]) == ("queued", str(execution.pk))
    assert (new.plan, new.initial_prompt) == (execution.plan, execution.initial_prompt)
    assert new.deadline_at > execution.deadline_at
    assert new.started_by == operator
    assert new.payer == new.key_owner == execution.team.owner
    assert (kept.status, kept.result_text, kept.input, kept.attempts) == ("completed", "Facts.", "Look.", 0)
    assert (kept.reused_from, kept.started_at) == (old, None)
    for step in (fresh, last):
        assert (step.status, step.code, step.attempts, step.reused_from) == ("pending", "", 0, None)
    assert not new.agent_runs.exists()
    assert [step["reused_from"] for step in shown["steps"]] == [str(execution.pk), None, None]
    assert shown["cost"] == {"cost_usd": "0", "unpriced": 0}
    assert kinds(new) == ["execution_queued", "step_reused"]
    assert new.events.get(seq=1).data == {"repeats": str(execution.pk)}
    assert new.events.get(seq=2).data == {"execution": str(execution.pk), "step": str(old.pk)}
    assert api.get(f"/api/v1/executions/{execution.pk}").json()["retries"] == [body["id"]]


def test_the_shared_context_of_a_retry_holds_what_stands_and_what_people_wrote(api, execution) -> None:
    values = [("note", "by hand"), ("agent_agent-123_result", "Facts."), ("agent_agent-456_result", "gone")]
    ContextChange.objects.bulk_create(
        ContextChange(execution=execution, version=version, key=key, value=value, created_at=NOW)
        for version, (key, value) in enumerate(values, start=1)
    )
    end(execution, "failed", context_version=3)

    new = Execution.objects.get(pk=ask(api, execution, "retry").json()["id"])

    assert list(new.context_changes.values_list("version", "key", "value", "author")) == [
        (1, "note", "by hand", "system"),
        (2, "agent_agent-123_result", "Facts.", "step:agent-123"),
    ]
    assert new.context_version == 2
    snapshot = ContextSnapshot.objects.get(execution=new)
    assert (snapshot.version, snapshot.values) == (2, {"note": "by hand", "agent_agent-123_result": "Facts."})


def test_a_retry_of_a_retry_says_where_the_result_was_made(api, execution) -> None:
    end(execution, "failed")
    first = Execution.objects.get(pk=ask(api, execution, "retry").json()["id"])
    set_step(first, "agent-456", status="cancelled", code="execution_cancelled")
    set_execution(first, status="cancelled")

    second = Execution.objects.get(pk=ask(api, first, "retry").json()["id"])

    assert second.retried_from == first
    assert second.steps.get(position=0).reused_from == execution.steps.get(position=0)


@pytest.mark.parametrize("verb", ["retry", "run-again"])
def test_a_repeat_runs_on_the_team_s_connection_as_it_is_now_for_whoever_pays_now(
    api, team, execution, outsider, verb
) -> None:
    end(execution, "partial")
    elsewhere = SunaConnection.objects.create(
        owner=team.owner, name="Elsewhere", base_url="http://127.0.0.1:9", wire_profile="2025-08"
    )
    Team.objects.filter(pk=team.pk).update(connection=elsewhere, payer=outsider)

    new = Execution.objects.get(pk=ask(api, execution, verb).json()["id"])

    assert (new.connection, new.payer, new.key_owner) == (elsewhere, outsider, outsider)


@pytest.mark.parametrize("verb", ["retry", "run-again"])
def test_a_repeat_is_made_once_for_one_key(api, execution, verb) -> None:
    end(execution, "failed")

    first, second = (ask(api, execution, verb, **{"Idempotency-Key": "again-1"}) for _ in range(2))
    third = ask(api, execution, verb)

    assert first.json()["id"] == second.json()["id"] != third.json()["id"]
    assert [answer.headers["Idempotent-Replayed"] for answer in (first, second, third)] == [
        "false",
        "true",
        "false",
    ]
    other = {"retry": "run-again", "run-again": "retry"}[verb]
    refused = ask(api, execution, other, **{"Idempotency-Key": "again-1"})
    assert_problem(refused, 422, "idempotency_key_reused")


@pytest.mark.parametrize("status", OVER)
def test_running_again_keeps_nothing_whatever_the_end_was(api, execution, status) -> None:
    end(execution, status, code="x")

    new = Execution.objects.get(pk=ask(api, execution, "run-again").json()["id"])

    assert (new.retried_from, new.workflow_version) == (execution, execution.workflow_version)
    assert set(new.steps.values_list("status", "reused_from", "result_text")) == {("pending", None, None)}
    assert (new.context_version, kinds(new)) == (0, ["execution_queued"])


def test_running_again_takes_the_version_that_ran_and_not_the_newest(api, team, execution) -> None:
    end(execution, "completed")
    newer = {**SEQUENTIAL, "agents": SEQUENTIAL["agents"][:1]}
    assert (
        api.post(
            f"/api/v1/teams/{team.pk}/versions", {"definition": newer}, headers={"If-Match": "*"}
        ).status_code
        == 201
    )

    body = ask(api, execution, "run-again").json()

    assert (body["version"], Team.objects.get().published_version.number) == (1, 2)


@pytest.mark.parametrize(
    ("verb", "columns", "code"),
    [
        *(
            (verb, {"status": status}, "not_over")
            for verb in ("retry", "run-again")
            for status in ("queued", "running", "paused", "cancelling", "quarantined")
        ),
        ("retry", {"status": "completed"}, "nothing_to_retry"),
        ("retry", {"status": "failed", "code": "condition_undecidable"}, "nothing_to_retry"),
    ],
)
def test_a_repeat_is_refused_where_there_is_nothing_to_repeat(api, execution, verb, columns, code) -> None:
    set_execution(execution, **columns)

    assert_problem(ask(api, execution, verb), 409, code)

    assert Execution.objects.count() == 1


@pytest.mark.parametrize("verb", ["retry", "run-again"])
@pytest.mark.parametrize(
    ("changes", "code"), [({"is_active": False}, "team_inactive"), ({"connection": None}, "no_connection")]
)
def test_a_team_that_cannot_run_repeats_nothing(api, team, execution, verb, changes, code) -> None:
    end(execution, "failed")
    Team.objects.filter(pk=team.pk).update(**changes)

    assert_problem(ask(api, execution, verb), 409, code)


def test_a_plan_that_cannot_be_read_any_more_is_run_again_and_not_retried(api, execution) -> None:
    end(execution, "failed", plan={"steps": 7})

    assert_problem(ask(api, execution, "retry"), 409, "nothing_to_retry")
    assert ask(api, execution, "run-again").status_code == 202


@pytest.mark.parametrize("verb", ["retry", "run-again"])
def test_a_repeat_is_refused_to_who_has_too_many_waiting(api, team, execution, settings, verb) -> None:
    end(execution, "failed")
    start(team)
    settings.ORCHESTRATOR = replace(settings.ORCHESTRATOR, max_queued=1)

    response = ask(api, execution, verb)

    assert_problem(response, 429, "too_many_queued")
    assert int(response.headers["Retry-After"]) > 0


CAN = {
    "queued": ("pause", "cancel"),
    "running": ("pause", "cancel"),
    "paused": ("resume", "cancel"),
    "cancelling": (),
    "quarantined": ("release", "cancel"),
    "completed": ("run_again",),
    "partial": ("retry", "run_again"),
    "failed": ("retry", "run_again"),
    "cancelled": ("retry", "run_again"),
}


@pytest.mark.parametrize("status", CAN)
def test_the_verbs_that_are_listed_are_those_that_are_not_refused(team, execution, status, releaser) -> None:
    team.memberships.create(user=releaser, role="operator")
    client = client_for(releaser)
    columns: dict[str, Any] = {"status": status, "code": "step_failed" if status == "failed" else ""}
    if status in ("paused", "quarantined"):
        columns["pause_requested_at"] = NOW
    if status in ("cancelling", "cancelled"):
        columns["cancel_requested_at"] = NOW
    set_execution(execution, **columns)
    listed = client.get(f"/api/v1/executions/{execution.pk}").json()["can"]

    done = []
    for verb in VERBS:
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT before")
            answer = ask(client, execution, verb.replace("_", "-"))
            cursor.execute("ROLLBACK TO SAVEPOINT before")
        # Asking again for what was asked for already is not refused, and changes nothing.
        if answer.status_code == 202 and (verb, status) not in {
            ("cancel", "cancelling"),
            ("pause", "paused"),
        }:
            done.append(verb)

    assert tuple(listed) == CAN[status] == tuple(done)
    assert list_verbs(execution, is_operator=False, is_releaser=False) == ()
