"""Planning a run without running it: what would be started, with which prompts and keys, at what cost.

It asks nothing of Suna and changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from billing.models import UserApiKey
from executions.actions.accept_execution import TeamCannotRun, check_team_can_run
from executions.actions.estimate_run import Estimates, estimate_run
from executions.actions.run_history import RunHistory, find_run_history
from executions.actions.start_execution import check_prompt
from executions.engine.foresight import ForeseenStep, foresee
from executions.suna.wire import PROFILES
from teams.actions.refusal import InvalidInput, Refusal
from teams.actions.save_version import InvalidWorkflow, check_definition
from teams.models import Agent, SunaConnection, Team, User, WorkflowVersion
from teams.models.database_time import database_now
from teams.workflow.parsing import read_definition
from teams.workflow.plan import Json, Plan, PlanStep
from teams.workflow.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class StepKeys:
    """Names of services: whose keys would be sent, and which of them the payer does not have.

    Others than the payer are told of those alone that the team's published workflow names. `takes_all` where
    the step names none and this Suna is then given all that the payer has.
    """

    sent: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    takes_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAgent:
    """What the catalogue knows of a step's agent, and the model that it would be started with."""

    name: str | None
    model: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """The whole plan. `obstacles` keep the team from being started now; the plan stands all the same."""

    plan: Plan
    foreseen: tuple[ForeseenStep, ...]
    agents: Mapping[str, PlannedAgent]
    keys: Mapping[str, StepKeys]
    estimates: Estimates
    warnings: tuple[Problem, ...]
    obstacles: tuple[Refusal, ...]


def plan_version(*, team: Team, by: User, version: WorkflowVersion | None, prompt: str) -> PlannedRun:
    """Plan a run of a saved workflow of the team, the published one where none is given.

    Raises TeamCannotRun where there is no workflow, and InvalidInput.
    """
    check_prompt(prompt)
    version = version or team.published_version
    if version is None:
        raise TeamCannotRun("The team has no workflow yet. Save one first.", code="no_workflow")
    checked = check_definition(version.definition, team=team)
    if checked.plan is None:
        raise InvalidInput("The workflow has problems.", problems=checked.problems)
    history = find_run_history(team_id=team.pk, version_id=version.pk)
    return _planned(checked.plan, checked.warnings, prompt=prompt, team=team, by=by, history=history)


def plan_definition(*, definition: Json, team: Team | None, by: User, prompt: str) -> PlannedRun:
    """Plan a run of a workflow that nobody saved, as if it were the team's where one is given.

    Steps that the team has had before, with the same agent, are estimated by its history. Raises
    InvalidWorkflow and InvalidInput.
    """
    check_prompt(prompt)
    checked = check_definition(definition, team=team)
    if checked.plan is None:
        raise InvalidWorkflow("The workflow has problems.", problems=checked.problems)
    history = RunHistory() if team is None else find_run_history(team_id=team.pk, version_id=None)
    return _planned(checked.plan, checked.warnings, prompt=prompt, team=team, by=by, history=history)


def _planned(
    plan: Plan,
    warnings: tuple[Problem, ...],
    *,
    prompt: str,
    team: Team | None,
    by: User,
    history: RunHistory,
) -> PlannedRun:
    connection = team.connection if team is not None else None
    foreseen = foresee(plan, prompt)
    agents = _find_agents(plan, connection)
    models = {step_id: agent.model for step_id, agent in agents.items() if agent.model}
    return PlannedRun(
        plan=plan,
        foreseen=foreseen,
        agents=agents,
        keys=_find_keys(plan, team, connection, by),
        estimates=estimate_run(
            plan=plan, foreseen=foreseen, models=models, history=history, now=database_now()
        ),
        warnings=warnings,
        obstacles=_find_obstacles(team),
    )


def _find_agents(plan: Plan, connection: SunaConnection | None) -> dict[str, PlannedAgent]:
    ids = {step.agent_id for step in plan.steps}
    rows = (
        Agent.objects.filter(connection=connection, agent_id__in=ids) if connection else Agent.objects.none()
    )
    known = {
        agent_id: (name, model)
        for agent_id, name, model in rows.values_list("agent_id", "name", "model_name")
    }
    planned: dict[str, PlannedAgent] = {}
    for step in plan.steps:
        name, model = known.get(step.agent_id, ("", ""))
        planned[step.id] = PlannedAgent(name=name or None, model=step.model_name or model or None)
    return planned


def _find_keys(
    plan: Plan, team: Team | None, connection: SunaConnection | None, by: User
) -> dict[str, StepKeys]:
    """Return the keys of each step.

    Of what the payer has, others learn only what the team's published workflow asks for: whoever wrote the
    one that is planned chose its services, and could ask for each in turn.
    """
    if team is None or connection is None or not connection.sends_user_keys or not connection.wire_profile:
        return {}
    payer_id = team.payer_id or team.owner_id
    held = set(UserApiKey.objects.filter(user_id=payer_id).values_list("service_name", flat=True))
    honoured = PROFILES[connection.wire_profile].capabilities.honours_user_keys
    told = None if by.pk == payer_id else _published_services(team)
    return {step.id: _keys_of(step, held, honoured, told) for step in plan.steps}


def _published_services(team: Team) -> frozenset[str]:
    version = team.published_version
    plan = None if version is None else read_definition(version.definition).plan
    return (
        frozenset(service for step in plan.steps for service in step.services or ()) if plan else frozenset()
    )


def _keys_of(step: PlanStep, held: set[str], honoured: bool, told: frozenset[str] | None) -> StepKeys:
    """Return the keys of one step; `told` are the services of which anything may be said, None is all."""
    if step.services is None:
        return StepKeys(sent=tuple(sorted(held)) if honoured and told is None else (), takes_all=honoured)
    services = [service for service in step.services if told is None or service in told]
    return StepKeys(
        sent=tuple(service for service in services if service in held),
        missing=tuple(service for service in services if service not in held),
    )


def _find_obstacles(team: Team | None) -> tuple[Refusal, ...]:
    if team is None:
        return ()
    try:
        check_team_can_run(team)
    except TeamCannotRun as refusal:
        return (refusal,)
    return ()
