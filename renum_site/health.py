"""Whether this process lives (/healthz) and whether it can serve (/readyz).

/healthz asks nobody: whoever restarts processes by it must not restart them because PostgreSQL blinks.
/readyz asks everything that serving needs, and says of each part that fails what is wrong, without any
address. A drain is no reason to send requests elsewhere: what is accepted meanwhile is kept here as anywhere.
"""

import logging
from collections.abc import Callable

import redis
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django_redis import get_redis_connection

from billing.models import UserApiKey
from executions.orchestrator.schema_fit import compare_schema
from executions.upkeep.drain import find_drain
from teams.api.problems import CONTENT_TYPE, RETRY_AFTER_S, problem_body
from teams.models import SunaConnection
from teams.models.encrypted_text import Undecryptable
from teams.workflow.problems import Problem

logger = logging.getLogger(__name__)


OK = "ok"


class _NotReady(Exception):
    """A part that serving needs fails; says what is wrong with it."""


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200: this process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 where every check passes, else 503 and a problem with one error for each that does not."""
    failed: list[Problem] = []
    said: dict[str, str] = {}
    for name, check in CHECKS.items():
        # Without PostgreSQL the checks after it could only say the same once more, each after its own wait.
        if failed and failed[0].pointer == "/postgres" and name in NEED_POSTGRES:
            continue
        try:
            said[name] = check()
        except _NotReady as trouble:
            failed.append(Problem(f"/{name}", f"{name}_not_ready", str(trouble), {}))
    if not failed:
        return JsonResponse({"status": "ready", "checks": said})
    logger.warning("not ready: %s", ", ".join(problem.pointer[1:] for problem in failed))
    body = problem_body(
        status=503, code="not_ready", detail="This process cannot serve; errors says why.", errors=failed
    )
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return JsonResponse(body, status=503, headers=headers, content_type=CONTENT_TYPE)


def _check_postgres() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        raise _NotReady("PostgreSQL does not answer.") from None
    return OK


def _check_redis() -> str:
    try:
        get_redis_connection("default").ping()
    except (redis.RedisError, OSError):
        raise _NotReady("Redis does not answer.") from None
    return OK


def _check_schema() -> str:
    try:
        trouble = compare_schema().describe()
    except Error:
        raise _NotReady("PostgreSQL does not say which migrations it has.") from None
    if trouble is not None:
        raise _NotReady(trouble)
    return OK


def _check_keys() -> str:
    """Open the oldest and the newest secret of each kind: after a change of keys one of them tells."""
    try:
        for order in ("id", "-id"):
            connections = SunaConnection.objects.with_credential().filter(sealed_credential__isnull=False)
            if (found := connections.order_by(order).first()) is not None:
                found.credential()
            UserApiKey.objects.with_secret().order_by(order).first()
    except (Undecryptable, ImproperlyConfigured):
        raise _NotReady("A stored secret does not open with RENUM_ENCRYPTION_KEYS.") from None
    except Error:
        raise _NotReady("PostgreSQL does not hand out the stored secrets.") from None
    return OK


def _check_drain() -> str:
    """Fail where a restored database is looked over; an ordinary drain is only told."""
    try:
        drain = find_drain()
    except Error:
        raise _NotReady("PostgreSQL does not say whether Renum is draining.") from None
    if drain is None:
        return OK
    if drain.holds_all:
        raise _NotReady("A restored database is held: nothing is taken up.")
    return "draining"


CHECKS: dict[str, Callable[[], str]] = {
    "postgres": _check_postgres,
    "redis": _check_redis,
    "schema": _check_schema,
    "keys": _check_keys,
    "drain": _check_drain,
}
NEED_POSTGRES = frozenset({"schema", "keys", "drain"})
