"""What a page of costs is narrowed to, in words, each with the address that leaves it out."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from billing.models import ApiKeyType
from billing.pages.cost_filters import CostQuery
from billing.pages.known_agents import names_of_agents
from billing.pricing import PricingStatus
from teams.models import Team, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One narrowing: what it is about, to what, and the page without it."""

    what: str
    value: str
    without: str


def build_chips(query: CostQuery, *, reader: User | None) -> Sequence[Chip]:
    """Build them. A team or a person that the reader knows nothing of is called by its id: no name leaks.

    None is staff who may see all costs.
    """
    return [
        Chip(what=what_of(name), value=_value_of(name, value, reader), without=query.address(without=name))
        for name, value in query.narrowing.items()
    ]


def what_of(name: str) -> str:
    """Return what a narrowing is about."""
    return {
        "team": _("Team"),
        "user": _("Started by"),
        "payer": _("Payer"),
        "execution": _("Execution"),
        "agent": _("Agent"),
        "provider": _("Provider"),
        "model": _("Model"),
        "key_type": _("Key"),
        "pricing": _("Price"),
    }[name]


def _value_of(name: str, value: str, reader: User | None) -> str:
    if name == "team":
        teams = Team.objects.all() if reader is None else Team.objects.for_user(reader)
        return teams.filter(pk=value).values_list("name", flat=True).first() or value
    if name in ("user", "payer"):
        return _username(value, reader)
    if name == "agent":
        return names_of_agents([value], reader=reader).get(value, value)
    if name == "key_type":
        return str(dict(ApiKeyType.choices)[value])
    if name == "pricing":
        return {
            PricingStatus.PRICED: _("known"),
            PricingStatus.UNPRICED: _("no price known"),
            PricingStatus.UNREPORTED: _("tokens not reported"),
        }[PricingStatus(value)]
    return value or _("not told")


def _username(person_id: str, reader: User | None) -> str:
    if reader is not None and str(reader.pk) == person_id:
        return reader.username
    known = User.objects.filter(pk=person_id)
    if reader is not None:
        # People of the reader's own teams are no secret to them; whether anybody else exists is.
        teams = Team.objects.for_user(reader)
        known = known.filter(owned_teams__in=teams) | known.filter(team_memberships__team__in=teams)
    return known.values_list("username", flat=True).first() or person_id
