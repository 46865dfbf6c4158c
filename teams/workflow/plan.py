"""The plan: a workflow definition compiled into one graph, as an execution stores and obeys it.

Every reference is resolved to a step id, every default is filled in and every duration is in seconds, so
that the engine never looks at the definition again. A plan is frozen: editing the team changes no running
execution. Nothing here decides anything; see `executions.engine`.
"""

from typing import Any, Literal, TypeAlias

import msgspec

Json: TypeAlias = Any
"""A JSON value as `json.loads` returns it: dict, list, str, int, float, bool or None."""

PathRoot: TypeAlias = Literal["text", "data", "status", "result", "context", "initial_prompt"]
Join: TypeAlias = Literal["all_success", "none_failed", "all_done", "any_success"]
OnError: TypeAlias = Literal["fail", "continue"]
Tools: TypeAlias = Literal["none", "team"]


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """One path of a condition or of the output map.

    `root` says what is looked at: text, data and status of `step` (steps.<id>.text and so on), the step's
    value in the context (`result`, from agent_<id>_result), the shared context, or the initial prompt.
    `segments` come after the root. For `context` they are the whole rest split at the dots: which leading
    segments form the key is found at run time, because keys may hold dots (the longest known key wins).
    """

    text: str
    root: PathRoot
    step: str | None = None
    segments: tuple[str, ...] = ()


class Comparison(msgspec.Struct, frozen=True, kw_only=True, tag="comparison"):
    """One item {field, operator, value, ignore_case}; `value` is None for operators that take none."""

    path: Path
    operator: str
    value: Json = None
    ignore_case: bool = True


class AnyOf(msgspec.Struct, frozen=True, kw_only=True, tag="any"):
    """Holds when one item holds."""

    items: "tuple[Condition, ...]"


class AllOf(msgspec.Struct, frozen=True, kw_only=True, tag="all"):
    """Holds when every item holds."""

    items: "tuple[Condition, ...]"


class Not(msgspec.Struct, frozen=True, kw_only=True, tag="not"):
    """Holds when the item does not; undecidable stays undecidable."""

    item: "Condition"


Condition: TypeAlias = Comparison | AnyOf | AllOf | Not


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One source of a step's input: the initial prompt, one step's result, or one context key."""

    kind: Literal["initial_prompt", "agent_result", "context"]
    step: str | None = None
    key: str | None = None


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When a failed attempt is followed by another. `max_attempts` includes the first attempt."""

    max_attempts: int = 1
    initial_interval_s: float = 5.0
    backoff_coefficient: float = 2.0
    max_interval_s: float = 300.0
    on: tuple[str, ...] = (
        "agent_failed",
        "timeout",
        "bad_output",
        "empty_result",
        "run_vanished",
        "suna_restarted",
    )


DECIDE_FOR_YOURSELF = (
    "Nobody can answer this now. Decide for yourself what is most sensible, say what you assumed, and go on."
)
"""What an agent is told where a policy answers its questions and says nothing of its own."""


class QuestionPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What happens when the agent asks a person instead of giving an answer.

    `human`: somebody is asked, for `timeout_s`; then `on_timeout` holds. `auto_answer`: the agent gets
    `answer` at once, at most `max_answers` times in one attempt. `fail`: the attempt failed.
    """

    policy: Literal["human", "fail", "auto_answer"] = "human"
    timeout_s: float = 86400.0
    on_timeout: Literal["fail", "auto_answer"] = "fail"
    answer: str = DECIDE_FOR_YOURSELF
    max_answers: int = 3


class PlanStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step, with everything that its start and its end are decided by.

    `sources` is None where a chain's default input holds: the nearest earlier completed step's result,
    else the initial prompt. `join` is None in chains, which have none. `depends` are all dependencies of
    the language's section 3 (predecessor in a chain, depends_on, input, conditions), without repeats, in
    document order; `condition_steps` those that the conditions name. `else_group` holds the ids of the
    group that a step with conditions "else" closes, and is None for every other step. `on_error` is final:
    the step's own, else the defaults', else the one of the type. With `tools` "team" the step is told its
    team's messages and may send some itself.
    """

    id: str
    agent_id: str
    role: str | None = None
    instructions: str | None = None
    sources: tuple[Source, ...] | None = None
    conditions: tuple[Condition, ...] = ()
    condition_steps: tuple[str, ...] = ()
    else_group: tuple[str, ...] | None = None
    depends: tuple[str, ...] = ()
    join: Join | None = None
    model_name: str | None = None
    services: tuple[str, ...] | None = None
    timeout_s: float = 3600.0
    retry: RetryPolicy = RetryPolicy()
    on_error: OnError = "fail"
    on_question: QuestionPolicy = QuestionPolicy()
    tools: Tools = "none"
    output_schema: Json = None


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the output map: its name and the path that it is read from."""

    name: str
    path: Path


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A compiled workflow. `steps` stand in document order; `output` is None where the default answer holds.

    `chain` is True for sequential and pipeline. `output_steps` are ids in document order: those that
    `output` names, else the last step of a chain, else every step on which no other depends.
    `max_parallel` and `max_cost_usd` (a decimal string) are None where the definition sets no limit.
    """

    type: str
    chain: bool
    steps: tuple[PlanStep, ...]
    output_steps: tuple[str, ...]
    output: tuple[Output, ...] | None = None
    max_parallel: int | None = None
    deadline_s: float = 86400.0
    max_cost_usd: str | None = None

    def step(self, step_id: str) -> PlanStep:
        """Return the step of that id; KeyError where there is none."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)


def plan_to_json(plan: Plan) -> dict[str, Json]:
    """Return the plan as plain JSON values, to be stored on an execution."""
    built: dict[str, Json] = msgspec.to_builtins(plan)
    return built


def plan_from_json(stored: Json) -> Plan:
    """Return the plan that `plan_to_json` stored; msgspec.ValidationError where it is not one."""
    return msgspec.convert(stored, Plan)
