"""Deleting a connection, with its credential and its catalogue. What was run keeps its connection."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import ProtectedError

from executions.actions.connection_rights import check_may_manage
from executions.models import Execution
from teams.actions.audit import record
from teams.actions.refusal import NotAllowed, Refusal
from teams.models import Agent, SunaConnection, Team, User

NAMED_TEAMS = 5


class ConnectionInUse(Refusal):
    """Teams or executions need the connection."""

    code = "connection_in_use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependents:
    """What depends on a connection. `team_names` are the first of those that whoever asks may see."""

    teams: int
    team_names: tuple[str, ...]
    executions: int
    unfinished: int
    agents: int

    @property
    def holds(self) -> bool:
        """Whether they keep the connection from being deleted."""
        return bool(self.teams or self.executions)


def find_dependents(*, connection: SunaConnection, by: User) -> Dependents:
    """Count what depends on the connection."""
    teams = Team.objects.filter(connection=connection)
    seen = Team.objects.for_user(by).filter(connection=connection).order_by("name")
    executions = Execution.objects.filter(connection=connection)
    return Dependents(
        teams=teams.count(),
        team_names=tuple(seen.values_list("name", flat=True)[:NAMED_TEAMS]),
        executions=executions.count(),
        unfinished=Execution.objects.unfinished().filter(connection=connection).count(),
        agents=Agent.objects.filter(connection=connection).count(),
    )


def delete_connection(*, connection: SunaConnection, by: User) -> None:
    """Delete it for good. Raises NotAllowed and ConnectionInUse."""
    if connection.owner_id is None or connection.owner_id != by.pk:
        _check_staff_may_delete(by, connection)
    refusal: Refusal | None = None
    try:
        with transaction.atomic():
            # The keys of teams and executions are looked at when a transaction ends: whoever takes the
            # connection up meanwhile waits for this lock, and is there to be seen or finds it gone.
            held = SunaConnection.objects.select_for_update().filter(pk=connection.pk).first()
            if held is None:
                return
            record("connection_deleted", by=by, about=held)
            held.delete()
    except ProtectedError:
        refusal = ConnectionInUse(
            "Teams or executions need this connection. Give the teams another one. What was run keeps its "
            "connection, whose credential can be forgotten."
        )
    if refusal is not None:
        raise refusal


def _check_staff_may_delete(by: User, connection: SunaConnection) -> None:
    check_may_manage(by, connection)
    if not by.has_perm("teams.delete_sunaconnection"):
        raise NotAllowed("This needs a right that staff can be given.")
