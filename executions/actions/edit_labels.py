"""Changing the labels of an execution, at any time: they say nothing to the run itself."""

from collections.abc import Collection, Sequence

from django.db import transaction

from executions.actions.execution_rights import NotThere
from executions.actions.labels import clean_labels, labels_mark
from executions.models import Execution
from teams.actions.rights import hold_role
from teams.actions.team_mark import ChangedMeanwhile
from teams.models import User


class LabelsChanged(ChangedMeanwhile):
    """Somebody changed the labels since they were last seen; nothing was written."""

    code = "labels_changed"


def edit_labels(
    *, execution: Execution, by: User, labels: Sequence[str], seen: Collection[str] | None = None
) -> tuple[str, ...]:
    """Give the execution these labels instead of those that it has, and return them as they are kept.

    With `seen`, the marks of the labels as the editor saw them. Raises NotAllowed for less than an operator,
    InvalidInput, NotThere, and LabelsChanged where they are not so any more.
    """
    kept = clean_labels(labels)
    with transaction.atomic():
        # Held to the end: whoever takes the role away waits for this change.
        hold_role(by, "operator", execution.team)
        rows = Execution.objects.select_for_update(no_key=True).filter(pk=execution.pk)
        now = rows.values_list("labels", flat=True).first()
        if now is None:
            raise NotThere("The execution is not there any more.")
        if seen is not None and labels_mark(now) not in seen:
            raise LabelsChanged("Somebody changed the labels meanwhile. Look at them again.")
        Execution.objects.filter(pk=execution.pk).update(labels=list(kept))
    return kept
