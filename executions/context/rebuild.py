"""The shared context as PostgreSQL has it."""

import uuid

from executions.models import ContextChange, ContextSnapshot
from teams.workflow.plan import Json


def rebuild_context(execution_id: uuid.UUID, *, version: int) -> dict[str, Json]:
    """Return the context at `version`: the newest snapshot not after it, and the changes since."""
    snapshot = (
        ContextSnapshot.objects.filter(execution_id=execution_id, version__lte=version)
        .order_by("-version")
        .first()
    )
    values: dict[str, Json] = dict(snapshot.values) if snapshot else {}
    since = snapshot.version if snapshot else 0
    changes = ContextChange.objects.filter(
        execution_id=execution_id, version__gt=since, version__lte=version
    ).order_by("version")
    for key, value in changes.values_list("key", "value"):
        values[key] = value
    return values
