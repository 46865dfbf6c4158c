"""Feeling a Suna's pulse: one question that changes nothing, asked for a run that no Suna has.

Its answer tells whether anybody is there, how fast, by which clock, and whether the credential is taken: a
404 comes after the credential was looked at, in every version (suna-contract §1.3, §1.2).
"""

import datetime as dt
import email.utils
import time
from dataclasses import dataclass

from executions.agent_service import AgentServiceError, NotFound, Rejected
from executions.suna.address import parse_base_url
from executions.suna.connection import Connection
from executions.suna.credential import SunaCredential, check_credential, hide_secrets
from executions.suna.detect import NOWHERE
from executions.suna.errors import build_error
from executions.suna.wire import PROFILES

MAX_PULSE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What one answer told. `asked_at` is this host's time in seconds since 1970, `date` the service's own.

    `refusal` is None where the service takes the credential, else what it said instead.
    """

    asked_at: float
    latency_s: float
    date: dt.datetime | None
    refusal: AgentServiceError | None


async def feel_pulse(
    *, base_url: str, profile: str, credential: SunaCredential, deadline_s: float, public_only: bool
) -> Pulse:
    """Ask once, within `deadline_s`. Raises the port's errors where there was no answer at all."""
    if profile not in PROFILES:
        raise Rejected(f"the wire profile {profile!r} is not spoken")
    url = parse_base_url(base_url)
    check_credential(credential)
    connection = Connection(
        base_url=url,
        credential=credential,
        transport="aiohttp",
        max_connections=1,
        max_response_bytes=MAX_PULSE_BYTES,
        patience_s=deadline_s,
        public_only=public_only,
    )
    async with connection:
        asked_at, began = time.time(), time.monotonic()
        answer = await connection.exchange(PROFILES[profile].get_run(run_id=NOWHERE), deadline_s=deadline_s)
        latency_s = time.monotonic() - began
    refusal: AgentServiceError | None = None
    if not answer.is_success:
        refusal = build_error(answer, starting=False, hide=lambda text: hide_secrets(text, credential, {}))
    return Pulse(
        asked_at=asked_at,
        latency_s=latency_s,
        date=_read_date(answer.headers.get("date", "")),
        refusal=None if isinstance(refusal, NotFound) else refusal,
    )


def _read_date(text: str) -> dt.datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text[:100])
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
