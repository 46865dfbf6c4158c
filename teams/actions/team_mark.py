"""What two editors of one team or one workflow compare: whether anything changed since they looked.

A mark is a short text that changes with what it stands for. Whoever writes says which marks they have seen;
the comparison is made under the lock of the team's row, so that of two who saw the same exactly one is first.
"""

import hashlib
import json
import uuid
from collections.abc import Collection

from teams.actions.refusal import Refusal
from teams.models import Team

MARK_CHARS = 24
_COLUMNS = (
    "id",
    "owner_id",
    "name",
    "slug",
    "description",
    "connection_id",
    "published_version_id",
    "payer_id",
    "record_content",
    "is_active",
)


class ChangedMeanwhile(Refusal):
    """Somebody changed it since it was last seen; nothing was written."""

    code = "changed_meanwhile"
    status = 412


def team_mark(team: Team) -> str:
    """Return the mark of the team's columns and of the workflow that it has."""
    return _digest("team", *(str(getattr(team, column)) for column in _COLUMNS))


def version_mark(version_id: uuid.UUID | None) -> str:
    """Return the mark of one saved workflow; None is a team that has none yet."""
    return _digest("version", str(version_id))


def check_seen(team: Team, seen: Collection[str] | None) -> None:
    """Raise ChangedMeanwhile where none of the marks is the team's or its workflow's; None asks for nothing.

    Call it with the team as its locked row says.
    """
    if seen is None:
        return
    if not {team_mark(team), version_mark(team.published_version_id)} & set(seen):
        raise ChangedMeanwhile("Somebody changed the team meanwhile. Look at it again, then change it.")


def check_seen_as_a_whole(team: Team, seen: Collection[str] | None) -> None:
    """Raise ChangedMeanwhile where none of the marks is the team's own; None asks for nothing."""
    if seen is not None and team_mark(team) not in seen:
        raise ChangedMeanwhile("Somebody changed the team meanwhile. Look at it again, then change it.")


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode("utf-8", "surrogatepass")).hexdigest()[:MARK_CHARS]
