"""One valid row of every model of teams and executions, to be varied or broken."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from executions.models import (
    AgentRun,
    ContextChange,
    ContextSnapshot,
    Driver,
    Execution,
    ExecutionEvent,
    ExecutionStep,
    Question,
)
from teams.models import Agent, SunaConnection, Team, TeamMembership, User, WorkflowVersion

AT = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
LATER = dt.datetime(2036, 11, 22, 12, 0, tzinfo=dt.UTC)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A finished execution of one step, and all that it points to; `open_*` are still under way."""

    owner: User
    connection: SunaConnection
    team: Team
    version: WorkflowVersion
    agent: Agent
    membership: TeamMembership
    driver: Driver
    execution: Execution
    open_execution: Execution
    step: ExecutionStep
    open_step: ExecutionStep
    run: AgentRun
    open_run: AgentRun
    event: ExecutionEvent
    change: ContextChange
    snapshot: ContextSnapshot
    question: Question


def make_rows() -> Rows:
    """Write one row of everything."""
    owner = User.objects.create_user("olga", email="olga@example.org")
    connection = SunaConnection.objects.create(owner=owner, name="Suna", base_url="http://127.0.0.1:1")
    team = Team.objects.create(owner=owner, name="Analysts", slug="analysts", connection=connection)
    version = WorkflowVersion.objects.create(team=team, number=1, source="{}", author=owner)
    execution = make_execution(team, version, status="completed", finished_at=LATER, idempotency_key="key-1")
    open_execution = make_execution(team, version)
    step = make_step(execution, status="completed", finished_at=AT)
    open_step = make_step(open_execution)
    run = make_run(step, status="completed", finished_at=AT)
    return Rows(
        owner=owner,
        connection=connection,
        team=team,
        version=version,
        agent=Agent.objects.create(connection=connection, agent_id="agent-1", name="Ada"),
        membership=TeamMembership.objects.create(
            team=team, user=User.objects.create_user("mia", email="mia@example.org")
        ),
        driver=make_driver(),
        execution=execution,
        open_execution=open_execution,
        step=step,
        open_step=open_step,
        run=run,
        open_run=make_run(open_step),
        event=ExecutionEvent.objects.create(
            execution=execution, seq=1, kind="execution_queued", created_at=AT
        ),
        change=ContextChange.objects.create(
            execution=execution, version=1, key="note", value=1, author="system", created_at=AT
        ),
        snapshot=ContextSnapshot.objects.create(execution=execution, version=1, values={}, created_at=AT),
        question=make_question(run, state="answered", answer="Yes.", closed_at=AT, heard=True),
    )


def make_driver(**fields: Any) -> Driver:
    """Write a driver whose lease holds for years."""
    given = {
        "host": "elsewhere",
        "pid": 1,
        "lease_until": LATER,
        "capacity": 1,
        "started_at": AT,
        "beat_at": AT,
    }
    return Driver.objects.create(**(given | fields))


def make_execution(team: Team, version: WorkflowVersion, **fields: Any) -> Execution:
    """Write an execution of the team, queued unless said otherwise."""
    given = {
        "team": team,
        "workflow_version": version,
        "connection": team.connection,
        "plan": {},
        "initial_prompt": "What should we do?",
        "started_by": team.owner,
        "payer": team.owner,
        "key_owner": team.owner,
        "deadline_at": LATER,
    }
    return Execution.objects.create(**(given | fields))


def make_step(execution: Execution, **fields: Any) -> ExecutionStep:
    """Write a step, pending unless said otherwise."""
    given = {"execution": execution, "position": 0, "step_id": "research", "agent_id": "agent-1"}
    return ExecutionStep.objects.create(**(given | fields))


def make_run(step: ExecutionStep, **fields: Any) -> AgentRun:
    """Write a run whose start was asked for."""
    given = {
        "execution": step.execution,
        "step": step,
        "connection": step.execution.connection,
        "attempt": 1,
        "agent_id": step.agent_id,
        "thread_id": f"thread-{uuid.uuid4()}",
        "suna_run_id": f"run-{uuid.uuid4()}",
        "status": "running",
        "created_at": AT,
        "start_requested_at": AT,
    }
    return AgentRun.objects.create(**(given | fields))


def make_question(run: AgentRun, **fields: Any) -> Question:
    """Write a question of a run, open unless said otherwise."""
    given = {
        "execution": run.execution,
        "step": run.step,
        "agent_run": run,
        "text": "Which city?",
        "asked_at": AT,
        "expires_at": LATER,
    }
    return Question.objects.create(**(given | fields))
