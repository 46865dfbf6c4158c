"""The fields of the builder as its template draws them: names, values, choices and problems."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from teams.builder import DocumentForm, StepForm
from teams.builder.rows import RESULT, Row
from teams.pages import builder_words as words
from teams.pages.agent_choices import AgentChoices
from teams.pages.builder_problems import Told
from teams.wording import in_words

_AREA, _TEXT, _SEARCH, _SELECT, _CHECKS = "area", "text", "search", "select", "checks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing to choose."""

    value: str
    label: str
    is_chosen: bool


_NONE: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One field; `name` is also its id on the page. `notes` say what to think about."""

    name: str
    kind: str
    label: str
    help: str = ""
    value: str = ""
    options: tuple[Option, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """One condition; `fields` is empty where no row can show it."""

    position: int
    fields: tuple[FieldView, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Fields that belong together; closed until somebody opens it, unless something stands in it."""

    title: str
    is_open: bool
    fields: tuple[FieldView, ...]
    rows: tuple[RowView, ...] = ()
    has_rows: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step. `problems` are those of no field."""

    position: int
    step_id: str
    title: str
    main: tuple[FieldView, ...]
    groups: tuple[Group, ...]
    unshown: tuple[str, ...]
    problems: tuple[str, ...]
    is_first: bool
    is_last: bool


class FieldBuilder:
    """Builds the views of one form."""

    def __init__(self, form: DocumentForm, *, agents: AgentChoices, told: Told, heeded: Told) -> None:
        self._form = form
        self._agents = agents
        self._told = told
        self._heeded = heeded
        self._titles = titles_of(form)
        self._type = form.values.get("type", ("",))[0]

    def around(self) -> dict[str, FieldView]:
        """Return the fields of the workflow itself."""
        names = ("type", "max_parallel", "deadline")
        return {name: self._field(self._form.values, name, "") for name in names if name in self._form.values}

    def steps(self) -> tuple[StepView, ...]:
        """Return the steps."""
        return tuple(self._step(step) for step in self._form.steps)

    def _step(self, step: StepForm) -> StepView:
        prefix = f"s{step.position}-"

        def fields(*names: str) -> tuple[FieldView, ...]:
            return tuple(
                self._field(step.values, name, prefix, step=step) for name in names if name in step.values
            )

        rows = tuple(self._row(step, row, at) for at, row in enumerate(step.rows))
        is_graph = self._type in ("conditional", "graph")
        waits = ("depends_on", "join") if is_graph or any(step.values.get("depends_on", ())) else ()
        groups = (
            self._group("input", fields("input", "context_key")),
            self._group("conditions", fields("conditions", *waits), rows=rows, has_rows=bool(step.rows)),
            self._group("failure", fields("timeout", "max_attempts", "on_error", "on_question")),
            self._group("more", fields("id", "model_name", "services")),
        )
        return StepView(
            position=step.position,
            step_id=step.name,
            title=self._titles[step.position],
            main=fields("agent_id", "role", "instructions", "output"),
            groups=groups,
            unshown=step.unshown,
            problems=self._told.at(f"s{step.position}"),
            is_first=step.position == 0,
            is_last=step.position == len(self._form.steps) - 1,
        )

    def _group(
        self,
        name: str,
        fields: tuple[FieldView, ...],
        *,
        rows: tuple[RowView, ...] = (),
        has_rows: bool = False,
    ) -> Group:
        is_set = any(
            field.value or any(one.is_chosen and one.value for one in field.options) for field in fields
        )
        is_wrong = any(field.problems for field in fields) or any(row.problems for row in rows)
        is_open = is_wrong or has_rows or (is_set and name != "more")
        return Group(
            title=str(words.GROUPS[name]), is_open=is_open, fields=fields, rows=rows, has_rows=has_rows
        )

    def _field(
        self, values: Mapping[str, Sequence[str]], name: str, prefix: str, *, step: StepForm | None = None
    ) -> FieldView:
        shown = values[name]
        kind, options = _TEXT, _NONE
        if name == "instructions":
            kind = _AREA
        elif name == "agent_id" and self._agents.is_long:
            kind, shown = _SEARCH, [self._agents.label_of(one) for one in shown]
        elif name == "agent_id" and self._agents.agents:
            kind, options = _SELECT, _options([("", "-"), *self._agents.options()], shown)
        elif name == "input" and step is not None:
            kind, options = _CHECKS, _options(self._sources(step, shown), shown)
        elif name == "depends_on" and step is not None:
            kind, options = _CHECKS, _options(self._others(step, shown), shown)
        elif name in words.CHOICES:
            kind, options = _SELECT, _options(words.CHOICES[name].items(), shown)
        html_name = f"{prefix}{name}"
        return FieldView(
            name=html_name,
            kind=kind,
            label=str(words.LABELS[name]),
            help=str(words.AGENT_SEARCH if kind == _SEARCH else words.HELPS.get(name, "")),
            value="" if kind in (_SELECT, _CHECKS) else shown[0],
            options=options,
            problems=self._told.at(html_name),
            notes=self._notes(name, html_name, values[name]),
        )

    def _notes(self, name: str, html_name: str, shown: Sequence[str]) -> tuple[str, ...]:
        said = self._heeded.at(html_name)
        like = in_words(self._agents.suggest(shown[0]), last=_("or")) if name == "agent_id" and shown else ""
        return (*said, str(words.AGENT_LIKE) % {"names": like}) if like else said

    def _row(self, step: StepForm, row: Row | None, at: int) -> RowView:
        name = f"s{step.position}-c{at}"
        if row is None:
            return RowView(position=at, fields=(), problems=self._told.at(name))
        fields = (
            self._part(f"{name}-of", "of", row.of, self._looks(step, row.of)),
            self._part(f"{name}-key", "key", row.key, ()),
            self._part(f"{name}-operator", "operator", row.operator, words.OPERATORS.items()),
            self._part(f"{name}-value", "value", row.value, ()),
        )
        return RowView(position=at, fields=fields, problems=self._told.at(name))

    def _part(self, html_name: str, name: str, value: str, choices: Iterable[tuple[str, Any]]) -> FieldView:
        options = _options(choices, (value,)) if choices else ()
        return FieldView(
            name=html_name,
            kind=_SELECT if options else _TEXT,
            label=str(words.LABELS[name]),
            help=str(words.HELPS[name]),
            value="" if options else value,
            options=options,
        )

    def _others(self, step: StepForm, chosen: Sequence[str]) -> list[tuple[str, str]]:
        """Return the steps that this one may name, and those that it names though it may not."""
        return [
            (other.name, self._titles[other.position])
            for other in self._form.steps
            if other.name and (self._may_name(step, other) or other.name in chosen)
        ]

    def _may_name(self, step: StepForm, other: StepForm) -> bool:
        if self._type in ("sequential", "pipeline"):
            return other.position < step.position
        return self._type != "parallel" and other.position != step.position

    def _sources(self, step: StepForm, shown: Sequence[str]) -> list[tuple[str, str]]:
        known = [("prompt", str(words.OF_OTHERS["prompt"]))]
        result = str(words.OF_STEP["result:"])
        named = [value.removeprefix("step:") for value in shown if value.startswith("step:")]
        known += [(f"step:{name}", result % {"step": title}) for name, title in self._others(step, named)]
        contexts = [value for value in shown if value.startswith("context:")]
        return known + [(value, str(words.CONTEXT_VALUE) % {"key": value[8:]}) for value in contexts]

    def _looks(self, step: StepForm, chosen: str) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        for name, title in self._others(step, (chosen.partition(":")[2],)):
            # The older way to name a field of a result: only where it stands already.
            kinds = [kind for kind in words.OF_STEP if kind != RESULT or chosen == f"{RESULT}{name}"]
            found += [(f"{kind}{name}", str(words.OF_STEP[kind]) % {"step": title}) for kind in kinds]
        return [*found, *words.OF_OTHERS.items()]


def titles_of(form: DocumentForm) -> list[str]:
    """Return what a reader knows each step by: its role, else its name, with its number in the row."""
    said = [(step.values.get("role", ("",))[0].strip() or step.name)[:60] for step in form.steps]
    return [f"{at + 1}. {title}".rstrip() for at, title in enumerate(said)]


def _options(choices: Iterable[tuple[str, Any]], chosen: Sequence[str]) -> tuple[Option, ...]:
    """Return the choices, and whatever is chosen that is none of them."""
    listed = [(value, str(label)) for value, label in choices]
    known = {value for value, _ in listed}
    listed += [(value, str(words.NOT_THERE) % {"name": value}) for value in chosen if value not in known]
    return tuple(Option(value=value, label=label, is_chosen=value in chosen) for value, label in listed)
