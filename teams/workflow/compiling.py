"""Compiling a definition into a plan: references resolved, defaults filled in, the graph checked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from teams.workflow import graph
from teams.workflow.definition import Definition
from teams.workflow.links import LinkedStep, link_step
from teams.workflow.paths import resolve_path
from teams.workflow.plan import Join, OnError, Output, Plan, PlanStep, RetryPolicy
from teams.workflow.problems import Findings, excerpt
from teams.workflow.references import build_roster

_UNSAID = PlanStep(id="", agent_id="")
_DEADLINE_S = 24 * 3600.0
_CONTINUE_TYPES = frozenset({"parallel", "conditional"})
_PATIENT_JOINS = frozenset({"all_done", "any_success"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A plan and what advice about it is drawn from: who depends on whom, and whom anybody names."""

    plan: Plan
    edges: graph.Edges
    named: frozenset[str]


def compile_definition(definition: Definition, findings: Findings) -> Compiled | None:
    """Return the compiled plan; None where anything was refused, now or while the document was read."""
    _check_unique(definition, findings)
    roster = build_roster(definition.steps, definition.type, findings)
    linked = [
        link_step(step, definition=definition, roster=roster.seen_by(position))
        for position, step in enumerate(definition.steps)
    ]
    groups = graph.else_groups(definition.steps, findings)
    output = None
    if definition.output is not None:
        resolved = [(entry.name, resolve_path(entry.path, roster)) for entry in definition.output]
        output = tuple(Output(name=name, path=path) for name, path in resolved if path)
    _check_cycles(definition, linked, groups, findings)
    if findings.count:
        return None

    ids = [step.id for step in definition.steps if step.id is not None]
    named = {step_id: link.named for step_id, link in zip(ids, linked, strict=True)}
    build_edges = graph.chain_edges if definition.is_chain else graph.graph_edges
    edges = build_edges(ids, named)
    plan = Plan(
        type=definition.type,
        chain=definition.is_chain,
        steps=_plan_steps(definition, linked, groups, edges),
        output_steps=_output_steps(definition, output, edges),
        output=output,
        max_parallel=definition.max_parallel,
        deadline_s=definition.deadline_s or _DEADLINE_S,
    )
    return Compiled(plan=plan, edges=edges, named=frozenset().union(*named.values()))


def _check_unique(definition: Definition, findings: Findings) -> None:
    first: dict[str, int] = {}
    for position, step in enumerate(definition.steps):
        if step.id is None or first.setdefault(step.id, position) == position:
            continue
        own = step.id != step.agent_id
        findings.refuse(
            (*step.at, "id") if own else (*step.at, "agent_id"),
            "duplicate_id",
            f"Two steps are called {excerpt(step.id)}. "
            + ("Give this one another id." if own else 'Give this one an "id" of its own.'),
            id=step.id,
            first=first[step.id],
        )


def _check_cycles(
    definition: Definition,
    linked: list[LinkedStep],
    groups: Mapping[int, tuple[str, ...]],
    findings: Findings,
) -> None:
    """Refuse circles. For them, an else depends on its group."""
    edges: dict[str, set[str]] = {}
    for position, link in enumerate(linked):
        if link.step.id is not None:
            edges.setdefault(link.step.id, set()).update(link.named, groups.get(position, ()))
    places = {link.step.id: link.step.at for link in reversed(linked)}
    order = list(edges)
    for circle in graph.find_cycles({step_id: sorted(edges[step_id], key=order.index) for step_id in edges}):
        findings.refuse(
            places[circle[0]],
            "cycle",
            f"These steps wait for one another: {', '.join(map(excerpt, circle))}. "
            "Remove one of the references between them.",
            path=circle,
        )


def _plan_steps(
    definition: Definition,
    linked: list[LinkedStep],
    groups: Mapping[int, tuple[str, ...]],
    edges: graph.Edges,
) -> tuple[PlanStep, ...]:
    joins = {link.step.id: _join(link, definition) for link in linked}
    awaited_patiently = {
        other for step_id, others in edges.items() if joins[step_id] in _PATIENT_JOINS for other in others
    }
    return tuple(
        _plan_step(
            link,
            definition=definition,
            join=joins[link.step.id],
            else_group=groups.get(position),
            depends=tuple(edges[link.step.id or ""]),
            awaited_patiently=link.step.id in awaited_patiently,
        )
        for position, link in enumerate(linked)
    )


def _plan_step(
    link: LinkedStep,
    *,
    definition: Definition,
    join: Join | None,
    else_group: tuple[str, ...] | None,
    depends: tuple[str, ...],
    awaited_patiently: bool,
) -> PlanStep:
    step, defaults = link.step, definition.defaults
    return PlanStep(
        id=step.id or "",
        agent_id=step.agent_id or "",
        role=step.role or None,
        instructions=step.instructions or None,
        sources=link.sources,
        conditions=link.conditions,
        condition_steps=link.condition_steps,
        else_group=else_group,
        depends=depends,
        join=join,
        model_name=step.model_name,
        services=step.services if step.services is not None else defaults.services,
        timeout_s=step.timeout_s or defaults.timeout_s or _UNSAID.timeout_s,
        retry=step.retry or defaults.retry or RetryPolicy(),
        on_question=step.on_question or defaults.on_question or _UNSAID.on_question,
        tools=step.tools or defaults.tools or _UNSAID.tools,
        on_error=step.on_error or defaults.on_error or _on_error_of_type(definition, awaited_patiently),
        output_schema=step.output_schema,
    )


def _join(link: LinkedStep, definition: Definition) -> Join | None:
    if definition.is_chain:
        return None
    return link.step.join or ("none_failed" if link.combined else "all_success")


def _on_error_of_type(definition: Definition, awaited_patiently: bool) -> OnError:
    if definition.type in _CONTINUE_TYPES or (definition.type == "graph" and awaited_patiently):
        return "continue"
    return "fail"


def _output_steps(
    definition: Definition, output: tuple[Output, ...] | None, edges: graph.Edges
) -> tuple[str, ...]:
    """Return the output steps. A map that names no step (only the context, say) leaves the default."""
    named: Collection[str | None] = {entry.path.step for entry in output or ()} - {None}
    if named:
        return tuple(step_id for step_id in edges if step_id in named)
    return tuple(edges)[-1:] if definition.is_chain else graph.ends(edges)
