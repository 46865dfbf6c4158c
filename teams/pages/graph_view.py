"""A workflow's picture as a page shows it: boxes with names and states, and the arrows between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from teams.drawing import Arrow, Box, Drawing, cut_to_width, find_layout
from teams.drawing.layout import WIDTH
from teams.wording import in_words, step_conditions_words, step_titles
from teams.workflow.plan import Plan, PlanStep

_EDGE_PX, _FORK_PX = 12, 22
"""The room that a box leaves at its sides, and for the sign of a step with conditions."""
_NARROW_PX = 350
"""What a phone has room for."""
_SCALED_PX = 400
MAX_TALL = 24
"""Of more steps there is one drawing alone: two would make the page too heavy."""
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
class Line:
    """An arrow. `told` says on which conditions the step at its end runs, "" where it always does."""

    path: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One drawing of the graph, in pixels."""

    width: float
    height: float
    nodes: tuple[Node, ...]
    arrows: tuple[Line, ...]

    @property
    def is_scaled(self) -> bool:
        """Whether it may be drawn smaller to fit a phone and still be read."""
        return self.width <= _SCALED_PX


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphView:
    """The graph from left to right, and from top to bottom where that suits a narrow screen better."""

    wide: Picture
    tall: Picture | None = None


NOTHING_KNOWN: Mapping[str, State] = MappingProxyType({})


def build_graph(
    plan: Plan, *, agents: Mapping[str, str], states: Mapping[str, State] = NOTHING_KNOWN
) -> GraphView | None:
    """Return the picture of a plan; None where there is none to be had.

    `agents` are names by their ids, `states` how each step of an execution stands.
    """
    pairs = [(before, step.id) for step in plan.steps for before in step.depends]
    ids = [step.id for step in plan.steps]
    drawing = find_layout(ids, pairs)
    if drawing is None:
        return None
    titles = step_titles(plan.steps)
    wide = _picture(drawing, plan, titles, agents, states)
    if drawing.width <= _NARROW_PX or len(ids) > MAX_TALL:
        return GraphView(wide=wide)
    downwards = find_layout(ids, pairs, is_downwards=True)
    if downwards is None or downwards.width >= drawing.width:
        return GraphView(wide=wide)
    return GraphView(wide=wide, tall=_picture(downwards, plan, titles, agents, states))


def _picture(
    drawing: Drawing,
    plan: Plan,
    titles: Mapping[str, str],
    agents: Mapping[str, str],
    states: Mapping[str, State],
) -> Picture:
    steps = {step.id: step for step in plan.steps}
    nodes = tuple(_node(steps[box.step_id], box, titles, agents, states) for box in drawing.boxes)
    arrows = tuple(_line(arrow, steps[arrow.target], titles) for arrow in drawing.arrows)
    return Picture(width=drawing.width, height=drawing.height, nodes=nodes, arrows=arrows)


def _line(arrow: Arrow, target: PlanStep, titles: Mapping[str, str]) -> Line:
    conditions = step_conditions_words(target, titles)
    between = f"{titles[arrow.source]} → {titles[arrow.target]}"
    return Line(path=arrow.path, told="\n".join([between, *conditions]) if conditions else "")


def _node(
    step: PlanStep,
    box: Box,
    titles: Mapping[str, str],
    agents: Mapping[str, str],
    states: Mapping[str, State],
) -> Node:
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
    return Node(
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


def _is_same(one: str, other: str) -> bool:
    """Return whether two names are the same but for their capitals, spaces and hyphens."""
    return _letters(one) == _letters(other)


def _letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
