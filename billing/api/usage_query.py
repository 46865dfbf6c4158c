"""What a query about the ledger may ask for, and how it is read."""

from zoneinfo import ZoneInfo

from rest_framework.request import Request

from billing.ledger import GroupBy, Narrowed
from billing.models import ApiKeyType
from billing.pricing import PricingStatus
from teams.api.answer_forms import form_of
from teams.api.declared import Parameter
from teams.api.periods import PERIOD, read_period
from teams.api.query import read_choice, read_text, read_uuid, refuse_value

_ID = {"type": "string", "format": "uuid"}


def _text(max_chars: int) -> dict[str, object]:
    return {"type": "string", "maxLength": max_chars}


NARROWING = (
    Parameter("team", _ID, "Only of that team."),
    Parameter("execution", _ID, "Only of that execution."),
    Parameter("user", _ID, "Only what that person started."),
    Parameter("payer", _ID, "Only what is billed to that person."),
    Parameter("agent", _text(128), "Only of that agent, by its id at Suna."),
    Parameter("step", _text(128), "Only of steps with that id."),
    Parameter("provider", _text(100), "Only of that provider; empty: of those that were not told."),
    Parameter("model", _text(200), "Only of that model; empty: of those that were not told."),
    Parameter("key_type", {"enum": list(ApiKeyType.values)}, "Only those called with such a key."),
    Parameter("pricing", {"enum": [status.value for status in PricingStatus]}, "Only those so priced."),
    *PERIOD,
)
FORMS = ("json", "csv")
FORMAT = Parameter("format", {"enum": list(FORMS)}, "The form of the answer; it wins over `Accept`.")
MAX_KEYS = 2
GROUP_BY = Parameter(
    "group_by",
    {"type": "string", "examples": ["day", "team,model"]},
    f"One or two of {', '.join(key.value for key in GroupBy)}; without it the total alone.",
)


def read_narrowed(request: Request, zone: ZoneInfo) -> Narrowed:
    """Return which rows are asked for. Raises ApiError 400 that names the parameter."""
    since, until = read_period(request, zone)
    return Narrowed(
        team_id=read_uuid(request, "team"),
        execution_id=read_uuid(request, "execution"),
        started_by_id=read_uuid(request, "user"),
        payer_id=read_uuid(request, "payer"),
        agent_id=read_text(request, "agent", max_chars=128),
        step_id=read_text(request, "step", max_chars=128),
        model_provider=read_text(request, "provider", max_chars=100),
        model_name=read_text(request, "model", max_chars=200),
        api_key_type=read_choice(request, "key_type", ApiKeyType.values),
        pricing=read_choice(request, "pricing", [status.value for status in PricingStatus]),
        since=since,
        until=until,
    )


def read_group_by(request: Request) -> tuple[GroupBy, ...]:
    """Return the keys of `group_by`, which stand in it with commas between."""
    text = request.query_params.get(GROUP_BY)
    if text is None:
        return ()
    names = text.split(",")
    known = {key.value for key in GroupBy}
    if len(names) > MAX_KEYS or len(set(names)) < len(names) or not known.issuperset(names):
        refuse_value(GROUP_BY, f"group_by is one or two of {', '.join(sorted(known))}, as in day,team.")
    return tuple(GroupBy(name) for name in names)


def wants_csv(request: Request, *, pages: tuple[str, ...] = ()) -> bool:
    """Whether CSV is asked for, which comes whole: `pages` are the parameters that it has no use for."""
    read_choice(request, FORMAT, FORMS)
    if form_of(request) != "csv":
        return False
    for name in pages:
        if name in request.query_params:
            refuse_value(name, f"CSV comes whole, without {name}.")
    return True
