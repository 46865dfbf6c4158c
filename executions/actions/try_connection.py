"""Testing a connection: who we are there, which Suna it is, what works with this credential.

What was found is kept on the connection for pages, API and admin, also where it was that nobody answers. It
is {"code", "reason", "profile", "evidence", "identity", "findings", "latency_ms", "clock_ahead_s"}; `code`
is empty where the connection can be used, else it says what is in the way.
"""

import contextlib
import datetime as dt
import time
from dataclasses import dataclass, replace
from typing import Any

from asgiref.sync import async_to_sync
from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now

from executions.actions.check_base_url import AddressRefused, check_own_base_url
from executions.actions.connection_findings import judge_probe
from executions.actions.connection_rights import SunaUnusable, check_may_manage
from executions.actions.sync_agents import sync_agents
from executions.agent_service import AgentServiceError, CredentialRefused, SecretText, Unavailable
from executions.orchestrator.connections import reaches_public_only
from executions.orchestrator.gates_stored import find_row_states
from executions.orchestrator.profile_columns import keys_after, learned_capabilities, profile_columns
from executions.suna.credential import SunaCredential
from executions.suna.detect import REWRITTEN, Detection, detect_profile
from executions.suna.probe import Probed, SaidTime, Seen, answers_with_page, probe_suna
from executions.suna.reach import find_reach_fault
from executions.suna.wire import PROFILES, Capabilities
from teams.models import SunaConnection, User
from teams.models.credential_marks import read_text_claim
from teams.models.encrypted_text import Undecryptable

CALL_DEADLINE_S = 8.0
REACH_S = 5.0
SYNC_S = 15.0
MAX_EVIDENCE = 12
MAX_REASON_CHARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the network told: the test's code, and what there is to store beside it."""

    code: str
    reason: str = ""
    evidence: tuple[str, ...] = ()
    profile: str = ""
    capabilities: Capabilities | None = None
    probed: Probed | None = None


def try_connection(*, connection: SunaConnection, by: User | None) -> SunaConnection:
    """Test the connection, store what was found, and list its agents where it works.

    A Suna that cannot be used is a result and no error. Where the credential works a pause ends; where it
    is refused starts wait. Raises NotAllowed. No transaction may be open: this waits for the network, half
    a minute at most where nobody answers.
    """
    check_may_manage(by, connection)
    # As it is now: whoever asks may have read it before somebody changed it.
    row = SunaConnection.objects.get(pk=connection.pk)
    database_now, noted_at = _database_now(), time.monotonic()
    # The mark before the credential: if that changes in between, the mark is old and nothing is stored.
    mark = _find_mark(row)
    try:
        held = row.credential()
    except Undecryptable:
        held = None
    asked = _Asked(code="credential_unreadable") if held is None else _ask_where_allowed(row, held)
    result = _build_result(row, asked, held or {"bearer": "", "api_key": ""})
    if asked.probed is not None and asked.probed.said_time is not None:
        result["clock_ahead_s"] = _ahead_s(asked.probed.said_time, database_now, noted_at)
    is_stored = _store(row, asked, result, mark=mark)
    if asked.code == "" and is_stored:
        # Why it failed is kept on the connection, and is no failure of the test.
        row.refresh_from_db(fields=["wire_profile", "capabilities"])
        with contextlib.suppress(SunaUnusable):
            sync_agents(connection=row, by=by, patience_s=SYNC_S)
    connection.refresh_from_db()
    return connection


def _ask_where_allowed(connection: SunaConnection, held: dict[str, str]) -> _Asked:
    if connection.owner_id is not None and reaches_public_only(connection):
        try:
            check_own_base_url(connection.base_url)
        except AddressRefused as refused:
            return _Asked(code=f"address_{refused.fault}")
    credential = SunaCredential(
        bearer=SecretText(held["bearer"]) if held["bearer"] else None,
        api_key=SecretText(held["api_key"]) if held["api_key"] else None,
    )
    asked: _Asked = async_to_sync(_ask)(
        connection.base_url, credential, public_only=reaches_public_only(connection)
    )
    if asked.code == "credential_refused" and not any(held.values()):
        return replace(asked, code="credential_absent")
    return asked


