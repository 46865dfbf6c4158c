"""Noting when a token was last used."""

import datetime as dt

from teams.models import ApiToken

PRECISION = dt.timedelta(minutes=1)
"""A token in constant use costs one write in this time."""


def note_token_use(*, token: ApiToken, now: dt.datetime) -> None:
    """Bring `last_used_at` up to date, to the minute."""
    if token.last_used_at is None or token.last_used_at <= now - PRECISION:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        token.last_used_at = now
