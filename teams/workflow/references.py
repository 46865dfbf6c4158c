"""Which step a name means, and whether the step that names it may."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from teams.workflow.definition import Reference, StepDefinition, WorkflowType
from teams.workflow.problems import Findings, excerpt, listed

_SHOWN_IDS = 50


@dataclass(frozen=True, slots=True)
class Roster:
    """The steps as one of them sees them. `asking` is its position; None: the document itself asks."""

    steps: Sequence[StepDefinition]
    type: WorkflowType | None
    findings: Findings
    ids: frozenset[str]
    names: frozenset[str]
    by_id: dict[str, int]
    by_agent: dict[str, tuple[int, ...]]
    asking: int | None = None

    def seen_by(self, position: int) -> "Roster":
        """Return the roster as the step at that position sees it."""
        return replace(self, asking=position)

    def resolve(self, reference: Reference) -> str | None:
        """Return the id of the step that is meant; None where the reference was refused."""
        position = self._position(reference)
        if position is None or not self._may_name(position, reference):
            return None
        return self.steps[position].id

    def refuse_unknown(self, reference: Reference) -> None:
        """Refuse a name that no step has."""
        near = self.findings.nearest(reference.name, self.names)
        if reference.by == "step" and reference.name in self.by_agent:
            hint = 'That is an agent: name it by "agent_id".'
        elif near:
            hint = f"Did you mean {excerpt(near)}?"
        else:
            hint = f"Known steps: {listed(sorted(self.ids)[:_SHOWN_IDS])}."
        self.findings.refuse(
            reference.at,
            "unknown_reference",
            f"No step {excerpt(reference.name)}. {hint} Correct it, or add the step.",
            name=excerpt(reference.name)[1:-1],
            known=sorted(self.ids)[:_SHOWN_IDS],
        )

    def _position(self, reference: Reference) -> int | None:
        if reference.name in self.by_id:
            return self.by_id[reference.name]
        positions = self.by_agent.get(reference.name, ()) if reference.by == "agent_id" else ()
        if len(positions) == 1:
            return positions[0]
        if not positions:
            self.refuse_unknown(reference)
            return None
        ids = [self.steps[position].id or "" for position in positions]
        self.findings.refuse(
            reference.at,
            "ambiguous_reference",
            f'Several steps use the agent {excerpt(reference.name)}. Name one by "step": {listed(ids)}.',
            name=reference.name,
            steps=ids,
        )
        return None

    def _may_name(self, position: int, reference: Reference) -> bool:
        if self.asking is None:
            return True
        name = excerpt(self.steps[position].id or "")
        if position == self.asking:
            self.findings.refuse(
                reference.at,
                "self_reference",
                f"The step {name} refers to itself. Name another step.",
                step=self.steps[position].id,
            )
        elif self.type == "parallel":
            self.findings.refuse(
                reference.at,
                "parallel_reference",
                f"Steps of a parallel workflow start together, so {name} has no result yet. "
                'Use the type "graph", or another source.',
                step=self.steps[position].id,
            )
        elif self.type in ("sequential", "pipeline") and position > self.asking:
            self.findings.refuse(
                reference.at,
                "forward_reference",
                f"The step {name} comes later, so it has no result yet. Move it up, or name an earlier step.",
                step=self.steps[position].id,
            )
        else:
            return True
        return False


def build_roster(
    steps: Sequence[StepDefinition], workflow_type: WorkflowType | None, findings: Findings
) -> Roster:
    """Return the roster of the steps; the first of two with one id is the one that is meant."""
    by_id: dict[str, int] = {}
    by_agent: dict[str, tuple[int, ...]] = {}
    for position, step in enumerate(steps):
        if step.id is not None:
            by_id.setdefault(step.id, position)
        if step.agent_id is not None:
            by_agent[step.agent_id] = (*by_agent.get(step.agent_id, ()), position)
    return Roster(
        steps=steps,
        type=workflow_type,
        findings=findings,
        ids=frozenset(by_id),
        names=frozenset(by_id) | frozenset(by_agent),
        by_id=by_id,
        by_agent=by_agent,
    )
