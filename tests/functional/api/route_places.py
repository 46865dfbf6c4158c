"""Where each route of the API leads in a test: what it needs is made, and no more."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.db.models.functions import Now

from executions.actions.pause_execution import pause_execution
from executions.models import ContextChange, Execution
from teams.actions.create_team import create_team
from teams.actions.invite_member import invite_member
from teams.actions.save_version import save_version
from teams.models import AddressKind, Agent, ApiToken, SunaConnection, Team, TeamMembership, TeamRole
from tests.fixtures.budget_rows import make_budget
from tests.fixtures.people import SEQUENTIAL, make_member, make_person
from tests.fixtures.site_rows import NOW, ask, doubt_start, set_execution, start
from tests.fixtures.statement_rows import make_statement

Place = Callable[[], dict[str, Any]]
"""Makes what a route leads to; returns the parameters of its address."""

HEIR_ID = "00000000-0000-7000-8000-0000000000e1"
"""Who is given a team: a name that a body can hold before they are made."""

TEAM_PLACES = (
    "team",
    "team-versions",
    "team-executions",
    "team-export",
    "team-plan",
    "team-members",
    "team-invitations",
    "team-by-slug",
    "team-member",
    "team-hand-over",
    "version-diff",
    "version-publication",
    "invitation",
    "invitation-acceptance",
    "agent",
    "agent-team-server",
    "template-use",
    "one-token",
)
EXECUTION_PLACES = (
    "execution",
    "execution-cancellation",
    "execution-event-log",
    "execution-events",
    "execution-live",
    "execution-messages",
    "execution-pause",
    "execution-runs",
    "execution-steps",
    "execution-usage",
)


def places_of(*, execution: Execution, connection: SunaConnection, method: str) -> Mapping[str, Place]:
    """Return the place of each route that has one, for an execution's team and that connection."""
    team, owner = execution.team, execution.team.owner
    of_team, of_execution = {"team_id": team.pk}, {"execution_id": execution.pk}

    def with_context(**more: Any) -> dict[str, Any]:
        ContextChange.objects.create(
            execution=execution, version=1, key="note", value="Hush.", created_at=NOW
        )
        Execution.objects.filter(pk=execution.pk).update(context_version=1)
        return {**of_execution, **more}

    def of_step() -> dict[str, Any]:
        return {**of_execution, "step_id": execution.steps.get(position=0).step_id}

    def of_paused() -> dict[str, Any]:
        pause_execution(execution=execution, by=owner)
        return of_execution

    def of_failed() -> dict[str, Any]:
        set_execution(
            execution, status="failed", code="step_failed", result={"found": 1}, result_text="Found one."
        )
        return of_execution

    def of_quarantined() -> dict[str, Any]:
        set_execution(execution, status="quarantined", pause_requested_at=Now())
        return of_execution

    def in_doubt() -> dict[str, Any]:
        doubtful = start(team)
        return {"execution_id": doubtful.pk, "step_id": doubt_start(doubtful).step.step_id}

    def of_connection() -> dict[str, Any]:
        spare = SunaConnection.objects.create(
            owner=owner, name="Spare", base_url="http://127.0.0.1:9", wire_profile="2025-08"
        )
        return {"connection_id": spare.pk}

    def of_question() -> dict[str, Any]:
        return {"question_id": ask(execution).pk}

    def of_statement() -> dict[str, Any]:
        return {"statement_id": make_statement(owner).pk}

    def of_budget() -> dict[str, Any]:
        return {"budget_id": make_budget(owner, team=team).pk}

    return {
        **{name: partial(_team_place, name, method, team, connection) for name in TEAM_PLACES},
        **dict.fromkeys(EXECUTION_PLACES, lambda: of_execution),
        **dict.fromkeys(("execution-context", "execution-context-history"), with_context),
        **dict.fromkeys(("execution-step", "execution-step-runs"), of_step),
        **dict.fromkeys(("execution-step-start-again", "execution-step-give-up-start"), in_doubt),
        **dict.fromkeys(("execution-retry", "execution-run-again", "execution-result"), of_failed),
        **dict.fromkeys(("connection", "connection-test", "connection-sync"), of_connection),
        **dict.fromkeys(("question", "question-answer"), of_question),
        "team-version": lambda: {**of_team, "number": 1},
        "execution-context-value": lambda: with_context(key="note"),
        "execution-resume": of_paused,
        "execution-release": of_quarantined,
        "user-key": lambda: {"service": "openai"},
        "statement": of_statement,
        "budget": of_budget,
        # Lists have no place, and something in them.
        "questions": lambda: of_question() and {},
        "statements": lambda: of_statement() and {},
        "budgets": lambda: of_budget() and {},
    }


def _team_place(name: str, method: str, team: Team, connection: SunaConnection) -> dict[str, Any]:
    """Return the place of a route about a team; what it needs is made for that route alone."""
    of_team, owner = {"team_id": team.pk}, team.owner
    if name in ("version-diff", "version-publication"):
        save_version(team=team, by=owner, definition=SEQUENTIAL)
        return {**of_team, "number": 1}
    if name == "team-member":
        return {**of_team, "user_id": make_member(team, "mia", TeamRole.VIEWER).pk}
    if name == "team-hand-over":
        # A team of which nothing goes on, with the same members and one more.
        idle = create_team(owner=owner, name="Idle", definition=SEQUENTIAL)
        TeamMembership.objects.filter(team=team).update(team=idle)
        heir = make_person("hedy", id=HEIR_ID)
        TeamMembership.objects.create(team=idle, user=heir, role=TeamRole.VIEWER)
        return {"team_id": idle.pk}
    if name in ("invitation", "invitation-acceptance"):
        username, viewer = AddressKind.USERNAME, TeamRole.VIEWER
        made, _ = invite_member(team=team, by=owner, kind=username, address="oscar", role=viewer)
        return {"invitation_id": made.pk}
    if name in ("agent", "agent-team-server"):
        agent = Agent.objects.create(connection=connection, agent_id="agent-123", name="Ada")
        return {"agent_id": agent.pk}
    if name == "template-use":
        Agent.objects.create(connection=connection, agent_id="agent-123", name="Ada")
        return {"template_key": "customer-service"}
    if name == "one-token":
        token, _ = ApiToken.objects.create(owner, name="spare")
        return {"token_id": token.public_id}
    if name == "team" and method == "DELETE":
        # A team that never ran, with the same members.
        unused = create_team(owner=owner, name="Unused", definition=SEQUENTIAL)
        TeamMembership.objects.filter(team=team).update(team=unused)
        return {"team_id": unused.pk}
    return {"slug": team.slug} if name == "team-by-slug" else of_team
