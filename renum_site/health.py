"""Whether this process lives (/healthz) and whether it can serve (/readyz).

/healthz asks nobody: whoever restarts processes by it must not restart them because PostgreSQL blinks.
/readyz asks everything that serving needs, and says of each part that fails what is wrong, without any
address.
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


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200: this process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 where every check passes, else 503 and a problem with one error for each that does not."""
    failed: list[Problem] = []
    for name, find_trouble in CHECKS.items():
        # Without PostgreSQL the checks after it could only say the same once more, each after its own wait.
        if failed and failed[0].pointer == "/postgres" and name in NEED_POSTGRES:
            continue
        if trouble := find_trouble():
            failed.append(Problem(f"/{name}", f"{name}_not_ready", trouble, {}))
    if not failed:
        return JsonResponse({"status": "ready", "checks": dict.fromkeys(CHECKS, "ok")})
    logger.warning("not ready: %s", ", ".join(problem.pointer[1:] for problem in failed))
    body = problem_body(
        status=503, code="not_ready", detail="This process cannot serve; errors says why.", errors=failed
    )
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return JsonResponse(body, status=503, headers=headers, content_type=CONTENT_TYPE)


def _find_postgres_trouble() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return "PostgreSQL does not answer."
    return None


def _find_redis_trouble() -> str | None:
    try:
        get_redis_connection("default").ping()
    except (redis.RedisError, OSError):
        return "Redis does not answer."
    return None


def _find_schema_trouble() -> str | None:
    try:
        return compare_schema().describe()
    except Error:
        return "PostgreSQL does not say which migrations it has."


def _find_key_trouble() -> str | None:
    """Open the oldest and the newest secret of each kind: after a change of keys one of them tells."""
    try:
        for order in ("id", "-id"):
            connections = SunaConnection.objects.with_credential().filter(sealed_credential__isnull=False)
            if (found := connections.order_by(order).first()) is not None:
                found.credential()
            UserApiKey.objects.with_secret().order_by(order).first()
    except (Undecryptable, ImproperlyConfigured):
        return "A stored secret does not open with RENUM_ENCRYPTION_KEYS."
    except Error:
        return "PostgreSQL does not hand out the stored secrets."
    return None


def _find_drain_trouble() -> str | None:
    try:
        drain = find_drain()
    except Error:
        return "PostgreSQL does not say whether Renum is draining."
    return None if drain is None else "Renum is draining: nothing new is begun."


CHECKS: dict[str, Callable[[], str | None]] = {
    "postgres": _find_postgres_trouble,
    "redis": _find_redis_trouble,
    "schema": _find_schema_trouble,
    "keys": _find_key_trouble,
    "drain": _find_drain_trouble,
}
NEED_POSTGRES = frozenset({"schema", "keys", "drain"})
