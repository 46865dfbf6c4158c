"""Whether this process can serve: it reaches PostgreSQL and Redis."""

import redis
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django_redis import get_redis_connection


def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when both services answer, else 503 with the names of those that do not."""
    checks = {"postgres": _postgres_answers, "redis": _redis_answers}
    failing = [name for name, answers in checks.items() if not answers()]
    body = {"status": "failing" if failing else "ok", "failing": failing}
    return JsonResponse(body, status=503 if failing else 200)


def _postgres_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def _redis_answers() -> bool:
    try:
        return bool(get_redis_connection("default").ping())
    except (redis.RedisError, OSError):
        return False
