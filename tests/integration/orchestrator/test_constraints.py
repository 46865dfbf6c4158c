"""Every named constraint and trigger of teams and executions, broken once. A new one without a case fails."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from knox.models import get_token_model

from executions.models import (
    AgentRun,
    ContextChange,
    ContextSnapshot,
    Drain,
    ExecutionEvent,
    MessageDelivery,
    TeamMessage,
)
from teams.models import (
    Agent,
    AuditEntry,
    SunaConnection,
    Team,
    TeamInvitation,
    TeamMembership,
    WorkflowVersion,
)
from tests.integration.orchestrator.rows import (
    AT,
    LATER,
    Rows,
    make_driver,
    make_execution,
    make_question,
    make_rows,
    make_run,
)
from tests.integration.orchestrator.rows import make_step as step

Case = Callable[[Rows], Any]


def change(row: models.Model, **fields: Any) -> None:
    type(row)._base_manager.filter(pk=row.pk).update(**fields)


def execution(rows: Rows, **fields: Any) -> None:
    make_execution(rows.team, rows.version, **fields)


def connect(rows: Rows, **fields: Any) -> None:
    SunaConnection.objects.create(**({"owner": rows.owner, "name": "B", "base_url": "https://b"} | fields))


def invite(rows: Rows, **fields: Any) -> None:
    said = {"kind": "username", "address": "nadia", "role": "viewer", "expires_at": LATER}
    TeamInvitation.objects.create(team=rows.team, **(said | fields))


def write(rows: Rows, **fields: Any) -> TeamMessage:
    said = {"seq": 1, "kind": "broadcast", "sender": "system", "text": "Hear.", "thread": uuid.uuid4()}
    return TeamMessage.objects.create(execution=rows.execution, created_at=AT, **(said | fields))


def write_twice(rows: Rows, **fields: Any) -> None:
    for seq in (1, 2):
        write(rows, seq=seq, **fields)


def reply_twice(rows: Rows) -> None:
    asked = write(rows, seq=1, kind="request", expires_at=LATER)
    for seq in (2, 3):
        write(rows, seq=seq, kind="reply", recipient="system", reply_to=asked)


def deliver(rows: Rows, message: TeamMessage, *, attempt: int = 1) -> MessageDelivery:
    return MessageDelivery.objects.create(message=message, step=rows.step, attempt=attempt, created_at=AT)


def deliver_twice(rows: Rows) -> None:
    message = write(rows)
    for _ in range(2):
        deliver(rows, message)


def begin_a_drain() -> None:
    Drain.objects.create(begun_by="olga", begun_at=AT)


CASES: dict[str, Case] = {
    "suna_connection_base_url_http": lambda rows: connect(rows, base_url="ftp://example.org"),
    "suna_connection_name_once": lambda rows: [connect(rows, owner=None) for _ in range(2)],
    "agent_once_per_connection": lambda rows: Agent.objects.create(
        connection=rows.connection, agent_id="agent-1", name="Again"
    ),
    "api_token_scope_known": lambda rows: get_token_model().objects.create(user=rows.owner, scope="root"),
    "team_slug_once_per_owner": lambda rows: Team.objects.create(owner=rows.owner, name="B", slug="analysts"),
    "team_named": lambda rows: Team.objects.create(owner=rows.owner, name="", slug="b"),
    "team_member_once": lambda rows: TeamMembership.objects.create(team=rows.team, user=rows.membership.user),
    "team_member_role_known": lambda rows: change(rows.membership, role="king"),
    "team_invitation_once": lambda rows: [invite(rows) for _ in range(2)],
    "team_invitation_addressed": lambda rows: invite(rows, address=""),
    "team_invitation_kind_known": lambda rows: invite(rows, kind="pigeon"),
    "team_invitation_role_known": lambda rows: invite(rows, role="king"),
    "workflow_version_number_once": lambda rows: WorkflowVersion.objects.create(
        team=rows.team, number=1, source="{}"
    ),
    "workflow_version_numbered": lambda rows: WorkflowVersion.objects.create(
        team=rows.team, number=0, source="{}"
    ),
    "workflow_version_immutable": lambda rows: change(rows.version, source="[]"),
    "drain_one_open": lambda _: [begin_a_drain() for _ in range(2)],
    "driver_has_capacity": lambda _: make_driver(capacity=0),
    "driver_lease_after_beat": lambda _: make_driver(lease_until=AT, beat_at=LATER),
    "execution_status_known": lambda rows: execution(rows, status="lost"),
    "execution_terminal_has_finished_at": lambda rows: execution(rows, status="completed"),
    "execution_failed_has_code": lambda rows: execution(rows, status="failed", finished_at=LATER),
    "execution_finished_after_created": lambda rows: execution(
        rows, status="completed", finished_at=AT.replace(year=2001)
    ),
    "execution_idempotency_key_once": lambda rows: execution(rows, idempotency_key="key-1"),
    "execution_labels_ten": lambda rows: execution(rows, labels=[str(number) for number in range(11)]),
    "execution_status_final": lambda rows: change(rows.execution, status="running", finished_at=None),
    "execution_step_once": lambda rows: step(rows.execution, position=1),
    "execution_step_position_once": lambda rows: step(rows.execution, step_id="other"),
    "execution_step_status_known": lambda rows: change(rows.open_step, status="lost"),
    "execution_step_terminal_has_finished_at": lambda rows: change(rows.open_step, status="completed"),
    "execution_step_end_has_code": lambda rows: change(rows.open_step, status="skipped", finished_at=AT),
    "execution_step_retrying_has_time": lambda rows: change(rows.open_step, status="retrying"),
    "execution_step_status_final": lambda rows: change(rows.step, status="running", finished_at=None),
    "agent_run_attempt_once": lambda rows: make_run(rows.step),
    "agent_run_suna_run_once": lambda rows: make_run(rows.step, attempt=2, suna_run_id=rows.run.suna_run_id),
    "agent_run_thread_once": lambda rows: make_run(rows.step, attempt=2, thread_id=rows.run.thread_id),
    "agent_run_status_known": lambda rows: change(rows.open_run, status="lost"),
    "agent_run_counted_from_one": lambda rows: make_run(rows.step, attempt=0),
    "agent_run_terminal_has_finished_at": lambda rows: change(rows.open_run, finished_at=AT),
    "agent_run_failed_has_code": lambda rows: change(rows.open_run, status="failed", finished_at=AT),
    "agent_run_start_decision_known": lambda rows: change(rows.open_run, start_decision="perhaps"),
    "agent_run_started_has_request": lambda rows: change(rows.open_run, start_requested_at=None),
    "agent_run_status_final": lambda rows: change(rows.run, status="running", finished_at=None),
    "context_change_version_once": lambda rows: ContextChange.objects.create(
        execution=rows.execution, version=1, key="b", author="system", created_at=AT
    ),
    "context_change_key_named": lambda rows: ContextChange.objects.create(
        execution=rows.execution, version=2, key="", author="system", created_at=AT
    ),
    "audit_act_named": lambda rows: AuditEntry.objects.create(act=""),
    "audit_append_only": lambda rows: change(AuditEntry.objects.create(act="signed_in"), act="another"),
    "context_change_append_only": lambda rows: change(rows.change, value=2),
    "context_snapshot_version_once": lambda rows: ContextSnapshot.objects.create(
        execution=rows.execution, version=1, values={}, created_at=AT
    ),
    "context_snapshot_append_only": lambda rows: change(rows.snapshot, values={"note": 2}),
    "execution_event_seq_once": lambda rows: ExecutionEvent.objects.create(
        execution=rows.execution, seq=1, kind="again", created_at=AT
    ),
    "execution_event_counted_from_one": lambda rows: ExecutionEvent.objects.create(
        execution=rows.execution, seq=0, kind="early", created_at=AT
    ),
    "execution_event_append_only": lambda rows: change(rows.event, kind="another"),
    "question_one_open_a_step": lambda rows: [
        make_question(make_run(rows.open_step, turn=turn)) for turn in (2, 3)
    ],
    "question_state_known": lambda rows: make_question(rows.open_run, state="lost", closed_at=AT),
    "question_open_or_closed": lambda rows: make_question(rows.open_run, closed_at=AT),
    "question_answered_has_answer": lambda rows: change(rows.question, answer=""),
    "question_unanswered_has_none": lambda rows: make_question(rows.open_run, answer="Yes."),
    "question_person_or_policy": lambda rows: change(
        rows.question, answered_by=rows.owner, is_automatic=True
    ),
    "team_message_seq_once": lambda rows: [write(rows) for _ in range(2)],
    "team_message_once_a_place": lambda rows: write_twice(rows, agent_run=rows.run, place=0),
    "team_message_one_reply": reply_twice,
    "team_message_key_once": lambda rows: write_twice(rows, idempotency_key="one"),
    "team_message_kind_known": lambda rows: write(rows, kind="shout"),
    "team_message_counted_from_one": lambda rows: write(rows, seq=0),
    "team_message_broadcast_to_all": lambda rows: write(rows, recipient="people"),
    "team_message_request_expires": lambda rows: write(rows, kind="request"),
    "team_message_reply_to_one": lambda rows: write(rows, kind="reply"),
    "team_message_run_and_place": lambda rows: write(rows, place=1),
    "team_message_append_only": lambda rows: change(write(rows), text="Another."),
    "message_delivery_once": deliver_twice,
    "message_delivery_of_an_attempt": lambda rows: deliver(rows, write(rows), attempt=0),
    "message_delivery_append_only": lambda rows: change(deliver(rows, write(rows)), attempt=2),
    "question_state_final": lambda rows: change(rows.question, state="withdrawn"),
}
WRITERS = {"execution_prompt_words"}
"""Triggers that refuse nothing: they write what follows from a row, and have tests of their own."""


@pytest.fixture
def rows(db: None) -> Iterator[Rows]:
    """Give one row of everything."""
    return make_rows()


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_database_refuses_what_breaks(name: str, rows: Rows) -> None:
    with pytest.raises(IntegrityError) as raised, transaction.atomic():
        CASES[name](rows)

    assert raised.value.__cause__.diag.constraint_name == name


def test_every_constraint_and_trigger_has_a_case(db: None) -> None:
    tables = [model for label in ("teams", "executions") for model in apps.get_app_config(label).get_models()]
    constraints = {constraint.name for model in tables for constraint in model._meta.constraints}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = ANY(%s::regclass[])",
            [[model._meta.db_table for model in tables]],
        )
        triggers = {name for (name,) in cursor.fetchall()}

    assert set(CASES) == (constraints | triggers) - WRITERS
    assert len(triggers) >= 7


def test_every_constraint_of_the_models_is_in_the_database(db: None) -> None:
    tables = [model for label in ("teams", "executions") for model in apps.get_app_config(label).get_models()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint UNION SELECT indexname FROM pg_indexes")
        there = {name for (name,) in cursor.fetchall()}

    assert {constraint.name for model in tables for constraint in model._meta.constraints} <= there


def test_an_execution_without_an_idempotency_key_may_be_started_any_number_of_times(rows: Rows) -> None:
    execution(rows)
    execution(rows)


def test_a_second_turn_may_be_in_the_thread_of_the_first(rows: Rows) -> None:
    second = make_run(rows.step, turn=2, thread_id=rows.run.thread_id)

    assert AgentRun.objects.filter(thread_id=second.thread_id).count() == 2
