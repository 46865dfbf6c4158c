"""Reading a definition: any JSON value in; a plan, or everything that is wrong with it, out.

The one entrance to the language. It never raises and fetches nothing; who may use which agent or service is
told by the caller.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from teams.workflow import advice
from teams.workflow.compiling import compile_definition
from teams.workflow.definition import (
    MAX_STEPS,
    TYPES,
    Defaults,
    Definition,
    FieldPath,
    OutputEntry,
    StepDefinition,
    WorkflowType,
)
from teams.workflow.json_text import MAX_DOCUMENT_BYTES, walk_json
from teams.workflow.plan import Json, Plan
from teams.workflow.problems import Findings, Problem, excerpt
from teams.workflow.shapes import Node
from teams.workflow.step_parsing import DEFAULT_KEYS, read_defaults, read_step

DOCUMENT_KEYS = ("type", "agents", "defaults", "limits", "output", "$schema", "version")
LIMIT_KEYS = ("max_parallel", "deadline", "max_cost_usd")
MAX_TEXT_BYTES = 64 * 1024

_OUTPUT_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_COST = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")
_UNREADABLE = frozenset({"too_deep", "too_many_items", "wrong_type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The outcome. `definition` and `plan` are set exactly where there are no problems."""

    definition: Definition | None
    plan: Plan | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def read_definition(
    document: Json,
    *,
    known_agents: Collection[str] | None = None,
    connection_limit: int | None = None,
    known_services: Collection[str] | None = None,
) -> Checked:
    """Return the plan of a definition, or all its problems at once, in document order, and the warnings.

    What the caller knows narrows the check: the agents of the connection's catalogue, how many runs the
    connection allows at once, the services for which somebody has a key. None: not known, not checked.
    """
    findings = Findings(document)
    root = Node(document, (), findings)
    definition = None
    if _is_readable(root):
        definition = _read_document(root, known_services)
    compiled = None
    if definition is not None:
        compiled = compile_definition(definition, findings)
        if known_agents is not None:
            advice.warn_unknown_agents(definition, known_agents, findings)
    if definition is not None and compiled is not None:
        advice.warn_not_exhaustive(definition, findings)
        advice.warn_unused(definition, compiled, findings)
        if connection_limit is not None:
            advice.warn_width(definition, compiled, connection_limit, findings)
    return Checked(
        definition=definition if compiled else None,
        plan=compiled.plan if compiled else None,
        problems=findings.problems(),
        warnings=findings.warnings(),
    )


