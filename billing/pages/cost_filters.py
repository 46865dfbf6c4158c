"""What the page of costs is narrowed to and grouped by, as its address says."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger import GroupBy, Narrowed
from billing.models import ApiKeyType
from billing.pages.cost_period import Period
from billing.pricing import PricingStatus

GROUPS = {
    GroupBy.TEAM: gettext_lazy("Team"),
    GroupBy.AGENT: gettext_lazy("Agent"),
    GroupBy.MODEL: gettext_lazy("Model"),
    GroupBy.DAY: gettext_lazy("Day"),
    GroupBy.PROVIDER: gettext_lazy("Provider"),
    GroupBy.USER: gettext_lazy("Started by"),
    GroupBy.PAYER: gettext_lazy("Payer"),
    GroupBy.KEY_TYPE: gettext_lazy("Key"),
}
DEFAULT_GROUP = GroupBy.TEAM
_IDS = ("team", "user", "payer", "execution")
_TEXTS = {"agent": 128, "provider": 100, "model": 200}
_CHOICES = {"key_type": tuple(ApiKeyType.values), "pricing": tuple(one.value for one in PricingStatus)}
NAMES = (*_IDS, *_TEXTS, *_CHOICES)


class BadFilter(Exception):
    """The address asks for something that cannot be. `field` is the parameter."""

    def __init__(self, field: str) -> None:
        super().__init__(_("The address asks for something that there is not. It was left out."))
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class CostQuery:
    """What a page of costs is asked for. `narrowing` are parameters of the address that were found good."""

    period: Period
    group: GroupBy
    narrowing: Mapping[str, str]

    @property
    def narrowed(self) -> Narrowed:
        """Which rows of the ledger are meant."""
        return self._narrowed_to(self.period.days.since, self.period.days.until)

    @property
    def narrowed_before(self) -> Narrowed:
        """Which rows they are compared with."""
        return self._narrowed_to(self.period.before.since, self.period.before.until)

    def address(
        self, more: Mapping[str, str] | None = None, *, without: str = "", group: GroupBy | None = None
    ) -> str:
        """Return the query of the same page: without one narrowing, with `more`, or grouped otherwise."""
        kept = {name: value for name, value in self.narrowing.items() if name != without}
        chosen = group or self.group
        grouped = {} if chosen is DEFAULT_GROUP else {"group": chosen.value}
        return "?" + urlencode({**self.period.query, **grouped, **kept, **(more or {})})

    def of_period(self, query: Mapping[str, str]) -> str:
        """Return the query of the same page in another period."""
        grouped = {} if self.group is DEFAULT_GROUP else {"group": self.group.value}
        return "?" + urlencode({**query, **grouped, **self.narrowing})

    def api_query(self, **more: str) -> str:
        """Return the query that asks the API for the same rows as a table for spreadsheets."""
        days = self.period.days
        asked = {
            "from": days.since.isoformat(),
            "to": days.until.isoformat(),
            "time_zone": days.zone.key,
            "format": "csv",
        }
        return "?" + urlencode({**asked, **self.narrowing, **more})

    def _narrowed_to(self, since: dt.datetime, until: dt.datetime) -> Narrowed:
        given = self.narrowing
        ids = {name: uuid.UUID(given[name]) if name in given else None for name in _IDS}
        return Narrowed(
            team_id=ids["team"],
            execution_id=ids["execution"],
            started_by_id=ids["user"],
            payer_id=ids["payer"],
            agent_id=given.get("agent"),
            model_provider=given.get("provider"),
            model_name=given.get("model"),
            api_key_type=given.get("key_type"),
            pricing=given.get("pricing"),
            since=since,
            until=until,
        )


def read_group(asked: Mapping[str, str]) -> GroupBy:
    """Return by what the costs are added up. Raises BadFilter."""
    name = asked.get("group") or DEFAULT_GROUP.value
    try:
        return GroupBy(name)
    except ValueError:
        raise BadFilter("group") from None


def read_narrowing(asked: Mapping[str, str]) -> dict[str, str]:
    """Return what the address narrows the costs to. An empty model or provider is one that was not told.

    Raises BadFilter for what is no id, too long or none of the choices.
    """
    found: dict[str, str] = {}
    for name in NAMES:
        text = asked.get(name)
        if text is None or (not text and name not in _TEXTS):
            continue
        if not _fits(name, text):
            raise BadFilter(name)
        found[name] = str(uuid.UUID(text)) if name in _IDS else text
    return found


def _fits(name: str, text: str) -> bool:
    if name in _TEXTS:
        return len(text) <= _TEXTS[name] and text.isprintable()
    if name in _CHOICES:
        return text in _CHOICES[name]
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
