"""Who watches live output, and whether they still may: a token that was revoked, a member who was removed.

Whoever asked for a stream was allowed to. That is looked at again every few seconds, for all streams of a
process at once.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connections
from django.db.models import Q
from django.db.models.functions import Now

from executions.models import Execution
from teams.models import ApiToken, TeamMembership, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Who watches one execution; `token_key` is the token's row, None where a browser's session was used."""

    execution_id: uuid.UUID
    user_id: uuid.UUID
    token_key: object = None


def find_allowed(watchers: Collection[Watcher]) -> frozenset[Watcher]:
    """Return those of the watchers who may still see what they watch, in four queries at most."""
    if not watchers:
        return frozenset()
    people = {watcher.user_id for watcher in watchers}
    tokens = {watcher.token_key for watcher in watchers if watcher.token_key is not None}
    active = set(User.objects.filter(pk__in=people, is_active=True).values_list("pk", flat=True))
    is_valid = Q(expiry=None) | Q(expiry__gt=Now())
    valid = set(ApiToken.objects.filter(is_valid, pk__in=tokens).values_list("pk", flat=True))
    executions = {watcher.execution_id for watcher in watchers}
    rows = Execution.objects.filter(pk__in=executions).values_list("pk", "team_id", "team__owner_id")
    teams = {pk: (team_id, owner_id) for pk, team_id, owner_id in rows}
    of_teams = TeamMembership.objects.filter(
        user__in=people, team__in={team_id for team_id, _ in teams.values()}
    )
    members = set(of_teams.values_list("team_id", "user_id"))
    return frozenset(
        watcher
        for watcher in watchers
        if watcher.user_id in active
        and (watcher.token_key is None or watcher.token_key in valid)
        and _sees(watcher, teams.get(watcher.execution_id), members)
    )


def find_allowed_alone(watchers: Collection[Watcher]) -> frozenset[Watcher]:
    """Return it in a thread that nobody else's request looks after: a connection that failed is closed."""
    try:
        return find_allowed(watchers)
    except Exception:
        connections.close_all()
        raise


def _sees(
    watcher: Watcher,
    team: tuple[uuid.UUID, uuid.UUID] | None,
    members: set[tuple[uuid.UUID, uuid.UUID]],
) -> bool:
    if team is None:
        # It was deleted: its stream ends by itself and says so.
        return True
    team_id, owner_id = team
    return watcher.user_id == owner_id or (team_id, watcher.user_id) in members