def _is_readable(root: Node) -> bool:
    """Refuse what no JSON text could have brought and what is too large; False where reading on is no use."""
    if not isinstance(root.value, dict):
        root.wrong_type("an object")
        return False
    looked_at = root.value
    agents = looked_at.get("agents")
    if isinstance(agents, list) and len(agents) > MAX_STEPS:
        # They are refused for their number, at once: nobody reads on through ten thousand.
        looked_at = {**looked_at, "agents": []}
    refusals = list(walk_json(looked_at))
    for at, code, message in refusals:
        root.findings.refuse(at, code, message)
        root.findings.settle(at)
    if any(code in _UNREADABLE for _, code, _ in refusals):
        return False
    size = len(json.dumps(looked_at, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
    if size > MAX_DOCUMENT_BYTES:
        root.refuse(
            "too_large",
            f"The definition has {size // 1024} KiB, more than {MAX_DOCUMENT_BYTES // 1024}. Shorten it.",
            max_bytes=MAX_DOCUMENT_BYTES,
        )
        return False
    _check_texts(Node(looked_at, (), root.findings))
    return True


def _check_texts(root: Node) -> None:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node.value, dict):
            waiting.extend(Node(value, (*node.at, key), node.findings) for key, value in node.value.items())
        elif isinstance(node.value, list):
            waiting.extend(node.items())
        elif isinstance(node.value, str) and len(node.value.encode("utf-8", "replace")) > MAX_TEXT_BYTES:
            node.refuse(
                "too_large",
                f"The text is larger than {MAX_TEXT_BYTES // 1024} KiB. Shorten it.",
                max_bytes=MAX_TEXT_BYTES,
            )


def _read_document(root: Node, known_services: Collection[str] | None) -> Definition | None:
    """Return the document as far as it could be read; None where it has no steps to look at."""
    root.is_object(DOCUMENT_KEYS, "A workflow")
    _check_notes(root)
    workflow_type = _read_type(root)
    defaults, output, limits = root.member("defaults"), root.member("output"), root.member("limits")
    given_defaults = Defaults()
    if defaults and defaults.is_object(DEFAULT_KEYS, '"defaults"'):
        given_defaults = read_defaults(defaults, known_services=known_services)
    max_parallel, deadline_s = _read_limits(limits) if limits else (None, None)
    entries = _read_output(output) if output else None
    steps = _read_steps(root, workflow_type, known_services)
    if not steps:
        return None
    return Definition(
        # An unknown type was refused; the rest is checked by the rules that suit the most documents.
        type=workflow_type or "graph",
        steps=steps,
        defaults=given_defaults,
        max_parallel=max_parallel,
        deadline_s=deadline_s,
        output=entries,
    )


def _check_notes(root: Node) -> None:
    schema, version = root.member("$schema"), root.member("version")
    if schema and not isinstance(schema.value, str):
        schema.wrong_type("a text")
    if version is None:
        return
    if not isinstance(version.value, int) or isinstance(version.value, bool):
        version.wrong_type("a whole number")
    elif version.value != 1:
        version.refuse("invalid_value", "The only version of the language is 1. Write 1.", allowed=[1])


def _read_type(root: Node) -> WorkflowType | None:
    given = root.member("type")
    if given is None:
        root.findings.warn(
            ("type",),
            "type_missing",
            'The workflow has no "type", so it is sequential. Write "type": "sequential" to say so.',
            default="sequential",
        )
        return "sequential"
    return cast("WorkflowType | None", given.choice(TYPES, "unknown_type"))


def _read_steps(
    root: Node, workflow_type: WorkflowType | None, known_services: Collection[str] | None
) -> tuple[StepDefinition, ...]:
    agents = root.required("agents", "A workflow")
    if agents is None or not agents.is_list():
        return ()
    if not agents.value:
        agents.refuse("empty", "The workflow has no steps. Add one to agents.")
        return ()
    if len(agents.value) > MAX_STEPS:
        agents.refuse(
            "too_many_agents",
            f"{len(agents.value)} steps are more than {MAX_STEPS}. Split the workflow over several teams.",
            count=len(agents.value),
            max=MAX_STEPS,
        )
        return ()
    read = (
        read_step(node, workflow_type=workflow_type, known_services=known_services) for node in agents.items()
    )
    return tuple(step for step in read if step)


def _read_limits(node: Node) -> tuple[int | None, float | None]:
    if not node.is_object(LIMIT_KEYS, '"limits"'):
        return None, None
    parallel, deadline, cost = (node.member(key) for key in LIMIT_KEYS)
    if cost:
        _refuse_cost(cost)
    return (
        parallel.integer(1, MAX_STEPS) if parallel else None,
        deadline.duration() if deadline else None,
    )


def _refuse_cost(node: Node) -> None:
    """Refuse the limit on cost: for its form, or because nothing obeys it yet."""
    if not isinstance(node.value, str):
        node.wrong_type("a decimal number as a text")
    elif not _COST.fullmatch(node.value):
        node.refuse(
            "invalid_value",
            f'{excerpt(node.value)} is no amount of US dollars. Write it as a text, for example "2.50".',
        )
    elif not node.value.strip("0."):
        node.refuse("out_of_range", "A limit of nothing would start nothing. Use an amount above 0.", min=0)
    else:
        node.refuse(
            "not_supported_yet",
            "A limit on the cost of one execution is not obeyed yet. Remove it; budgets limit cost.",
            key="max_cost_usd",
        )


def _read_output(node: Node) -> tuple[OutputEntry, ...] | None:
    if not isinstance(node.value, dict):
        node.wrong_type("an object")
        return None
    if not node.value:
        node.refuse("empty", "The output names nothing. Add a name and a path, or leave output out.")
        return None
    entries: list[OutputEntry] = []
    for name, path in node.value.items():
        child = Node(path, (*node.at, name), node.findings)
        if not _OUTPUT_NAME.fullmatch(name):
            child.refuse(
                "invalid_id",
                f"{excerpt(name)} cannot name an output. Use 1 to 64 letters, digits, _ . or -.",
                value=excerpt(name)[1:-1],
            )
        text = child.text()
        if text:
            entries.append(OutputEntry(name=name, path=FieldPath(at=child.at, text=text)))
    return tuple(entries)
