"""The last sieve: nothing that the doctor says holds a secret of the settings or a control character.

No look puts a secret into its words. But drivers of databases and of mail have words of their own, and names
of connections are typed in by people and end in a terminal.
"""

import re
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from django.conf import settings

from renum_site.doctor.finding import Finding

MAX_CHARS = 600
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SHORTEST = 4
"""A shorter password is not looked for: it would be found in every second word."""


def hide_in(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return the findings as they may be shown."""
    secrets = sorted(_secrets(), key=len, reverse=True)
    return tuple(
        replace(found, seen=_clean(found.seen, secrets), fix=_clean(found.fix, secrets)) for found in findings
    )


def _clean(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)[:MAX_CHARS]


def _secrets() -> set[str]:
    found = {
        settings.SECRET_KEY,
        *settings.SECRET_KEY_FALLBACKS,
        *settings.RENUM_ENCRYPTION_KEYS,
        *(value for value in (settings.SUNA_API_KEY or "").split(":")),
        settings.SUNA_BEARER_TOKEN or "",
        settings.METRICS_TOKEN or "",
        settings.EMAIL_HOST_PASSWORD,
        settings.DATABASES["default"]["PASSWORD"],
        settings.DATABASES["default"]["OPTIONS"].get("password", ""),
    }
    for url in (settings.DATABASE_URL, settings.REDIS_URL):
        password = urlsplit(url).password or ""
        found |= {password, unquote(password)}
    return {secret for secret in found if len(secret) >= _SHORTEST}
