"""A team's published workflow as a page shows it: its steps in order, in words."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from teams.actions.catalogue_warnings import CATALOGUE_CODES
from teams.actions.save_version import check_definition
from teams.actions.team_width import Excess, excess_in
from teams.builder.names import names_of
from teams.models import Agent, Team, WorkflowVersion
from teams.pages.builder_words import TYPES
from teams.pages.graph_view import GraphView, build_graph
from teams.wording import in_words, step_conditions_words, step_titles
from teams.wording.catalogue import what_to_do
from teams.wording.problems import problem_words
from teams.workflow.problems import Problem

AGENT_CODES = frozenset({"agent_missing", "agent_changed", "unknown_agent"})
"""Warnings that stand beside the step whose agent they are about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Why somebody should look at a step's agent, and what to do."""

    code: str
    sentence: str
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """One step: who works, after whom, and on which conditions.

    `flags` say that its agent is gone or is another than it was. `place` counts from 0, in the
    document.
    """

    step_id: str
    place: int
    title: str
    agent: str
    model: str
    after: str
    conditions: tuple[str, ...]
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowView:
    """The steps, or what is wrong with a definition that was valid once and is not any more.

    `shape` is the workflow's type in words. `excess` says that more steps may run at once than the connection
    allows. `graph` is the steps' picture.
    """

    shape: str = ""
    steps: tuple[StepLine, ...] = ()
    warnings: tuple[Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    excess: Excess | None = None
    graph: GraphView | None = None

    @property
    def flagged(self) -> int:
        """How many steps have an agent that somebody should look at."""
        return sum(bool(step.flags) for step in self.steps)

    @property
    def first_flagged(self) -> str:
        """The id of the first of them, "" for none."""
        return next((step.step_id for step in self.steps if step.flags), "")


def build_workflow_view(team: Team, *, version: WorkflowVersion | None = None) -> WorkflowView | None:
    """Return the published workflow, or another version, in words; None where the team has none."""
    version = version or team.published_version
    if version is None:
        return None
    checked = check_definition(version.definition, team=team)
    if checked.plan is None:
        worded = tuple(replace(problem, message=problem_words(problem)) for problem in checked.problems)
        return WorkflowView(problems=worded)
    ids = {step.agent_id for step in checked.plan.steps}
    rows = Agent.objects.filter(connection_id=team.connection_id, agent_id__in=ids)
    agents = {
        agent_id: (name, model)
        for agent_id, name, model in rows.values_list("agent_id", "name", "model_name")
    }
    titles = step_titles(checked.plan.steps)
    places = {name: place for place, name in enumerate(names_of(version.definition))}
    flags = _flags_of(checked.warnings)
    lines = tuple(
        StepLine(
            step_id=step.id,
            place=places.get(step.id, 0),
            title=titles[step.id],
            agent=agents.get(step.agent_id, ("", ""))[0] or step.agent_id,
            model=step.model_name or agents.get(step.agent_id, ("", ""))[1],
            after=in_words([titles[name] for name in step.depends]),
            conditions=step_conditions_words(step, titles),
            flags=flags.get(f"/agents/{places.get(step.id)}/agent_id", ()),
        )
        for step in checked.plan.steps
    )
    told = tuple(
        warning
        for warning in checked.warnings
        if warning.code in CATALOGUE_CODES and warning.code not in AGENT_CODES
    )
    excess = excess_in(checked.warnings)
    graph = build_graph(
        checked.plan, agents={agent_id: name for agent_id, (name, _) in agents.items() if name}
    )
    shape = str(TYPES[checked.plan.type][0])
    return WorkflowView(shape=shape, steps=lines, warnings=told, excess=excess, graph=graph)


def _flags_of(warnings: Sequence[Problem]) -> dict[str, tuple[Flag, ...]]:
    """Return what is to be said of agents, by the pointer of the value that names one."""
    found: dict[str, tuple[Flag, ...]] = {}
    for one in warnings:
        if one.code in AGENT_CODES:
            flag = Flag(code=one.code, sentence=problem_words(one), advice=what_to_do(one.code))
            found[one.pointer] = (*found.get(one.pointer, ()), flag)
    return found


def agent_names(connection_id: uuid.UUID | None, agent_ids: Sequence[str]) -> Mapping[str, str]:
    """Return the catalogue's names of agents; those that it does not know are left out."""
    rows = Agent.objects.filter(connection_id=connection_id, agent_id__in=set(agent_ids))
    return {agent_id: name for agent_id, name in rows.values_list("agent_id", "name") if name}
