"""/metrics for Prometheus: figures out of PostgreSQL and Redis, so that every web process tells the same.

Nothing is counted in this process: what was counted would be lost with it, and each process would tell its
own part. Written by hand because the text format is a line a sample; a client library would bring a registry
for counters of the process. Who may read it: whoever has RENUM_METRICS_TOKEN, and addresses in
RENUM_METRICS_ALLOWED; everybody where DEBUG is on and neither is set; else the page is not there.
"""

import hmac
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from executions.orchestrator.figures import Family, read_figures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
RETRY_AFTER_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Access:
    allowed: bool
    hidden: bool


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with all figures; 401 without the token, 404 where nobody has one, 503 without PostgreSQL."""
    access = _find_access(request)
    if not access.allowed:
        if access.hidden:
            return HttpResponse("Not found.\n", status=404, content_type="text/plain")
        headers = {"WWW-Authenticate": "Bearer"}
        return HttpResponse("A token is needed.\n", status=401, content_type="text/plain", headers=headers)
    try:
        families = read_figures()
    except Error:
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        return HttpResponse(
            "PostgreSQL does not answer.\n", status=503, content_type="text/plain", headers=headers
        )
    return HttpResponse(build_text(families), content_type=CONTENT_TYPE)


def build_text(families: Iterable[Family]) -> str:
    """Build the exposition format: for each family what it is, its type and its samples."""
    lines = []
    for family in families:
        lines.append(f"# HELP {family.name} {_escape(family.help)}")
        lines.append(f"# TYPE {family.name} gauge")
        for labels, value in family.samples:
            shown = ",".join(f'{name}="{_escape(text, quote=True)}"' for name, text in labels.items())
            lines.append(f"{family.name}{{{shown}}} {value:.15g}" if shown else f"{family.name} {value:.15g}")
    return "\n".join(lines) + "\n"


def _find_access(request: HttpRequest) -> _Access:
    token, networks = settings.METRICS_TOKEN, settings.METRICS_ALLOWED
    if token is None and not networks:
        return _Access(allowed=settings.DEVELOPMENT, hidden=True)
    return _Access(
        allowed=(token is not None and _has_token(request, token)) or _comes_from(request, networks),
        hidden=token is None,
    )


def _has_token(request: HttpRequest, token: str) -> bool:
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _comes_from(request: HttpRequest, networks: Iterable[str]) -> bool:
    # The address of the connection, never a header: a client may write any header.
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in networks)


def _escape(text: str, *, quote: bool = False) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return escaped.replace('"', '\\"') if quote else escaped
