"""A definition as typed values: the document's own words, read but not yet resolved.

References are still names and paths are still text; `graph` resolves them. Every value that a later problem
may be about knows its place in the document (`at`).
"""

from dataclasses import dataclass
from typing import Literal

from teams.workflow.plan import Join, Json, OnError, QuestionPolicy, RetryPolicy, Tools
from teams.workflow.problems import Pointer

WorkflowType = Literal["sequential", "parallel", "conditional", "pipeline", "graph"]
TYPES: tuple[WorkflowType, ...] = ("sequential", "parallel", "conditional", "pipeline", "graph")
CHAIN_TYPES = frozenset({"sequential", "pipeline"})
GRAPH_TYPES = frozenset({"conditional", "graph"})
MAX_STEPS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A step named by its id (`step`), by id or else its agent (`agent_id`)."""

    at: Pointer
    name: str
    by: Literal["step", "agent_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSource:
    """One source of an input; a reference for agent_result, a key for context. None: it was refused."""

    at: Pointer
    kind: Literal["initial_prompt", "agent_result", "context"]
    reference: Reference | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepInput:
    """What a step gets: one source, or several that are combined."""

    combined: bool
    sources: tuple[InputSource, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPath:
    """A path as written."""

    at: Pointer
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonItem:
    """One condition {field, operator, value}."""

    field: FieldPath
    operator: str
    value: Json
    ignore_case: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupItem:
    """any, all or not round other conditions; not has exactly one."""

    kind: Literal["any", "all", "not"]
    items: "tuple[ConditionItem, ...]"


ConditionItem = ComparisonItem | GroupItem


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDefinition:
    """One step. `conditions` is None where the step has none; "else" closes a group."""

    at: Pointer
    id: str | None
    agent_id: str | None
    role: str | None
    instructions: str | None
    input: StepInput | None
    conditions: tuple[ConditionItem, ...] | Literal["else"] | None
    depends_on: tuple[Reference, ...]
    join: Join | None
    model_name: str | None
    services: tuple[str, ...] | None
    timeout_s: float | None
    retry: RetryPolicy | None
    on_error: OnError | None
    on_question: QuestionPolicy | None
    tools: Tools | None
    output_schema: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What holds for steps that say nothing."""

    services: tuple[str, ...] | None = None
    timeout_s: float | None = None
    retry: RetryPolicy | None = None
    on_error: OnError | None = None
    on_question: QuestionPolicy | None = None
    tools: Tools | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputEntry:
    """One name of the output map and its path."""

    name: str
    path: FieldPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A whole document. `output` is None where the default answer holds."""

    type: WorkflowType
    steps: tuple[StepDefinition, ...]
    defaults: Defaults = Defaults()
    max_parallel: int | None = None
    deadline_s: float | None = None
    output: tuple[OutputEntry, ...] | None = None

    @property
    def is_chain(self) -> bool:
        """Whether each step follows the one before it."""
        return self.type in CHAIN_TYPES
