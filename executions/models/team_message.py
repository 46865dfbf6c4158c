"""The team's messages: what steps, people and Renum tell each other in one execution, and who was told."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from executions.models.agent_run import AgentRun
from executions.models.execution import Execution
from executions.models.execution_step import ExecutionStep
from teams.models.uuid7 import new_id

EVERYBODY = "*"
"""How a recipient of None is written where None cannot stand; no step has such an id."""
PEOPLE = "people"
"""The recipient of what is meant for whoever watches the execution."""
SYSTEM = "system"


class MessageKind(models.TextChoices):
    """What a message is. A request waits for one reply until its time is up."""

    DIRECT = "direct", _("message")
    BROADCAST = "broadcast", _("to everybody")
    REQUEST = "request", _("request")
    REPLY = "reply", _("reply")


class TeamMessage(models.Model):
    """One message. `seq` counts from 1 without gaps in each execution; rows are only ever appended.

    `sender` is "step:<id>", "user:<id>" or "system", `recipient` "step:<id>", "user:<id>", "people" or None:
    everybody. `thread` is the id of the message that began the conversation. A step's message carries the
    run that wrote it and its place in that run's block, a person's the key of the request that posted it.
    `text` and `default_answer` are hostile input. A request has one reply at most: the first, which is the
    default, by "system", where nobody's came before `expires_at`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    execution = models.ForeignKey(Execution, on_delete=models.CASCADE, related_name="team_messages")
    seq = models.PositiveIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=20, choices=MessageKind.choices)
    sender = models.CharField(_("sender"), max_length=200)
    # Null is everybody; no empty text means that.
    recipient = models.CharField(_("recipient"), max_length=200, null=True, blank=True)  # noqa: DJ001
    text = models.TextField(_("text"))
    thread = models.UUIDField(_("thread"))
    reply_to = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="replies",
        verbose_name=_("reply to"),
    )
    expires_at = models.DateTimeField(_("waits for a reply until"), null=True, blank=True)
    default_answer = models.TextField(_("default answer"), blank=True)
    agent_run = models.ForeignKey(
        AgentRun, on_delete=models.CASCADE, null=True, blank=True, related_name="team_messages"
    )
    place = models.PositiveSmallIntegerField(_("place in the answer"), null=True, blank=True)
    # Null keeps messages without a key out of the unique constraint.
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)  # noqa: DJ001
    request_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("team message")
        verbose_name_plural = _("team messages")
        ordering = ["execution", "seq"]
        constraints = [
            models.UniqueConstraint(name="team_message_seq_once", fields=["execution", "seq"]),
            models.UniqueConstraint(name="team_message_once_a_place", fields=["agent_run", "place"]),
            models.UniqueConstraint(
                name="team_message_one_reply", fields=["reply_to"], condition=Q(kind="reply")
            ),
            models.UniqueConstraint(
                name="team_message_key_once", fields=["execution", "sender", "idempotency_key"]
            ),
            models.CheckConstraint(
                name="team_message_kind_known", condition=Q(kind__in=list(MessageKind.values))
            ),
            models.CheckConstraint(name="team_message_counted_from_one", condition=Q(seq__gte=1)),
            models.CheckConstraint(
                name="team_message_broadcast_to_all",
                condition=~Q(kind="broadcast") | Q(recipient__isnull=True),
            ),
            models.CheckConstraint(
                name="team_message_request_expires",
                condition=Q(kind="request", expires_at__isnull=False)
                | (~Q(kind="request") & Q(expires_at__isnull=True, default_answer="")),
            ),
            models.CheckConstraint(
                name="team_message_reply_to_one", condition=~Q(kind="reply") | Q(reply_to__isnull=False)
            ),
            models.CheckConstraint(
                name="team_message_run_and_place",
                condition=Q(agent_run__isnull=True, place__isnull=True)
                | Q(agent_run__isnull=False, place__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"


class MessageDelivery(models.Model):
    """A message stood in the prompt of a step: written with the start that carries it, once for each step.

    A further attempt of the step is told it again, in a new thread that knows nothing.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey(TeamMessage, on_delete=models.CASCADE, related_name="deliveries")
    step = models.ForeignKey(ExecutionStep, on_delete=models.CASCADE, related_name="message_deliveries")
    attempt = models.PositiveSmallIntegerField(_("attempt"))
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("delivery of a message")
        verbose_name_plural = _("deliveries of messages")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(name="message_delivery_once", fields=["message", "step"]),
            models.CheckConstraint(name="message_delivery_of_an_attempt", condition=Q(attempt__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} to {self.step_id}"
