"""What a list of executions can be narrowed to and ordered by, each declared once."""

from decimal import Decimal

from django.db.models import DecimalField, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce
from rest_framework.request import Request

from executions.actions.search_executions import holding
from executions.engine.state import ExecutionStatus
from executions.models import Execution
from teams.api.declared import ID, WORDS, Parameter
from teams.api.ordering import Order, Orders, ordering_parameter, read_amount, read_moment
from teams.api.query import read_choices, read_time, read_uuid, read_words
from teams.models import User

_MONEY: "DecimalField[Decimal, Decimal]" = DecimalField(max_digits=30, decimal_places=10)
_COST = Coalesce(
    Cast(KeyTextTransform("cost_usd", "cost_metrics"), _MONEY), Value(Decimal(0)), output_field=_MONEY
)
_TIME = {"type": "string", "format": "date-time"}

ORDERS: Orders = {
    "created_at": None,
    "finished_at": Order(by="finished_at", read=read_moment),
    "cost": Order(by=_COST, read=read_amount),
}
LABEL = Parameter("label", WORDS, "Only those that carry this label; upper and lower case differ.")
SEARCH = Parameter(
    "search",
    WORDS,
    "Those whose prompt has words that begin like each of these, whose team's name has them, or this id.",
)
OF_A_TEAM = (
    Parameter(
        "status",
        {"type": "string", "pattern": f"^({'|'.join(ExecutionStatus)})(,({'|'.join(ExecutionStatus)}))*$"},
        "Only those that stand so; several are joined by commas.",
    ),
    Parameter("created_after", _TIME, "Only those that were started at this time or later."),
    Parameter("created_before", _TIME, "Only those that were started before this time."),
    Parameter("started_by", ID, "Only those that this person started."),
    LABEL,
    SEARCH,
    ordering_parameter(ORDERS),
)
OF_ALL_TEAMS = (Parameter("team", ID, "Only the executions of this team."), *OF_A_TEAM)


def narrowed(rows: QuerySet[Execution], request: Request, user: User) -> QuerySet[Execution]:
    """Return the rows that the query asks for. Raises ApiError 400.

    A search is for the names of this user's teams, too.
    """
    team_id, person_id = read_uuid(request, "team"), read_uuid(request, "started_by")
    statuses = read_choices(request, "status", tuple(ExecutionStatus))
    after, before = read_time(request, "created_after"), read_time(request, "created_before")
    if team_id is not None:
        rows = rows.filter(team_id=team_id)
    if person_id is not None:
        rows = rows.filter(started_by_id=person_id)
    if statuses:
        rows = rows.filter(status__in=statuses)
    label, words = read_words(request, LABEL), read_words(request, SEARCH)
    if label is not None:
        rows = rows.filter(labels__contains=[label])
    if words is not None:
        rows = rows.filter(holding(words, user))
    if after is not None:
        rows = rows.filter(created_at__gte=after)
    if before is not None:
        rows = rows.filter(created_at__lt=before)
    return rows
