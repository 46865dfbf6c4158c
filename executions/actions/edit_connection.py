"""Changing a connection. A credential belongs to its address: where that changes it is forgotten."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.db.models import DateTimeField, Func
from django.views.decorators.debug import sensitive_variables

from executions.actions.connection_input import check_address, clean_api_key, clean_bearer, save_named
from executions.actions.connection_rights import check_may_manage
from executions.suna.wire import PROFILES
from teams.actions.audit import record
from teams.actions.naming import clean_name
from teams.actions.refusal import input_problem
from teams.models import SunaConnection, User
from teams.models.encrypted_text import Undecryptable

_UNTESTED: Mapping[str, Any] = {
    "wire_profile": "",
    "capabilities": {},
    "test_result": {},
    "tested_at": None,
    "checked_at": None,
    "synced_at": None,
    "sync_tried_at": None,
    "sync_code": "",
    "unreachable_at": None,
    "throttled_until": None,
    "limits": {},
}
"""What was learned of an address, and says nothing of another one."""
_CLOCK = Func(function="clock_timestamp", output_field=DateTimeField())
"""Not the beginning of the transaction, which may have waited for the row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """The connection as it is now, and whether what it logged in with was forgotten with its address."""

    connection: SunaConnection
    credential_forgotten: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionChanges:
    """What shall change; None keeps what is there.

    An empty `bearer` or `api_key` is taken away, the other stays. `sends_user_keys` is the consent to send
    users' own keys to this address; where the address changes it has to be given anew. The owner changes
    where `owner_changes` says so; `owner` None is the site then. `wire_profile` is set by whoever knows
    better.
    """

    name: str | None = None
    base_url: str | None = None
    bearer: str | None = None
    api_key: str | None = None
    sends_user_keys: bool | None = None
    limits: Mapping[str, Any] | None = None
    wire_profile: str | None = None
    owner: User | None = None
    owner_changes: bool = False

    def __repr__(self) -> str:
        return "ConnectionChanges(...)"


@sensitive_variables()
def edit_connection(*, connection: SunaConnection, by: User, changes: ConnectionChanges) -> Edited:
    """Change what is given and keep the rest.

    Starts that are sent from now on, of executions under way too, know nothing else. Within seconds runs are
    asked for with it as well, so that those at an old address are lost sight of (docs/connections.md).
    Raises NotAllowed, InvalidInput, AddressRefused and ConnectionNameTaken; the connection is then as it was.
    """
    check_may_manage(by, connection)
    name = None if changes.name is None else clean_name(changes.name)
    bearer = None if changes.bearer is None else clean_bearer(changes.bearer)
    api_key = None if changes.api_key is None else clean_api_key(changes.api_key)
    owner = changes.owner if changes.owner_changes else connection.owner
    base_url = connection.base_url if changes.base_url is None else changes.base_url
    if changes.base_url is not None or changes.owner_changes:
        # Before the row is locked: it may wait for the resolver.
        base_url = check_address(base_url, owner=owner)
    _check_profile(changes.wire_profile)
    with transaction.atomic():
        row = SunaConnection.objects.select_for_update().get(pk=connection.pk)
        has_credential = SunaConnection.objects.filter(pk=row.pk, sealed_credential__isnull=False).exists()
        moved = row.base_url != base_url
        held = {"bearer": "", "api_key": ""} if moved or not has_credential else _held(row)
        given = {
            "bearer": held["bearer"] if bearer is None else bearer,
            "api_key": held["api_key"] if api_key is None else api_key,
        }
        columns = _columns(changes, row, moved=moved)
        columns |= {} if name is None else {"name": name}
        columns |= {"owner": owner, "base_url": base_url}
        for column, value in columns.items():
            setattr(row, column, value)
        if moved or bearer is not None or api_key is not None:
            row.set_credential(**given)
            # Whoever gives another one has dealt with the refusal of the old.
            row.paused_code = ""
            columns |= dict.fromkeys(
                ("sealed_credential", "credential_marks", "bearer_expires_at", "paused_code")
            )
        save_named(row, update_fields=list(columns))
        row.refresh_from_db(fields=["moved_at"])
        record("connection_edited", by=by, about=row)
    return Edited(connection=row, credential_forgotten=moved and has_credential and not any(given.values()))


def forget_credential(*, connection: SunaConnection, by: User) -> SunaConnection:
    """Forget what the connection logs in with. Raises NotAllowed."""
    changes = ConnectionChanges(bearer="", api_key="")
    return edit_connection(connection=connection, by=by, changes=changes).connection


def _held(row: SunaConnection) -> dict[str, str]:
    try:
        return row.credential()
    except Undecryptable:
        # It can be replaced as a whole only: nobody can read the part that was to stay.
        return {"bearer": "", "api_key": ""}


def _columns(changes: ConnectionChanges, row: SunaConnection, *, moved: bool) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    if moved:
        # Consent was given for the other address.
        columns |= {**_UNTESTED, "sends_user_keys": False}
        if row.wire_profile or row.moved_at is not None:
            # Without a profile nothing was ever started there.
            columns["moved_at"] = _CLOCK
    if changes.sends_user_keys is not None:
        columns["sends_user_keys"] = changes.sends_user_keys and not moved
    if changes.limits is not None and not moved:
        columns["limits"] = dict(changes.limits)
    # A form gives back what it was filled with: of another address that says nothing.
    if changes.wire_profile is not None and changes.wire_profile != row.wire_profile:
        profile = PROFILES.get(changes.wire_profile)
        columns["wire_profile"] = changes.wire_profile
        columns["capabilities"] = {} if profile is None else asdict(profile.capabilities)
    return columns


def _check_profile(profile: str | None) -> None:
    if profile and profile not in PROFILES:
        spoken = ", ".join(PROFILES)
        raise input_problem("/wire_profile", "invalid_value", f"Renum speaks {spoken}.")
