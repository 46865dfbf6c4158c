"""On what it was measured: the machine, without its name, and the versions that count."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import redis
from django.conf import settings
from django.db import connection

PACKAGES = ("django", "django-q2", "aiohttp", "httpx", "psycopg", "redis", "uvicorn")


def describe_machine() -> dict[str, object]:
    """Return what the numbers depend on; the load is that of the last minute, before the bench begins."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 2),
    }


def describe_versions() -> dict[str, str]:
    """Return the versions of Python, the two services and the packages on the way of a step."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        postgres = str(cursor.fetchone()[0])
    with redis.Redis.from_url(settings.REDIS_URL, decode_responses=True) as client:
        cache = str(client.info("server")["redis_version"])
    found = {"python": platform.python_version(), "postgresql": postgres, "redis-server": cache}
    return {**found, **{package: version(package) for package in PACKAGES}}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
