"""All fields of one step, and of the document around the steps."""

from typing import Any

from teams.builder.controls import (
    Control,
    Member,
    Values,
    joined_names,
    number_or_text,
    put,
    split_names,
    text,
    without,
    words_list,
)
from teams.builder.rows import read_mode, write_mode
from teams.builder.sources import context_control, sources_control, waits_control
from teams.workflow.parsing import DOCUMENT_KEYS, LIMIT_KEYS

_RETRY_KEYS = ("max_attempts", "initial_interval", "backoff_coefficient", "max_interval", "on")


def step_controls(document: dict[str, Any]) -> tuple[Control, ...]:
    """Return the fields of any step of the document, without the rows of its conditions."""
    sources = sources_control(document)
    return (
        text("agent_id"),
        text("id"),
        text("role"),
        text("instructions", has_lines=True),
        sources,
        context_control(sources),
        Control(name="conditions", member="conditions", read=_mode, write=_write_mode),
        waits_control(document),
        text("join"),
        text("model_name"),
        words_list("services"),
        number_or_text("timeout"),
        number_or_text("max_attempts", inside="retry", order=_RETRY_KEYS),
        text("on_error"),
        text("on_question"),
        Control(name="output", member="output", read=_read_output, write=_write_output),
    )


def document_controls() -> tuple[Control, ...]:
    """Return the fields of the document around its steps."""
    return (
        Control(name="type", member="type", read=_read_type, write=_write_type),
        number_or_text("max_parallel", inside="limits", order=LIMIT_KEYS),
        number_or_text("deadline", inside="limits", order=LIMIT_KEYS),
    )


def _mode(step: Member) -> Values | None:
    mode = read_mode(step)
    return None if mode is None else (mode,)


def _write_mode(step: Member, values: Values) -> Member:
    return write_mode(step, values[0])


def _read_type(document: Member) -> Values | None:
    value = document.get("type", "sequential")
    return (value,) if isinstance(value, str) else None


def _write_type(document: Member, values: Values) -> Member:
    return put(document, "type", values[0], ("$schema", "version", "type", *DOCUMENT_KEYS))


def _read_output(step: Member) -> Values | None:
    """Return the names of the fields that are asked of the agent, "" for none."""
    if "output" not in step:
        return ("",)
    output = step["output"]
    schema = output.get("schema") if isinstance(output, dict) and set(output) == {"schema"} else None
    if not isinstance(schema, dict) or set(schema) != {"type", "required"} or schema["type"] != "object":
        return None
    return joined_names(schema["required"]) if schema["required"] else None


def _write_output(step: Member, values: Values) -> Member:
    names = list(dict.fromkeys(split_names(values[0])))
    if not names:
        return without(step, "output")
    return put(step, "output", {"schema": {"type": "object", "required": names}})
