"""What the list of executions can be narrowed down to beside its columns, and how it is searched."""

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from executions.actions.waiting_executions import Waits, only_waiting
from executions.models import Execution
from teams.models import Team, User

if TYPE_CHECKING:
    DropdownFilter = admin.SimpleListFilter
else:
    from unfold.contrib.filters.admin import DropdownFilter

WAITS_WORDS = {
    Waits.STUCK: _("for a driver, for over a minute"),
    Waits.QUARANTINED: _("to be released: set aside after crashes"),
    Waits.NEEDS_REVIEW: _("to be looked over after a restore"),
    Waits.START_UNCERTAIN: _("for a decision about a start"),
    Waits.ANSWER: _("for an answer to a question"),
}
MAX_MATCHES = 200
"""Of teams and of people whose name holds what is looked for, so many are looked at."""


class WaitsFilter(DropdownFilter):
    """Those that do not go on by themselves, by what they wait for."""

    title = _("what it waits for")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        """Return each thing to wait for in words."""
        return [(waits.value, words) for waits, words in WAITS_WORDS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Execution]) -> QuerySet[Execution]:
        """Keep those that wait for it; all of them for none and for what is none."""
        chosen = self.value()
        return only_waiting(queryset, Waits(chosen)) if chosen in list(Waits) else queryset


def search_executions(executions: QuerySet[Execution], words: str) -> QuerySet[Execution]:
    """Return those with that id, code or label, or of a team or person with these words in their name.

    Names are looked up first and bounded: the executions themselves, of which there may be a million, are
    found by their indexes.
    """
    words = words.strip()
    if not words:
        return executions
    teams = Team.objects.filter(name__icontains=words).order_by("pk").values_list("pk", flat=True)
    people = User.objects.filter(username__icontains=words).order_by("pk").values_list("pk", flat=True)
    wanted = (
        Q(team__in=list(teams[:MAX_MATCHES]))
        | Q(started_by__in=list(people[:MAX_MATCHES]))
        | Q(labels__contains=[words])
        | Q(code=words)
    )
    pk = _as_id(words)
    return executions.filter(wanted if pk is None else wanted | Q(pk=pk))


def _as_id(words: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(words)
    except ValueError:
        return None
