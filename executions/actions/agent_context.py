"""What a run reads and writes of its execution's shared context: one key at a time, under the row's lock."""

import json
from dataclasses import dataclass

from django.db import transaction

from executions.actions.agent_caller import Caller
from executions.actions.execution_rights import NotThere, check_under_way
from executions.engine.context_merge import MAX_VALUE_BYTES, MergeConflict, merge_value
from executions.engine.team_block import MERGES, Merge, find_key_fault
from executions.models import ContextChange, Execution
from executions.orchestrator.append import append_changes
from executions.orchestrator.changes import Changes, ContextWrite, Event
from teams.actions.refusal import Refusal, input_problem
from teams.workflow.json_text import JsonTextError, parse_json_text
from teams.workflow.plan import Json

MOST_CHANGES = 1000
"""Of all agents of an execution together; results of steps are not among them."""


class OtherVersion(Refusal):
    """Somebody changed the key since the caller read it."""

    code = "other_version"


class TooManyChanges(Refusal):
    """The execution's shared context was changed as often as it may be."""

    code = "too_many_changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One key as it stands: `version` counts all changes of the context; 0 where nobody set the key."""

    key: str
    value: Json
    version: int
    author: str


def list_entries(caller: Caller) -> list[Entry]:
    """Return each key once, as it stands, in the order of the keys."""
    rows = (
        ContextChange.objects.filter(execution_id=caller.execution_id)
        .order_by("key", "-version")
        .distinct("key")
        .values_list("key", "value", "version", "author")
    )
    return [Entry(key=key, value=value, version=version, author=by) for key, value, version, by in rows]


def read_entry(caller: Caller, *, key: str) -> Entry:
    """Return the key as it stands; null at version 0 where nobody set it."""
    if "\x00" in key:
        raise input_problem("/key", "nul_character", "The key holds the character NUL.")
    rows = ContextChange.objects.filter(execution_id=caller.execution_id, key=key)
    found = rows.order_by("-version").values_list("value", "version", "author").first()
    value, version, author = found or (None, 0, "")
    return Entry(key=key, value=value, version=version, author=author)


def write_entry(
    caller: Caller, *, key: str, value: Json, merge: str = "replace", expected_version: int | None = None
) -> Entry:
    """Set the key, or merge the value into what stands there; return what stands there then.

    With `expected_version` nothing is written unless the key still has it (compare and set). Raises
    InvalidInput, OtherVersion, TooManyChanges, AlreadyOver, Cancelling and NotThere.
    """
    rule, value = _check(key, value, merge)
    with transaction.atomic():
        executions = Execution.objects.select_for_update(no_key=True).filter(pk=caller.execution_id)
        locked = executions.only("status", "cancel_requested_at", "context_version").first()
        if locked is None:
            raise NotThere("The execution is not there any more.")
        check_under_way(locked)
        if locked.context_version >= MOST_CHANGES:
            raise TooManyChanges(
                f"The shared context of one execution is changed at most {MOST_CHANGES} times."
            )
        stands = read_entry(caller, key=key)
        if expected_version is not None and expected_version != stands.version:
            raise OtherVersion(
                f"The key has version {stands.version} by now, not {expected_version}. Read it again."
            )
        try:
            merged = merge_value(rule, old=stands.value, new=value)
        except MergeConflict as conflict:
            words = f"The value does not go together with the one there by {rule!r}: {conflict.code}."
            raise input_problem("/value", conflict.code, words) from None
        version = locked.context_version + 1
        data: dict[str, Json] = {"key": key, "version": version, "merge": rule}
        append_changes(
            Changes(
                execution_id=caller.execution_id,
                events=[Event(kind="context_written", step_id=caller.step.id, data=data)],
                context=[ContextWrite(key=key, value=merged, author=caller.name)],
            )
        )
    return Entry(key=key, value=merged, version=version, author=caller.name)


def _check(key: str, value: Json, merge: str) -> tuple[Merge, Json]:
    fault = find_key_fault(key)
    if fault is not None:
        words = "A key has letters, digits and ._:- , begins with a letter or digit, and is no step's result."
        raise input_problem("/key", fault, words)
    rule = next((one for one in MERGES if one == merge), None)
    if rule is None:
        raise input_problem("/merge", "invalid_value", f"merge is one of {', '.join(MERGES)}.")
    try:
        written = json.dumps(value, ensure_ascii=True)
        return rule, parse_json_text(written, max_bytes=6 * MAX_VALUE_BYTES)
    except JsonTextError as error:
        raise input_problem("/value", error.code, error.message) from None
    except (RecursionError, ValueError):
        raise input_problem("/value", "too_deep", "The value is nested too deeply.") from None
