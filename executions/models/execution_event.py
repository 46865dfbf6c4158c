"""A fact for the timeline, the live view and the audit."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from executions.models.execution import Execution
from teams.models.uuid7 import new_id


class ExecutionEvent(models.Model):
    """One fact. `seq` counts from 1 without gaps in each execution; rows are only ever appended.

    `kind` is a stable code such as step_completed; `data` holds what a sentence about it needs: ids, codes,
    numbers, never a prompt, a whole result or a key. Of an agent's answer it holds one thing only: the short
    value that a condition saw (`seen` of step_skipped), which is as little to be trusted as the answer.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    execution = models.ForeignKey(Execution, on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=50)
    step_id = models.CharField(_("step"), max_length=128, blank=True)
    data = models.JSONField(_("data"), default=dict, blank=True)
    actor = models.CharField(_("actor"), max_length=100, default="driver")
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("execution event")
        verbose_name_plural = _("execution events")
        ordering = ["execution", "seq"]
        constraints = [
            models.UniqueConstraint(name="execution_event_seq_once", fields=["execution", "seq"]),
            models.CheckConstraint(name="execution_event_counted_from_one", condition=Q(seq__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"
