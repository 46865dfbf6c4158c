"""Reading a step's input: where its text comes from. Which steps the references mean is resolved later."""

from teams.workflow.definition import InputSource, Reference, StepInput
from teams.workflow.shapes import Node

_KINDS = ("initial_prompt", "agent_result", "combined", "context")
_SOURCE_KINDS = ("initial_prompt", "agent_result", "context")
_KEYS = {
    "initial_prompt": (),
    "agent_result": ("agent_id", "step"),
    "combined": ("sources",),
    "context": ("key",),
}
_ITEM_KEYS = ("agent_id", "step", "key")
_INPUT_KEYS = (*_ITEM_KEYS, "sources")


def read_input(node: Node) -> StepInput | None:
    """Return the input; None where it was refused as a whole."""
    if not node.is_object(("source", *_INPUT_KEYS), "An input"):
        return None
    named = node.required("source", "An input")
    kind = named.choice(_KINDS) if named else None
    if kind is None:
        return None
    _refuse_other_keys(node, kind, _INPUT_KEYS)
    if kind != "combined":
        source = _read_source(node, kind)
        return StepInput(combined=False, sources=(source,)) if source else None
    listed = node.required("sources", "A combined input")
    if listed is None or not listed.is_list():
        return None
    if not listed.value:
        listed.refuse("empty", "A combined input has no sources. Name one, or choose another source.")
        return None
    return StepInput(
        combined=True, sources=tuple(source for item in listed.items() if (source := _read_item(item)))
    )


def _read_item(node: Node) -> InputSource | None:
    if not node.is_object(("type", "source", *_ITEM_KEYS), "A source"):
        return None
    written = "type" if "type" in node.value else "source"
    if written == "type" and "source" in node.value:
        node.unexpected("source", '"type" and "source" say the same here. Keep one of them.')
    named = node.member(written)
    if named is None:
        node.required("type", "A source")
        return None
    kind = named.choice(_SOURCE_KINDS)
    if kind is None:
        return None
    _refuse_other_keys(node, kind)
    return _read_source(node, kind)


def _read_source(node: Node, kind: str) -> InputSource | None:
    if kind == "initial_prompt":
        return InputSource(at=node.at, kind="initial_prompt")
    if kind == "context":
        key = node.required("key", "A context source")
        name = key.text() if key else None
        return InputSource(at=node.at, kind="context", key=name) if name else None
    reference = _read_reference(node)
    return InputSource(at=node.at, kind="agent_result", reference=reference) if reference else None


def _read_reference(node: Node) -> Reference | None:
    by_step = node.member("step")
    if by_step is not None:
        if "agent_id" in node.value:
            node.unexpected("agent_id", 'Name the step by "step" or by "agent_id", not by both. Remove one.')
        name = by_step.text()
        return Reference(at=by_step.at, name=name, by="step") if name else None
    by_agent = node.required("agent_id", 'A source "agent_result"')
    name = by_agent.text() if by_agent else None
    return Reference(at=by_agent.at, name=name, by="agent_id") if by_agent and name else None


def _refuse_other_keys(node: Node, kind: str, candidates: tuple[str, ...] = _ITEM_KEYS) -> None:
    for key in candidates:
        if key in node.value and key not in _KEYS[kind]:
            node.unexpected(key, f'"{key}" does not belong to the source "{kind}". Remove it.', source=kind)
