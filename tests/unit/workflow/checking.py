"""Short ways to write a definition and to say what came of it."""

from typing import Any

from teams.workflow.parsing import read_definition
from teams.workflow.plan import Plan

Json = Any


def step(agent_id: str = "a", **keys: Json) -> dict[str, Json]:
    return {"agent_id": agent_id, **keys}


def workflow(kind: str, *steps: Json, **keys: Json) -> dict[str, Json]:
    return {"type": kind, "agents": list(steps), **keys}


def problems(document: Json, **known: Any) -> list[tuple[str, str]]:
    """Return (pointer, code) of each problem, in the order reported."""
    return [(problem.pointer, problem.code) for problem in read_definition(document, **known).problems]


def warnings(document: Json, **known: Any) -> list[tuple[str, str]]:
    checked = read_definition(document, **known)
    assert not checked.problems
    return [(warning.pointer, warning.code) for warning in checked.warnings]


def plan_of(document: Json, **known: Any) -> Plan:
    checked = read_definition(document, **known)
    assert [problem.as_json() for problem in checked.problems] == []
    assert checked.plan is not None
    return checked.plan


def compared(field: str, operator: str = "equals", **keys: Json) -> dict[str, Json]:
    """Return one comparison; equals gets a value where none is given."""
    if operator == "equals":
        keys.setdefault("value", 1)
    return {"field": field, "operator": operator, **keys}


def conditional(*conditions: Json) -> dict[str, Json]:
    """Return a workflow whose second step, b, has these conditions; the first is a."""
    return workflow("conditional", step("a"), step("b", conditions=list(conditions)))


FROM_A = {"source": "agent_result", "agent_id": "a"}
