"""One step of one execution: its status, why, what it was given and what it gave."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from executions.engine.state import STEP_TERMINAL, StepStatus
from executions.models.choices import choices_of
from executions.models.execution import Execution
from teams.models.uuid7 import new_id


class ExecutionStep(models.Model):
    """One step. `code` and `reason_params` say why it stands where it stands, written with the decision.

    `input` is the prompt, frozen at the first dispatch of an attempt; `input_cuts` what was cut from it.
    `conditions` records each condition with the value seen and the verdict. `context_version` is the
    version of the shared context that the step's prompt was built from. `reused_from` points to the step
    of an earlier execution whose result stands here.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    execution = models.ForeignKey(Execution, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(_("position"))
    step_id = models.CharField(_("step"), max_length=128)
    agent_id = models.CharField(_("agent"), max_length=128)
    role = models.CharField(_("role"), max_length=200, blank=True)
    status = models.CharField(
        _("status"), max_length=20, choices=choices_of(StepStatus), default=StepStatus.PENDING
    )
    code = models.CharField(_("reason"), max_length=50, blank=True)
    reason_params = models.JSONField(default=dict, blank=True)
    conditions = models.JSONField(_("conditions"), null=True, blank=True)
    undecidable = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    abandoned = models.PositiveSmallIntegerField(_("abandoned starts"), default=0)
    retry_at = models.DateTimeField(_("retry at"), null=True, blank=True)
    input = models.TextField(_("input"), blank=True)
    input_cuts = models.JSONField(default=list, blank=True)
    # Null is no answer; the language tells it from an empty one.
    result_text = models.TextField(_("result"), null=True, blank=True)  # noqa: DJ001  an empty answer is one
    result_data = models.JSONField(_("result data"), null=True, blank=True)
    context_version = models.PositiveIntegerField(_("context version seen"), null=True, blank=True)
    reused_from = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("execution step")
        verbose_name_plural = _("execution steps")
        ordering = ["execution", "position"]
        constraints = [
            models.UniqueConstraint(name="execution_step_once", fields=["execution", "step_id"]),
            models.UniqueConstraint(name="execution_step_position_once", fields=["execution", "position"]),
            models.CheckConstraint(
                name="execution_step_status_known", condition=Q(status__in=list(StepStatus))
            ),
            models.CheckConstraint(
                name="execution_step_terminal_has_finished_at",
                condition=Q(status__in=STEP_TERMINAL, finished_at__isnull=False)
                | (~Q(status__in=STEP_TERMINAL) & Q(finished_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="execution_step_end_has_code",
                condition=~Q(status__in=["failed", "skipped", "cancelled"]) | ~Q(code=""),
            ),
            models.CheckConstraint(
                name="execution_step_retrying_has_time",
                condition=~Q(status="retrying") | Q(retry_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step_id}: {self.status}"
