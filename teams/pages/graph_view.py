"""A workflow's picture as a page shows it: boxes with names and states, and the arrows between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from teams.drawing import Arrow, find_layout
from teams.wording import in_words, step_conditions_words, step_titles
from teams.workflow.plan import Plan

TITLE_CHARS, LINE_CHARS = 20, 27
"""What fits into a box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a step stands: the status for a style sheet, and its words."""

    status: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One step. `title` and `line` are cut to what fits; `told` is all of it, for pointers and readers."""

    step_id: str
    x: float
    y: float
    title: str
    line: str
    status: str
    is_conditional: bool
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphView:
    """The picture, in pixels."""

    width: float
    height: float
    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]


NOTHING_KNOWN: Mapping[str, State] = MappingProxyType({})


def build_graph(
    plan: Plan, *, agents: Mapping[str, str], states: Mapping[str, State] = NOTHING_KNOWN
) -> GraphView | None:
    """Return the picture of a plan; None where there is none to be had.

    `agents` are names by their ids, `states` how each step of an execution stands.
    """
    pairs = [(before, step.id) for step in plan.steps for before in step.depends]
    drawing = find_layout([step.id for step in plan.steps], pairs)
    if drawing is None:
        return None
    titles = step_titles(plan.steps)
    nodes = []
    for step, box in zip(plan.steps, drawing.boxes, strict=True):
        state = states.get(step.id)
        agent = agents.get(step.agent_id, step.agent_id)
        line = agent if state is None else f"{state.words} · {agent}"
        conditions = step_conditions_words(step, titles)
        told = [titles[step.id], agent, *([state.words] if state else ()), *conditions]
        if step.depends:
            told.append("← " + in_words([titles[name] for name in step.depends]))
        nodes.append(
            Node(
                step_id=step.id,
                x=box.x,
                y=box.y,
                title=_cut(titles[step.id], TITLE_CHARS),
                line=_cut(line, LINE_CHARS),
                status=state.status if state else "",
                is_conditional=bool(step.conditions),
                told="\n".join(told),
            )
        )
    return GraphView(width=drawing.width, height=drawing.height, nodes=tuple(nodes), arrows=drawing.arrows)


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else f"{text[: chars - 1].rstrip()}…"
