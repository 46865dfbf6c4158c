"""The names of the teams and the people by whom rows were added up."""

import uuid
from collections.abc import Iterable

from billing.ledger.summary import Group, GroupBy
from teams.models import Team, User


class Names:
    """The names for a summary's groups, in two queries at most. Who sees the rows may know whose they are."""

    def __init__(self, groups: Iterable[Group]) -> None:
        keys = [group.keys for group in groups]
        teams = {key[GroupBy.TEAM] for key in keys if isinstance(key.get(GroupBy.TEAM), uuid.UUID)}
        people = (key.get(who) for key in keys for who in (GroupBy.USER, GroupBy.PAYER))
        users = {person for person in people if person is not None}
        self._teams = dict(Team.objects.filter(pk__in=teams).values_list("pk", "name")) if teams else {}
        self._users = dict(User.objects.filter(pk__in=users).values_list("pk", "username")) if users else {}

    def team(self, key: uuid.UUID | str) -> tuple[uuid.UUID | None, str | None]:
        """Return a team's id and its name; of one that is gone, its name alone."""
        return (None, key or None) if isinstance(key, str) else (key, self._teams.get(key))

    def user(self, key: uuid.UUID | None) -> tuple[uuid.UUID | None, str | None]:
        """Return a person's id and name; neither of one who is gone."""
        return (None, None) if key is None else (key, self._users.get(key))
