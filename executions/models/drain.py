"""Times in which drivers begin nothing new: set by whoever deploys or restores, obeyed by every claim."""

from django.db import models
from django.db.models import Q

from teams.models.uuid7 import new_id


class Drain(models.Model):
    """One drain, open while `ended_at` is null; those that are over say who drained, when and why.

    While one is open, queued executions are claimed by no driver and everything under way goes on to its end.
    `holds_all` keeps every execution from being claimed: a restore is at work.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    holds_all = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True)
    begun_by = models.CharField(max_length=150)
    begun_at = models.DateTimeField()
    ended_by = models.CharField(max_length=150, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="drain_one_open", fields=["holds_all"], condition=Q(ended_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"since {self.begun_at:%Y-%m-%d %H:%M} by {self.begun_by}"