async def _ask(base_url: str, credential: SunaCredential, *, public_only: bool) -> _Asked:
    try:
        found = await detect_profile(
            base_url=base_url, credential=credential, call_deadline_s=CALL_DEADLINE_S, public_only=public_only
        )
        evidence = found.evidence[:MAX_EVIDENCE]
        if found.profile is None or found.profile not in PROFILES:
            is_page = await answers_with_page(
                base_url=base_url, call_deadline_s=CALL_DEADLINE_S, public_only=public_only
            )
            return replace(_judge_stranger(found, base_url, is_page=is_page), evidence=evidence)
        capabilities = learned_capabilities(found)
        probed = await probe_suna(
            base_url=base_url,
            credential=credential,
            profile=found.profile,
            capabilities=capabilities,
            call_deadline_s=CALL_DEADLINE_S,
            public_only=public_only,
        )
    except Unavailable as error:
        return await _judge_silence(error, base_url, public_only=public_only)
    except AgentServiceError as error:
        return _Asked(code=error.code, reason=error.detail)
    code = ""
    if Seen.REFUSED in (probed.run, probed.thread_runs):
        code = CredentialRefused.code
    elif probed.run in (Seen.SILENT, Seen.FAILS):
        code = "service_fails"
    return _Asked(
        code=code, evidence=evidence, profile=found.profile, capabilities=capabilities, probed=probed
    )


def _judge_stranger(found: Detection, base_url: str, *, is_page: bool) -> _Asked:
    reason = found.refused_because or ""
    if is_page:
        return _Asked(code="web_page", reason=reason)
    if found.refused_because == REWRITTEN:
        return _Asked(code="rewritten_suna", reason=reason)
    # The commonest slip: an address copied with the prefix that each call adds by itself.
    ends_in_prefix = base_url.rstrip("/").endswith(("/api", "/v1"))
    return _Asked(code="prefix_in_address" if ends_in_prefix else "unknown_suna", reason=reason)


async def _judge_silence(error: Unavailable, base_url: str, *, public_only: bool) -> _Asked:
    """Tell why nobody answered: an error with a status is an answer, the rest is on the way there."""
    if error.status_code is not None:
        return _Asked(code="service_fails", reason=error.detail)
    fault = await find_reach_fault(base_url, public_only=public_only, patience_s=REACH_S)
    return _Asked(code=fault.code, reason=fault.reason or error.detail)


def _build_result(connection: SunaConnection, asked: _Asked, held: dict[str, str]) -> dict[str, Any]:
    subject = read_text_claim(held["bearer"], "sub")
    result: dict[str, Any] = {
        "code": asked.code,
        "reason": asked.reason[:MAX_REASON_CHARS],
        "profile": asked.profile,
        "evidence": list(asked.evidence),
        "identity": {
            name: value
            for name, value in (
                ("subject", subject),
                ("email", read_text_claim(held["bearer"], "email")),
                # No claim of the credential's: it is what the first agent says whose it is.
                ("agents_of", asked.probed.account_id if asked.probed and not subject else None),
            )
            if value
        },
        "findings": [],
    }
    if asked.probed is not None and asked.probed.latency_s is not None:
        result["latency_ms"] = round(asked.probed.latency_s * 1000, 1)
    if asked.probed is not None and asked.capabilities is not None and asked.code == "":
        result["findings"] = [
            finding.as_json()
            for finding in judge_probe(
                asked.probed,
                profile=asked.profile,
                capabilities=asked.capabilities,
                has_bearer=bool(held["bearer"]),
                sends_user_keys=keys_after(
                    connection, profile=asked.profile, capabilities=asked.capabilities
                ),
            )
        ]
    return result


def _store(connection: SunaConnection, asked: _Asked, result: dict[str, Any], *, mark: str) -> bool:
    """Keep what was found and return whether: not of an address or a credential that is no more."""
    columns: dict[str, Any] = {"test_result": result, "tested_at": Now()}
    if asked.capabilities is not None:
        columns |= profile_columns(connection, profile=asked.profile, capabilities=asked.capabilities)
        columns["checked_at"] = Now()
    if asked.code == "":
        columns |= {"paused_code": "", "unreachable_at": None}
    elif asked.code == CredentialRefused.code:
        columns["paused_code"] = CredentialRefused.code
    with transaction.atomic():
        rows = SunaConnection.objects.select_for_update().filter(pk=connection.pk)
        if not rows.exists() or _find_mark(connection) != mark:
            return False
        rows.update(**columns)
    return True


def _find_mark(connection: SunaConnection) -> str:
    found = find_row_states([connection.pk]).get(connection.pk)
    return "" if found is None else found.mark


def _database_now() -> dt.datetime:
    with database.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
    return now


def _ahead_s(said: SaidTime, database_now: dt.datetime, noted_at: float) -> float:
    """Return how far the service's clock is ahead of PostgreSQL's, to the second: it tells whole ones.

    Whole seconds are cut, so that half of one is what it was on average.
    """
    ours = database_now + dt.timedelta(seconds=said.heard_at - noted_at)
    return round((said.at - ours).total_seconds() + 0.5)
