"""System checks: what must not go to production, and what cannot work, each with an id and a hint.

`manage.py check --deploy` runs them all. Values that are wrong by themselves are refused earlier, in env.py
and settings.py; here stand the combinations that work on a developer's machine and are unfit elsewhere.
"""

import difflib
import ipaddress
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register(Tags.security, deploy=True)
def check_production(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse what a developer's machine may have and a deployment may not."""
    return [*_check_secrets(), *_check_stand_ins(), *_check_network()]


def _check_secrets() -> Iterator[CheckMessage]:
    if settings.DEVELOPMENT:
        yield Error(
            "Renum runs in development mode.",
            hint="Set DEBUG=0 and a SECRET_KEY of your own.",
            id="renum.E001",
        )
    if settings.LOCAL_SECRETS_USED:
        yield Error(
            "SECRET_KEY or RENUM_ENCRYPTION_KEYS was made here and lies in a file beside the data.",
            hint="Set both from a secret store; move stored keys over before you drop the local one.",
            id="renum.E002",
        )
    if settings.SECRET_KEY in settings.RENUM_ENCRYPTION_KEYS:
        yield Error(
            "SECRET_KEY is used as an encryption key as well.",
            hint="Give RENUM_ENCRYPTION_KEYS a secret of its own, so that each can be changed alone.",
            id="renum.E003",
        )
    if len(set(settings.RENUM_ENCRYPTION_KEYS)) != len(settings.RENUM_ENCRYPTION_KEYS):
        yield Error(
            "RENUM_ENCRYPTION_KEYS names one key twice.",
            hint="List the newest key first and each older one once.",
            id="renum.E004",
        )


def _check_stand_ins() -> Iterator[CheckMessage]:
    for service, name in (("postgres", "DATABASE_URL"), ("redis", "REDIS_URL")):
        if service in settings.EMBEDDED_SERVICES:
            yield Error(
                f"The embedded {service} is in use.",
                hint=f"Set {name} to a server that is backed up and watched.",
                id="renum.E005" if service == "postgres" else "renum.E006",
            )
    if settings.ALLOW_SIMULATOR:
        yield Error(
            "The simulated Suna may be started.", hint="Unset RENUM_ALLOW_SIMULATOR.", id="renum.E007"
        )


def _check_network() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "ALLOWED_HOSTS accepts every host name.",
            hint="Name the hosts: links in mails and redirects are built from the name a client sends.",
            id="renum.E008",
        )
    suna = urlsplit(settings.SUNA_BASE_URL or "")
    if suna.scheme == "http" and not _is_local(suna.hostname or ""):
        yield Error(
            "SUNA_BASE_URL is not https, so Suna's key and users' keys would travel in the clear.",
            hint="Use https, or a Suna on this machine.",
            id="renum.E009",
        )
    redis = urlsplit(settings.REDIS_URL)
    embedded = "redis" in settings.EMBEDDED_SERVICES
    if redis.scheme != "unix" and not redis.password and not embedded:
        yield Error(
            "Redis asks for no password, and whoever can write to the queue can run code.",
            hint="Give Redis a password (or ACL user) and put it into REDIS_URL.",
            id="renum.E010",
        )
    if redis.scheme == "redis" and not _is_local(redis.hostname or ""):
        yield Warning(
            "Redis is on another machine and the connection is not encrypted.",
            hint="Use rediss:// in REDIS_URL.",
            id="renum.W011",
        )
    database = settings.DATABASES["default"]
    host = database["HOST"]
    remote = bool(host) and not host.startswith("/") and not _is_local(host)
    if remote and database["OPTIONS"].get("sslmode") != "verify-full":
        yield Warning(
            "PostgreSQL is on another machine and its certificate is not checked.",
            hint="Add ?sslmode=verify-full&sslrootcert=... to DATABASE_URL.",
            id="renum.W012",
        )


@register(Tags.compatibility)
def check_queue(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse settings under which the queue cannot do its work."""
    found: list[CheckMessage] = []
    cluster = settings.Q_CLUSTER
    alias = cluster.get("django_redis")
    if alias not in settings.CACHES or cluster.get("orm") or cluster.get("broker_class"):
        found.append(
            Error(
                "The queue does not use the Redis broker.",
                hint='Q_CLUSTER must have "django_redis": "q2", and CACHES that alias.',
                id="renum.E020",
            )
        )
    elif settings.CACHES[alias]["OPTIONS"].get("SOCKET_TIMEOUT", 0) <= 1:
        found.append(
            Error(
                "The queue's Redis connection gives up before a blocking read ends.",
                hint=f"CACHES[{alias!r}] needs a SOCKET_TIMEOUT above 1 s.",
                id="renum.E021",
            )
        )
    if "drivers" not in cluster.get("ALT_CLUSTERS", {}):
        found.append(
            Error(
                "The drivers' cluster is not defined.",
                hint='Q_CLUSTER["ALT_CLUSTERS"] needs an entry "drivers".',
                id="renum.E022",
            )
        )
    if "pool" in settings.DATABASES["default"]["OPTIONS"] and settings.QUEUE_PROCESS:
        found.append(
            Error(
                "A connection pool does not survive the queue's fork: two processes would share one socket.",
                hint="Remove OPTIONS['pool'] for processes with Q_CLUSTER_NAME.",
                id="renum.E023",
            )
        )
    return found


@register(Tags.compatibility)
def check_names(**_kwargs: Any) -> list[CheckMessage]:
    """Point out settings that nobody reads: most likely a misspelled name."""
    found: list[CheckMessage] = []
    for name in settings.UNKNOWN_NAMES:
        near = difflib.get_close_matches(name, settings.SETTING_NAMES, n=1)
        found.append(
            Warning(
                f"{name} is set, but Renum has no such setting.",
                hint=f"Did you mean {near[0]}?" if near else "See .env.example for the names.",
                id="renum.W030",
            )
        )
    return found


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
