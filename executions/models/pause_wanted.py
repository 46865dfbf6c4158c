"""When a pause of an execution is wanted, for every query that asks, and the two times that say so."""

from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Coalesce, Greatest, Now

_LATER = timedelta(microseconds=1)

PAUSE_WANTED = Q(pause_requested_at__isnull=False) & (
    Q(resume_requested_at__isnull=True) | Q(pause_requested_at__gt=F("resume_requested_at"))
)
# Each is later than the other even where PostgreSQL's clock was put back in between, or is another server's.
PAUSE_FROM_NOW = Greatest(Now(), Coalesce(F("resume_requested_at") + _LATER, Now()))
RESUME_FROM_NOW = Greatest(Now(), F("pause_requested_at") + _LATER)
