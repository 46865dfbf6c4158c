"""What writes of the shared context come to under the row's lock, where others may have written meanwhile."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from executions.engine.context_merge import MergeConflict, merge_value
from executions.models import ContextChange
from executions.orchestrator.changes import Changes, ContextWrite, Event
from teams.workflow.plan import Json

Place = tuple[uuid.UUID, str]


def resolve_context(held: Sequence[Changes]) -> None:
    """Merge again what is merged into a value: with the one that stands now, in the order of the batch.

    A value that no longer goes together with the one that stands is left out, and an event says so. To be
    called with the executions' rows locked.
    """
    if all(write.merge == "replace" for changes in held for write in changes.context):
        return
    standing = _standing({changes.execution_id for changes in held})
    for changes in held:
        kept: list[ContextWrite] = []
        for write in changes.context:
            place = (changes.execution_id, write.key)
            value = write.value
            if write.merge != "replace":
                try:
                    value = merge_value(write.merge, old=standing.get(place), new=write.given)
                except MergeConflict as conflict:
                    changes.events.append(_left_out(write, conflict.code))
                    continue
            standing[place] = value
            kept.append(replace(write, value=value))
        changes.context = kept


def _standing(execution_ids: set[uuid.UUID]) -> dict[Place, Json]:
    rows = (
        ContextChange.objects.filter(execution_id__in=execution_ids)
        .order_by("execution_id", "key", "-version")
        .distinct("execution_id", "key")
        .values_list("execution_id", "key", "value")
    )
    return {(execution_id, key): value for execution_id, key, value in rows}


def _left_out(write: ContextWrite, code: str) -> Event:
    data: Mapping[str, Json] = {"key": write.key, "code": code}
    return Event(kind="context_conflict", step_id=write.author.removeprefix("step:"), data=data)
