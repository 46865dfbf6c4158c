"""The token of one run of an agent: who holds it speaks to its team for that run, as long as it goes on.

It is made from the run's id and the site's secret whenever it is needed, and kept nowhere: not in a row, not
in a snapshot. What it opens is decided by the run's row, so that it is dead when the run ends.
"""

import base64
import binascii
import hmac
import re
import uuid

from django.conf import settings
from django.utils.crypto import salted_hmac

PREFIX = "rnt_"
RUN_TOKEN = re.compile(r"rnt_[A-Za-z0-9_-]{48}")
_SALT = "renum.run-token"
_MARK_BYTES = 20


def make_run_token(run_id: uuid.UUID) -> str:
    """Return the run's token: `rnt_` and 48 characters."""
    return _written(run_id, settings.SECRET_KEY)


def read_run_token(token: str) -> uuid.UUID | None:
    """Return the run that the token is of; None where this site did not make it."""
    if not RUN_TOKEN.fullmatch(token):
        return None
    try:
        content = base64.b64decode(token.removeprefix(PREFIX), altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    run_id = uuid.UUID(bytes=content[:16])
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    made = [_written(run_id, secret) for secret in secrets]
    return run_id if any(hmac.compare_digest(token, one) for one in made) else None


def _written(run_id: uuid.UUID, secret: str) -> str:
    mark = salted_hmac(_SALT, run_id.hex, secret=secret, algorithm="sha256").digest()[:_MARK_BYTES]
    return PREFIX + base64.b64encode(run_id.bytes + mark, altchars=b"-_").decode()
