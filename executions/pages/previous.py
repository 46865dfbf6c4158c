"""Whether a team was run before: then an execution can be compared with the one before it."""

from django.db.models import Exists, OuterRef, QuerySet

from executions.models import Execution


def with_previous(executions: QuerySet[Execution]) -> QuerySet[Execution]:
    """Return the executions, each with `has_previous`: whether its team has an older one."""
    older = Execution.objects.filter(team_id=OuterRef("team_id"), pk__lt=OuterRef("pk"))
    return executions.annotate(has_previous=Exists(older))
