"""Whether Renum works, as far as a client has to know: can it read, can it start, does anybody carry it out.

Operators ask /readyz, which tells more and needs no token (`renum_site.health`).
"""

from typing import Any

from django_redis import get_redis_connection
from redis.exceptions import RedisError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from executions.models import Driver
from executions.upkeep.drain import find_drain
from teams.api.declared import Answer
from teams.api.endpoint import Endpoint


class HealthOutput(serializers.Serializer[object]):
    """How Renum stands. What is accepted while nothing begins is kept, and begins later."""

    status = serializers.ChoiceField(choices=["ok", "degraded"])
    postgres = serializers.ChoiceField(choices=["ok"])
    redis = serializers.ChoiceField(choices=["ok", "unavailable"])
    drivers = serializers.ChoiceField(choices=["alive", "none"])
    begins_executions = serializers.BooleanField()
    draining = serializers.BooleanField()


class Health(Endpoint):
    """How Renum stands."""

    answers = {"GET": Answer(body=HealthOutput, headers=("Cache-Control",))}

    def get(self, request: Request) -> Response:
        """Tell it. Without PostgreSQL this is 503 `unavailable`, as everything else is."""
        redis = _redis_answers()
        alive = Driver.objects.alive().exists()
        drain = find_drain()
        begins = alive and redis and drain is None
        body: dict[str, Any] = {
            "status": "ok" if begins else "degraded",
            "postgres": "ok",
            "redis": "ok" if redis else "unavailable",
            "drivers": "alive" if alive else "none",
            "begins_executions": begins,
            "draining": drain is not None,
        }
        return Response(body, headers={"Cache-Control": "no-store"})


def _redis_answers() -> bool:
    try:
        get_redis_connection("default").ping()
    except (RedisError, OSError):
        return False
    return True
