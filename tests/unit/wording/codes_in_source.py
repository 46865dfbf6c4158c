"""Which reason codes the product can write, read from its source: a new one cannot be forgotten."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("executions/engine", "executions/orchestrator")
# Calls whose argument is the code of a step or of a failed attempt, by keyword or by position.
STEP_CALLS = {
    "Reason": "code",
    "_close": "reason_code",
    "fail_attempt": "code",
    "_fail": "code",
    "broken": 0,
    "_stop_run": "code",
    "_ToStop": 0,
}


def step_codes() -> set[str]:
    """Return the codes with which a step can stand somewhere."""
    found: set[str] = set()
    for tree in _trees():
        for call in _calls(tree):
            wanted = STEP_CALLS.get(_name(call.func))
            if wanted is not None:
                found |= set(_texts(_argument(call, wanted)))
        for node in ast.walk(tree):
            # A code that is chosen first and handed on by its name.
            if isinstance(node, ast.Assign) and _name(node.targets[0]) == "code":
                found |= set(_texts(node.value))
        found |= set(_values_of(tree, ("_FAILURE_CODES", "_REASONS", "CODE", "UpstreamCode")))
    return (
        found | {"deadline", "budget_exceeded"} | {f"service_{code}" for code in port_codes()} | port_codes()
    )


def execution_codes() -> set[str]:
    """Return the codes with which an execution can end."""
    found: set[str] = set()
    for tree in _trees():
        for call in _calls(tree):
            if _name(call.func) == "EndEarly":
                found |= set(_texts(_argument(call, "code")))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and function.name == "final_status":
                found |= {
                    text
                    for node in ast.walk(function)
                    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple)
                    for text in _texts(node.value.elts[1])
                }
        found |= set(_values_of(tree, ("CODE",)))
    return found


def event_kinds() -> set[str]:
    """Return the kinds of events that the product writes."""
    found: set[str] = set()
    for folder in ("executions/orchestrator", "executions/actions", "executions/upkeep"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for call in _calls(ast.parse(path.read_text())):
                found |= set(_texts(_argument(call, "kind")))
    return found | {f"execution_{status}" for status in ("completed", "partial", "failed", "cancelled")}


def port_codes() -> set[str]:
    """Return the codes of the port's errors."""
    tree = ast.parse((ROOT / "executions/agent_service.py").read_text())
    return {
        text
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for line in node.body
        if isinstance(line, ast.Assign) and _name(line.targets[0]) == "code"
        for text in _texts(line.value)
    }


def _trees() -> Iterator[ast.Module]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield ast.parse(path.read_text())


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _argument(call: ast.Call, wanted: str | int) -> ast.expr | None:
    if isinstance(wanted, int):
        return call.args[wanted] if len(call.args) > wanted else None
    return next((keyword.value for keyword in call.keywords if keyword.arg == wanted), None)


def _texts(node: ast.expr | None) -> Iterator[str]:
    """Yield the text constants that an expression can be, not those that it is computed from."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _texts(value)


def _values_of(tree: ast.Module, names: tuple[str, ...]) -> Iterator[str]:
    for node in tree.body:
        if not isinstance(node, ast.Assign) or _name(node.targets[0]) not in names:
            continue
        if isinstance(node.value, ast.Dict):
            for value in node.value.values:
                yield from _texts(value)
        elif isinstance(node.value, ast.Subscript):
            yield from (text for part in ast.walk(node.value.slice) for text in _texts_of_constant(part))
        else:
            yield from _texts(node.value)


def _texts_of_constant(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
