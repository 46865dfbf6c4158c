"""A workflow's picture as a page shows it: boxes with names and states, and the arrows between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from teams.drawing import Arrow, cut_to_width, find_layout
from teams.drawing.layout import WIDTH
from teams.wording import in_words, step_conditions_words, step_titles
from teams.workflow.plan import Plan

_EDGE_PX, _FORK_PX = 12, 22
"""The room that a box leaves at its sides, and for the sign of a step with conditions."""
_TITLE_PX, _LINE_PX = 13, 11.5
"""The sizes of the letters, as in graph.css."""


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
        # Where nobody has named the agent, its id is often the step's own name.
        said = [] if _is_same(agent, titles[step.id]) else [agent]
        if state is not None:
            said.insert(0, state.words)
        told = [titles[step.id], *said, *step_conditions_words(step, titles)]
        room_px = WIDTH - 2 * _EDGE_PX
        if step.depends:
            told.append("← " + in_words([titles[name] for name in step.depends]))
        nodes.append(
            Node(
                step_id=step.id,
                x=box.x,
                y=box.y,
                title=cut_to_width(
                    titles[step.id],
                    width_px=room_px - (_FORK_PX if step.conditions else 0),
                    font_px=_TITLE_PX,
                    is_bold=True,
                ),
                line=cut_to_width(" · ".join(said), width_px=room_px, font_px=_LINE_PX),
                status=state.status if state else "",
                is_conditional=bool(step.conditions),
                told="\n".join(told),
            )
        )
    return GraphView(width=drawing.width, height=drawing.height, nodes=tuple(nodes), arrows=drawing.arrows)


def _is_same(one: str, other: str) -> bool:
    """Return whether two names are the same but for their capitals, spaces and hyphens."""
    return _letters(one) == _letters(other)


def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
