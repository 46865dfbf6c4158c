"""The builder as its page shows it: the fields or the text, the problems, and the picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from teams.actions.save_version import check_definition
from teams.builder import build_form
from teams.models import Team
from teams.pages import builder_words as words
from teams.pages.agent_choices import AgentChoice, AgentChoices
from teams.pages.builder_draft import FORM, Draft, packed
from teams.pages.builder_fields import FieldBuilder, FieldView, StepView
from teams.pages.builder_problems import (
    ProblemLine,
    Told,
    lines_of_text,
    problem_lines,
    problem_sentence,
)
from teams.pages.graph_view import GraphView, build_graph
from teams.workflow.parsing import Checked
from teams.workflow.problems import Problem

MOST_PROBLEMS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One way for steps to work together, and when to choose it."""

    value: str
    title: str
    when: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderView:
    """All that the page shows of a draft. `base` and `undo` are what it carries along.

    `offered` are the agents that steps search in, none where each step lists them itself.
    `first_problem` is the field to begin with; `look_at` the step that was just added or moved;
    `focus` the button of it that was pressed, "up" or "down", so that a step can be moved on and on.
    """

    view: str
    text: str
    base: str
    undo: str
    shapes: tuple[Shape, ...]
    around: dict[str, FieldView]
    steps: tuple[StepView, ...]
    unshown: tuple[str, ...]
    problems: tuple[ProblemLine, ...]
    first_problem: str
    warnings: tuple[ProblemLine, ...]
    graph: GraphView | None
    look_at: int | None
    focus: str
    offered: tuple[AgentChoice, ...]
    can_be_form: bool


def build_builder_view(draft: Draft, *, team: Team, agents: AgentChoices, is_checked: bool) -> BuilderView:
    """Return the page's view; problems only where `is_checked`: nobody likes them before the first try."""
    checked = None if draft.refused else check_definition(draft.document, team=team)
    problems = _problems(draft, checked) if is_checked else ()
    warnings = _lines(draft, checked.warnings) if is_checked and checked else ()
    shown = draft.shown if draft.view == FORM else None
    form = None if shown is None else build_form(shown)
    fields = form and FieldBuilder(form, agents=agents, told=Told(problems), heeded=Told(warnings))
    around = fields.around() if fields else {}
    return BuilderView(
        view=draft.view,
        text=draft.text,
        base=packed(draft.carried),
        undo=packed(draft.before),
        shapes=_shapes(around.get("type")),
        around=around,
        steps=fields.steps() if fields else (),
        unshown=form.unshown if form else (),
        problems=problems[:MOST_PROBLEMS],
        first_problem=next((line.target for line in problems), "") if draft.look_at is None else "",
        warnings=warnings[:MOST_PROBLEMS],
        graph=_graph(checked, agents.names),
        look_at=draft.look_at,
        focus=_focus(draft, last=len(form.steps) - 1) if form else "",
        offered=tuple(one for one in agents.agents if not one.is_missing) if form and agents.is_long else (),
        can_be_form=draft.shown is not None,
    )


def _focus(draft: Draft, *, last: int) -> str:
    # At its end there is no such button any more: the other one is what may follow.
    if draft.moved and draft.look_at in (0, last):
        return "down" if draft.look_at == 0 else "up"
    return draft.moved


def _problems(draft: Draft, checked: Checked | None) -> tuple[ProblemLine, ...]:
    if draft.refused is not None:
        said = problem_sentence(draft.refused)
        return (ProblemLine(target="source", sentence=said, line=draft.refused_line),)
    return _lines(draft, checked.problems) if checked else ()


def _lines(draft: Draft, problems: Sequence[Problem]) -> tuple[ProblemLine, ...]:
    return problem_lines(problems) if draft.view == FORM else lines_of_text(draft.text, problems)


def _shapes(field: FieldView | None) -> tuple[Shape, ...]:
    chosen = {option.value: option.is_chosen for option in field.options} if field else {}
    return tuple(
        Shape(
            value=value,
            title=str(title),
            when=str(when),
            is_chosen=chosen.get(value, False),
        )
        for value, (title, when) in words.TYPES.items()
        # Two words for the same thing: the second one only where it was chosen.
        if value != "pipeline" or chosen.get(value)
    )


def _graph(checked: Checked | None, names: Mapping[str, str]) -> GraphView | None:
    if checked is None or checked.plan is None:
        return None
    return build_graph(checked.plan, agents=names)
