"""The web server as its users have it, one process, and what that process holds."""

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import redis
from django.conf import settings
from django.db import connection

from renum_site.processes import Supervisor, find_free_port, listens_on
from teams.models import ApiToken, ApiTokenScope, User

QUEUE_LIMIT = 500
_LIMITS = {"RENUM_EVENT_CLIENTS": "2000", "RENUM_EVENT_CLIENTS_PER_USER": "2000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What there is of the web process; connections are those of the whole site."""

    rss_mb: float
    threads: int
    postgres: int
    redis: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """One running web process, and a token for it."""

    port: int
    pid: int
    token: str

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def look(self) -> Held:
        """Return what there is now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            sessions = int(cursor.fetchone()[0])
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            number = str(client.connection_pool.connection_kwargs["db"])
            clients = sum(str(each["db"]) == number for each in client.client_list())
        return Held(
            rss_mb=int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024,
            threads=int(re.findall(r"Threads:\s+(\d+)", status)[0]),
            postgres=sessions,
            redis=clients,
        )


def start_web(supervisor: Supervisor, *, by: User, queue_limit: int) -> Web:
    """Start a web process that takes so many executions of one person into its queue."""
    port = find_free_port(27_000)
    child = supervisor.start(
        "web",
        [
            *(sys.executable, "-m", "uvicorn", "renum_site.asgi:application", "--port", str(port)),
            *("--timeout-graceful-shutdown", "5", "--no-server-header", "--log-level", "warning"),
            "--no-access-log",
        ],
        # As in production: with Django's DEBUG every statement is kept.
        env={**os.environ, **_LIMITS, "RENUM_MAX_QUEUED": str(queue_limit), "RENUM_LOG_LEVEL": "ERROR"},
        ready=listens_on(port),
    )
    _, token = ApiToken.objects.create(user=by, expiry=None, name="bench", scope=ApiTokenScope.RUN)
    return Web(port=port, pid=child.popen.pid, token=str(token))
