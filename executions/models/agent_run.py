"""One run of an agent in Suna: an attempt at a step."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import ApiKeyType
from executions.agent_service import MAX_ID_CHARS
from executions.engine.state import AGENT_RUN_TERMINAL, AgentRunStatus, StartDecision
from executions.models.choices import choices_of
from executions.models.execution import Execution
from executions.models.execution_step import ExecutionStep
from teams.models import SunaConnection
from teams.models.uuid7 import new_id


class AgentRun(models.Model):
    """One attempt at one step, by Suna. The thread id is committed before the start is sent.

    `turn` 1 is the start; further turns are answers to a question, or late runs in the same thread.
    `start_requested_at` is PostgreSQL's time of the commit before the last POST start. `stop_requested_at` is
    set while a stop is wanted but not confirmed. `usage_complete` turns true when the usage was read whole.
    `submitted` is the object or array that the agent gave as its result through the team's tools; only
    `actions.agent_result` writes it, while the run goes on.
    `looks` counts the looks at the thread of an abandoned start that Suna answered, `looked_at` is the last
    one's time; a look that came to nothing is due again at `look_after`. `start_decision` is what a person
    decided of a start that cannot be looked up; only actions write it, and the run's driver obeys.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    execution = models.ForeignKey(Execution, on_delete=models.CASCADE, related_name="agent_runs")
    step = models.ForeignKey(ExecutionStep, on_delete=models.CASCADE, related_name="agent_runs")
    connection = models.ForeignKey(SunaConnection, on_delete=models.PROTECT, related_name="+")
    attempt = models.PositiveSmallIntegerField(_("attempt"))
    turn = models.PositiveSmallIntegerField(_("turn"), default=1)
    agent_id = models.CharField(_("agent"), max_length=128)
    model_name = models.CharField(_("model asked for"), max_length=200, blank=True)
    # Null until known: both are unique where they are there, and two empty texts would collide.
    thread_id = models.CharField(  # noqa: DJ001  see above
        _("thread"), max_length=MAX_ID_CHARS, null=True, blank=True
    )
    suna_run_id = models.CharField(  # noqa: DJ001  see above
        _("run in Suna"), max_length=MAX_ID_CHARS, null=True, blank=True
    )
    status = models.CharField(
        _("status"), max_length=20, choices=choices_of(AgentRunStatus), default=AgentRunStatus.CREATED
    )
    code = models.CharField(_("code"), max_length=50, blank=True)
    message = models.CharField(_("message"), max_length=1000, blank=True)
    api_key_type = models.CharField(
        _("key"), max_length=20, choices=ApiKeyType.choices, default=ApiKeyType.UNKNOWN
    )
    individual_usage_metrics = models.JSONField(_("usage"), default=dict, blank=True)
    individual_cost_metrics = models.JSONField(_("cost"), default=dict, blank=True)
    usage_complete = models.BooleanField(_("usage complete"), default=False)
    submitted = models.JSONField(_("submitted result"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))
    start_requested_at = models.DateTimeField(_("start requested at"), null=True, blank=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    stop_requested_at = models.DateTimeField(_("stop requested at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    looks = models.PositiveSmallIntegerField(default=0, db_default=0)
    looked_at = models.DateTimeField(null=True, blank=True)
    look_after = models.DateTimeField(null=True, blank=True)
    start_decision = models.CharField(max_length=10, blank=True, default="", db_default="")

    class Meta:
        db_table = "renum_team_agent_executions"
        verbose_name = _("agent run")
        verbose_name_plural = _("agent runs")
        ordering = ["execution", "id"]
        constraints = [
            models.UniqueConstraint(name="agent_run_attempt_once", fields=["step", "attempt", "turn"]),
            models.UniqueConstraint(
                name="agent_run_suna_run_once",
                fields=["connection", "suna_run_id"],
                condition=Q(suna_run_id__isnull=False),
            ),
            models.UniqueConstraint(
                name="agent_run_thread_once",
                fields=["connection", "thread_id"],
                condition=Q(thread_id__isnull=False, turn=1),
            ),
            models.CheckConstraint(
                name="agent_run_status_known", condition=Q(status__in=list(AgentRunStatus))
            ),
            models.CheckConstraint(
                name="agent_run_counted_from_one", condition=Q(attempt__gte=1) & Q(turn__gte=1)
            ),
            models.CheckConstraint(
                name="agent_run_terminal_has_finished_at",
                condition=Q(status__in=AGENT_RUN_TERMINAL, finished_at__isnull=False)
                | (~Q(status__in=AGENT_RUN_TERMINAL) & Q(finished_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="agent_run_failed_has_code", condition=~Q(status="failed") | ~Q(code="")
            ),
            models.CheckConstraint(
                name="agent_run_start_decision_known",
                condition=Q(start_decision__in=["", *StartDecision]),
            ),
            models.CheckConstraint(
                name="agent_run_started_has_request",
                condition=Q(suna_run_id__isnull=True) | Q(start_requested_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="agent_run_open",
                fields=["execution"],
                condition=Q(status__in=["created", "starting", "running", "unknown"]),
            ),
            models.Index(
                name="agent_run_decided",
                fields=["execution"],
                condition=Q(status="starting") & ~Q(start_decision=""),
            ),
            models.Index(
                name="agent_run_abandoned",
                fields=["finished_at"],
                condition=Q(status="abandoned", thread_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} attempt {self.attempt}: {self.status}"
