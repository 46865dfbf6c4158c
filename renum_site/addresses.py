"""Addresses of PostgreSQL, Redis and a mail server turned into what Django wants of each."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from redis.backoff import NoBackoff
from redis.retry import Retry

from renum_site.env import EnvError, split_url

# Measured with packets silently lost: without them a query hangs for a quarter of an hour; keepalives alone
# do not help, because data that nobody acknowledges is in flight.
TCP_USER_TIMEOUT_MS = 5000
CONNECT_TIMEOUT_S = 3
# What the server ends by itself: it holds the locks of whoever froze or was cut off in the middle of a
# transaction. Well before a driver's lease of 15 s is over, so that its heir finds them free.
IDLE_IN_TRANSACTION_MS = 10_000
LOCK_TIMEOUT_MS = 3000
# From the server's side: it looks for a peer that is silent, and lets go of what that one held. Seconds.
SERVER_KEEPALIVES = {"tcp_keepalives_idle": 5, "tcp_keepalives_interval": 2, "tcp_keepalives_count": 3}
NOWHERE = "postgresql://renum@127.0.0.1:1/renum"
NOWHERE_REDIS = "redis://127.0.0.1:1/0"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheTimeouts:
    """How long a call to Redis may take. q2 blocks for 1 s in each read, so its limit must lie above.

    redis-py asks again by itself, for some seconds; `ask_again` False leaves that to the caller.
    """

    connect_s: float = 3.0
    answer_s: float = 5.0
    ask_again: bool = True


def build_database(
    url: str, *, statement_timeout_s: float, long_lived: bool, test_name: str | None
) -> dict[str, Any]:
    """Return the settings of one PostgreSQL database.

    `long_lived` processes (q2, drivers) keep a connection and check its health; a web process gives it back
    after each request, because under ASGI every request may run in another thread. A query in the address
    is handed to libpq and wins over our own options; `host=/path` there means a Unix socket.

    The server ends a transaction whose client says nothing, and a wait for a lock: who rightly takes longer
    says so for itself (executions.upkeep).
    """
    parts = split_url("DATABASE_URL", url)
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", "") or unquote(parts.hostname or "")
    name = unquote(parts.path.removeprefix("/"))
    if not name or "/" in name:
        msg = (
            "DATABASE_URL must end with the name of one database: postgresql://user:password@host:5432/name."
        )
        raise EnvError(msg)
    options: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "renum"}
    on_server = {
        "statement_timeout": round(statement_timeout_s * 1000),
        "lock_timeout": LOCK_TIMEOUT_MS,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_MS,
    }
    if host and not host.startswith("/"):
        options["tcp_user_timeout"] = TCP_USER_TIMEOUT_MS
        on_server |= SERVER_KEEPALIVES
    options["options"] = " ".join(f"-c {name}={value}" for name, value in on_server.items())
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": {**options, **query},
        "CONN_MAX_AGE": 600 if long_lived else 0,
        "CONN_HEALTH_CHECKS": long_lived,
        "TEST": {"NAME": test_name} if test_name else {},
    }


def build_cache(
    url: str, *, prefix: str, timeouts: CacheTimeouts, as_json: bool = False, expires_s: int | None = 300
) -> dict[str, Any]:
    """Return the settings of one cache alias on Redis. `as_json` keeps pickles out of it."""
    options: dict[str, Any] = {
        "CLIENT_CLASS": "django_redis.client.DefaultClient",
        "CONNECTION_FACTORY": "renum_site.redis_pools.PoolsByTimeouts",
        "SOCKET_CONNECT_TIMEOUT": timeouts.connect_s,
        "SOCKET_TIMEOUT": timeouts.answer_s,
        "CONNECTION_POOL_KWARGS": {"health_check_interval": 30},
    }
    if not timeouts.ask_again:
        options["CONNECTION_POOL_KWARGS"]["retry"] = Retry(NoBackoff(), 0)
    if as_json:
        options["SERIALIZER"] = "django_redis.serializers.json.JSONSerializer"
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": url,
        "KEY_PREFIX": prefix,
        "TIMEOUT": expires_s,
        "OPTIONS": options,
    }


def build_mail(url: str | None) -> dict[str, Any]:
    """Return Django's EMAIL_ settings for a mail server; without one nothing is sent.

    smtps:// is TLS from the first byte. smtp:// begins plainly and has to turn to TLS, save on this machine.
    """
    if url is None:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
            "EMAIL_HOST": "",
            "EMAIL_HOST_PASSWORD": "",
        }
    parts = split_url("RENUM_MAIL_URL", url)
    at_once = parts.scheme == "smtps"
    is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname or "",
        "EMAIL_PORT": parts.port or (465 if at_once else 25 if is_local else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": at_once,
        "EMAIL_USE_TLS": not at_once and not is_local,
        "EMAIL_TIMEOUT": 10,
    }
