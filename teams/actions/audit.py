"""Writing the audit trail: one door, in the transaction of the act: neither is there without the other.

What is written down: signing in (and failing to) and out, second factors and passwords, users' keys and their
use, tokens, edits of teams, members, connections, prices and budgets, exports, and verbs on executions.
"""

import functools
import inspect
import uuid
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any, ParamSpec, TypeVar

from django.db import transaction
from django.db.models import Model, Subquery

from teams.models import AuditEntry, Team, User

P = ParamSpec("P")
R = TypeVar("R")

client_address: ContextVar[str] = ContextVar("client_address", default="")
"""Where the request that is being answered comes from; "" outside of one."""
_ACTORS = ("by", "actor", "user", "owner")
_NAME_CHARS, _ID_CHARS = 200, 64


def record(
    act: str, *, by: User | None, about: Model | None = None, details: Mapping[str, Any] | None = None
) -> None:
    """Append an entry: one INSERT. `details` are plain values; no secret may be among them."""
    _write(act, by=by, thing=_thing_of(about), details=details or {})


def audited(act: str, *, about: str = "") -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have each call of an action that does not refuse leave an entry, in one transaction with it.

    Who did it is its argument `by` (or `actor`, `user`, `owner`). It is about the argument of that name, as
    it was before the call, or else about what it returns.
    """

    def audit(action: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(action)

        @functools.wraps(action)
        def audited_action(*given: P.args, **named: P.kwargs) -> R:
            arguments = signature.bind(*given, **named).arguments
            by = next((arguments[name] for name in _ACTORS if isinstance(arguments.get(name), User)), None)
            before = _thing_of(arguments.get(about)) if about else None
            with transaction.atomic():
                result = action(*given, **named)
                _write(act, by=by, thing=before or _thing_of(result), details={})
            return result

        return audited_action

    return audit


def record_key_use(
    *, user_id: uuid.UUID, fingerprints: Mapping[str, str], execution_id: uuid.UUID | None
) -> None:
    """Append that a user's keys were handed out for an execution's run, by service and fingerprint.

    One INSERT. A service may get another key later: the fingerprint tells which one it was.
    """
    AuditEntry.objects.create(
        act="keys_used",
        actor_id=user_id,
        actor_name=Subquery(User.objects.filter(pk=user_id).values("username")[:1]),
        thing_kind="execution" if execution_id else "",
        thing_id=str(execution_id or ""),
        details={"services": sorted(fingerprints), "fingerprints": dict(fingerprints)},
    )


def _write(act: str, *, by: User | None, thing: Mapping[str, Any], details: Mapping[str, Any]) -> None:
    AuditEntry.objects.create(
        act=act,
        actor_id=None if by is None else by.pk,
        actor_name="" if by is None else by.get_username(),
        address=_address(),
        details=dict(details),
        **thing,
    )


def _thing_of(thing: Any) -> dict[str, Any]:
    """Return how a row is remembered: it may be gone when somebody looks."""
    if isinstance(thing, tuple) and thing:
        thing = thing[0]
    if not isinstance(thing, Model):
        return {}
    return {
        "thing_kind": str(thing._meta.model_name),  # noqa: SLF001  Django's own way
        "thing_id": str(thing.pk)[:_ID_CHARS],
        "thing_name": str(thing)[:_NAME_CHARS],
        "team_id": thing.pk if isinstance(thing, Team) else getattr(thing, "team_id", None),
    }


def _address() -> str | None:
    try:
        return str(ip_address(client_address.get()))
    except ValueError:
        return None
