"""The one place that reads users' keys back. Storing and deleting them are actions.

Keys live in memory only between here and the call that sends them: as `Secret`, which shows itself to
nobody by accident. Whose keys a run may use, and where they may be sent, is decided by the caller.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from typing import NoReturn

from django.views.decorators.debug import sensitive_variables

from billing.models import UserApiKey
from teams.actions.audit import record_key_use
from teams.models.encrypted_text import Undecryptable


class KeyMissing(Exception):
    """Services were declared for which the user has stored no key. `services` names all of them, sorted."""

    code = "key_missing"

    def __init__(self, services: Collection[str]) -> None:
        self.services = tuple(sorted(services))
        super().__init__(f"no key stored for {', '.join(self.services)}")

    @property
    def service(self) -> str:
        """The first of them, for a message that names one."""
        return self.services[0]


class Secret:
    """A key in memory: no repr, no str, no format, no pickle, no copy, no comparison by value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the key itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never serialised")


@sensitive_variables()
def keys_for_run(
    *,
    user_id: uuid.UUID,
    services: Collection[str] | None,
    now: dt.datetime,
    execution_id: uuid.UUID | None = None,
) -> Mapping[str, Secret]:
    """Return the user's keys of the declared services by service name, and note their use and the execution.

    `services` None means all that the user has stored; an empty collection means none and asks nothing of
    the database. Raises `KeyMissing` where a declared service has no key and `Undecryptable` where one
    cannot be read; in both cases nothing is noted and no key is returned.
    """
    wanted = None if services is None else {service.lower() for service in services}
    if wanted is not None and not wanted:
        return {}
    rows = UserApiKey.objects.with_secret().filter(user_id=user_id)
    if wanted is not None:
        rows = rows.filter(service_name__in=wanted)
    keys: dict[str, Secret] = {}
    fingerprints: dict[str, str] = {}
    row_ids: list[uuid.UUID] = []
    for row in rows:
        keys[row.service_name] = Secret(row.open_key())
        fingerprints[row.service_name] = row.fingerprint
        row_ids.append(row.id)
    missing = (wanted or set()) - keys.keys()
    if missing:
        raise KeyMissing(missing)
    UserApiKey.objects.filter(id__in=row_ids).update(last_used_at=now, last_used_execution_id=execution_id)
    if keys:
        record_key_use(user_id=user_id, fingerprints=fingerprints, execution_id=execution_id)
    return keys


@sensitive_variables()
def keys_to_hide(*, user_id: uuid.UUID) -> tuple[Secret, ...]:
    """Return all of a user's keys that can be read, to be taken out of texts; this is no use of a key."""
    keys: list[Secret] = []
    for row_id in UserApiKey.objects.filter(user_id=user_id).values_list("id", flat=True):
        try:
            row = UserApiKey.objects.with_secret().filter(id=row_id).first()
            if row is not None:
                keys.append(Secret(row.open_key()))
        except Undecryptable:
            # A key that cannot be read was never sent, so nobody can repeat it.
            continue
    return tuple(keys)


@sensitive_variables()
def find_unreadable() -> list[uuid.UUID]:
    """Return the rows whose key does not open with the configured encryption keys; no key is returned."""
    unreadable: list[uuid.UUID] = []
    for row_id in UserApiKey.objects.order_by("id").values_list("id", flat=True):
        try:
            row = UserApiKey.objects.with_secret().filter(id=row_id).first()
            if row is not None:
                row.open_key()
        except Undecryptable:
            unreadable.append(row_id)
    return unreadable
