"""Reading one step, and what a step and `defaults` have in common."""

import re
from collections.abc import Collection
from typing import Literal, cast

from teams.workflow.condition_parsing import read_conditions
from teams.workflow.definition import GRAPH_TYPES, ConditionItem, Defaults, Reference, StepDefinition
from teams.workflow.input_parsing import read_input
from teams.workflow.output_schema import check_output_schema
from teams.workflow.plan import Join, Json, OnError, Tools
from teams.workflow.problems import excerpt
from teams.workflow.question_parsing import read_question_policy
from teams.workflow.retry_parsing import read_retry
from teams.workflow.shapes import Node

STEP_KEYS = (
    "agent_id",
    "id",
    "role",
    "instructions",
    "input",
    "conditions",
    "depends_on",
    "join",
    "model_name",
    "services",
    "timeout",
    "retry",
    "on_error",
    "on_question",
    "tools",
    "output",
)
DEFAULT_KEYS = ("timeout", "retry", "on_error", "services", "on_question", "tools")
SERVICE_PATTERN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
"""A service's name becomes part of an HTTP header; no underscore, because proxies drop those."""

_JOINS = ("all_success", "none_failed", "all_done", "any_success")
_ON_ERROR = ("fail", "continue")
_TOOLS = ("none", "team")


def read_step(
    node: Node, *, workflow_type: str | None, known_services: Collection[str] | None
) -> StepDefinition | None:
    """Return the step as far as it could be read; None where it is no object.

    `workflow_type` is None where the type is unknown: then no key is refused for the type's sake.
    """
    if not node.is_object(STEP_KEYS, "A step"):
        return None
    agent = node.required("agent_id", "A step")
    own = node.member("id")
    agent_id = agent.identifier() if agent else None
    step_id = own.identifier() if own else agent_id
    role, instructions, model = (node.member(key) for key in ("role", "instructions", "model_name"))
    given_input, schema = node.member("input"), node.member("output")
    shared = read_defaults(node, known_services=known_services)
    return StepDefinition(
        at=node.at,
        id=step_id,
        agent_id=agent_id,
        role=role.text(may_be_empty=True) if role else None,
        instructions=instructions.text(may_be_empty=True) if instructions else None,
        input=read_input(given_input) if given_input else None,
        conditions=_read_conditions(node, workflow_type),
        depends_on=_read_depends_on(node, workflow_type),
        join=_read_join(node, workflow_type),
        model_name=model.text() if model else None,
        services=shared.services,
        timeout_s=shared.timeout_s,
        retry=shared.retry,
        on_error=shared.on_error,
        on_question=shared.on_question,
        tools=shared.tools,
        output_schema=_read_output_schema(schema) if schema else None,
    )


def read_defaults(node: Node, *, known_services: Collection[str] | None) -> Defaults:
    """Return what a step and `defaults` both may say, of an object whose keys are checked already."""
    timeout, retry, question = node.member("timeout"), node.member("retry"), node.member("on_question")
    on_error, services, tools = node.member("on_error"), node.member("services"), node.member("tools")
    return Defaults(
        services=_read_services(services, known_services) if services else None,
        timeout_s=timeout.duration() if timeout else None,
        retry=read_retry(retry) if retry else None,
        on_error=cast("OnError | None", on_error.choice(_ON_ERROR)) if on_error else None,
        on_question=read_question_policy(question) if question else None,
        tools=cast("Tools | None", tools.choice(_TOOLS)) if tools else None,
    )


def _read_services(node: Node, known: Collection[str] | None) -> tuple[str, ...] | None:
    if not node.is_list():
        return None
    names: list[str] = []
    for item in node.items():
        if not isinstance(item.value, str):
            item.wrong_type("a text")
        elif not SERVICE_PATTERN.fullmatch(item.value):
            item.refuse(
                "unknown_service",
                f"{excerpt(item.value)} cannot be a service. Use 1 to 40 small letters, digits and hyphens, "
                "and begin and end with a letter or a digit.",
                service=excerpt(item.value)[1:-1],
            )
        elif known is not None and item.value not in known:
            near = node.findings.nearest(item.value, known)
            hint = f"Did you mean {excerpt(near)}?" if near else "Add a key for it first, or remove it."
            item.refuse(
                "unknown_service",
                f"There is no service {excerpt(item.value)}. {hint}",
                service=item.value,
                known=sorted(known),
            )
        else:
            names.append(item.value)
    return tuple(dict.fromkeys(names))


def _read_conditions(
    node: Node, workflow_type: str | None
) -> tuple[ConditionItem, ...] | Literal["else"] | None:
    given = node.member("conditions")
    if given is None:
        return None
    if workflow_type == "parallel":
        node.unexpected(
            "conditions",
            'Steps of a "parallel" workflow all run. Remove the conditions, or use the type "conditional".',
            type=workflow_type,
        )
        return None
    if given.value == "else":
        return "else"
    if isinstance(given.value, str):
        given.choice(("else",))
        return None
    if not given.is_list():
        return None
    # An empty list is a list without conditions: the step has none.
    return read_conditions(given) if given.value else None


def _read_depends_on(node: Node, workflow_type: str | None) -> tuple[Reference, ...]:
    given = node.member("depends_on")
    if given is None or _belongs_to_graphs(node, "depends_on", workflow_type) or not given.is_list():
        return ()
    named = ((item.at, item.text()) for item in given.items())
    return tuple(Reference(at=at, name=name, by="agent_id") for at, name in named if name)


def _read_join(node: Node, workflow_type: str | None) -> Join | None:
    given = node.member("join")
    if given is None or _belongs_to_graphs(node, "join", workflow_type):
        return None
    return cast("Join | None", given.choice(_JOINS))


def _belongs_to_graphs(node: Node, key: str, workflow_type: str | None) -> bool:
    """Refuse a key that only conditional and graph have; True where it was refused."""
    if workflow_type is None or workflow_type in GRAPH_TYPES:
        return False
    node.unexpected(
        key,
        f'"{key}" belongs to the types "conditional" and "graph". Remove it, or change the type.',
        type=workflow_type,
    )
    return True


def _read_output_schema(node: Node) -> Json:
    if not node.is_object(("schema",), "A step's output"):
        return None
    schema = node.required("schema", "A step's output")
    if schema is None:
        return None
    if not isinstance(schema.value, (dict, bool)):
        schema.wrong_type("a JSON Schema: an object, true or false")
        return None
    check_output_schema(schema)
    return schema.value
