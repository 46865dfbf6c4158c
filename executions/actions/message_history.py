"""What the team of an execution told each other, and who was told it."""

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from executions.models import Execution, MessageDelivery, MessageKind, TeamMessage


def messages_of(execution: Execution) -> QuerySet[TeamMessage]:
    """Return the execution's messages with whom they were delivered to."""
    replies = TeamMessage.objects.filter(reply_to=OuterRef("pk"), kind=MessageKind.REPLY)
    deliveries = MessageDelivery.objects.select_related("step").only(
        "message", "attempt", "created_at", "step__step_id"
    )
    rows = execution.team_messages.annotate(is_replied=Exists(replies))
    return rows.prefetch_related(Prefetch("deliveries", queryset=deliveries.order_by("id")))
