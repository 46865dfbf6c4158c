"""A driver's lease: the right to advance the executions that point to it."""

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from teams.models.uuid7 import new_id


class DriverQuerySet(models.QuerySet["Driver"]):
    """Questions about drivers, answered by PostgreSQL's clock."""

    def alive(self) -> "DriverQuerySet":
        """Return the drivers whose lease holds and that take more work."""
        return self.filter(lease_until__gt=Now(), stopping=False)

    def may_be_dead(self, *, since: dt.datetime) -> "DriverQuerySet":
        """Return the drivers that hold executions and have given no sign of life since then."""
        return self.filter(beat_at__lte=since, executions__isnull=False).distinct()


class Driver(models.Model):
    """One driver, alive while `lease_until` lies ahead by PostgreSQL's clock.

    A row whose lease has run out frees its executions; it is deleted by whoever sweeps.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    host = models.CharField(_("host"), max_length=255)
    pid = models.PositiveIntegerField(_("process"))
    lease_until = models.DateTimeField(_("lease until"))
    capacity = models.PositiveIntegerField(_("capacity"))
    in_flight = models.PositiveIntegerField(_("in flight"), default=0)
    stopping = models.BooleanField(_("stopping"), default=False)
    started_at = models.DateTimeField(_("started at"))
    beat_at = models.DateTimeField(_("last beat"))

    objects = DriverQuerySet.as_manager()

    class Meta:
        verbose_name = _("driver")
        verbose_name_plural = _("drivers")
        constraints = [
            models.CheckConstraint(name="driver_has_capacity", condition=Q(capacity__gte=1)),
            models.CheckConstraint(
                name="driver_lease_after_beat", condition=Q(lease_until__gte=F("beat_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"
