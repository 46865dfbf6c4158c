"""What a step gets and what it waits for, as boxes to tick."""

from typing import Any

from teams.builder.controls import Control, Member, Values, normalized, put, without
from teams.builder.names import meant_by
from teams.workflow.plan import Json

PROMPT = "prompt"
STEP, CONTEXT = "step:", "context:"


def sources_control(document: dict[str, Any]) -> Control:
    """Build the boxes of a step's input; none ticked leaves it to the language."""

    def read(step: Member) -> Values | None:
        listed = _sources(step.get("input"))
        tokens = [_token(document, one) for one in listed or ()]
        named = tuple(token for token in tokens if token is not None)
        return None if listed is None or None in tokens else _told_apart(named)

    def write(step: Member, values: Values) -> Member:
        old = {_token(document, one): one for one in _sources(step.get("input")) or ()}
        kept = [token for token in old if token in values]
        wanted = [*kept, *(value for value in values if value not in kept)]
        sources = [old.get(token) or _source(token) for token in wanted]
        if not sources:
            return without(step, "input")
        if len(sources) > 1:
            return put(step, "input", {"source": "combined", "sources": sources})
        single = {"source" if key == "type" else key: value for key, value in sources[0].items()}
        return put(step, "input", single)

    return Control(name="input", member="input", read=read, write=write, is_many=True)


def context_control(sources: Control) -> Control:
    """Build the field that adds a value of the shared context to what a step gets; it is always empty."""

    def write(step: Member, values: Values) -> Member:
        token = f"{CONTEXT}{values[0].strip()}"
        present = sources.read(step)
        if not values[0].strip() or present is None or token in present:
            return step
        return sources.write(step, (*present, token))

    return Control(name="context_key", member="", read=lambda _: ("",), write=write)


def waits_control(document: dict[str, Any]) -> Control:
    """Build the boxes of the steps that a step waits for."""

    def read(step: Member) -> Values | None:
        listed = step.get("depends_on", [])
        if not isinstance(listed, list) or not all(isinstance(one, str) and one for one in listed):
            return None
        return _told_apart(tuple(meant_by(document, one) for one in listed))

    def write(step: Member, values: Values) -> Member:
        old = {meant_by(document, one): one for one in step.get("depends_on", [])}
        wanted = [*(name for name in old if name in values), *(name for name in values if name not in old)]
        return (
            put(step, "depends_on", [old.get(name, name) for name in wanted])
            if wanted
            else without(step, "depends_on")
        )

    return Control(name="depends_on", member="depends_on", read=read, write=write, is_many=True)


def _told_apart(values: Values) -> Values | None:
    """Return the values of boxes; None where a browser would not send them back as they are, each once."""
    is_sent = all(normalized(value) == value for value in values)
    return values if is_sent and len(set(values)) == len(values) else None


def _sources(given: Json) -> list[dict[str, Any]] | None:
    """Return the sources of an input, as a list also where it is one; None where it is no such thing."""
    if given is None:
        return []
    if not isinstance(given, dict):
        return None
    if given.get("source") != "combined":
        return [given]
    listed = given.get("sources")
    if set(given) != {"source", "sources"} or not isinstance(listed, list) or not listed:
        return None
    return listed if all(isinstance(one, dict) for one in listed) else None


def _token(document: dict[str, Any], source: dict[str, Any]) -> str | None:
    kind_key = "type" if "type" in source else "source"
    kind = source.get(kind_key)
    said = [key for key in source if key != kind_key]
    if kind == "initial_prompt" and not said:
        return PROMPT
    if len(said) != 1 or not isinstance(source[said[0]], str) or not source[said[0]]:
        return None
    if kind == "agent_result" and said[0] == "step":
        return f"{STEP}{source['step']}"
    if kind == "agent_result" and said[0] == "agent_id":
        return f"{STEP}{meant_by(document, source['agent_id'])}"
    return f"{CONTEXT}{source['key']}" if kind == "context" and said[0] == "key" else None


def _source(token: str) -> dict[str, Any]:
    if token.startswith(STEP):
        return {"type": "agent_result", "step": token.removeprefix(STEP)}
    if token.startswith(CONTEXT):
        return {"type": "context", "key": token.removeprefix(CONTEXT)}
    return {"type": "initial_prompt"}
