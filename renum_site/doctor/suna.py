"""Each connection to a Suna: whether it answers, what lives there, and whether it takes the credential.

Nothing is changed, neither in Suna nor on the connection: whoever wants the finding stored tests the
connection (executions.actions.detect_connection).
"""

import asyncio
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from executions.actions.check_base_url import AddressRefused, check_own_base_url
from executions.agent_service import AgentServiceError, CredentialRefused, RedirectRefused, SecretText
from executions.orchestrator.connections import reaches_public_only
from executions.suna.credential import SunaCredential
from executions.suna.detect import Detection, detect_profile
from executions.suna.pulse import Pulse, feel_pulse
from renum_site.doctor.clocks import ClockReadings
from renum_site.doctor.database import PATIENCE_MS, be_patient_for
from renum_site.doctor.finding import Finding, State
from teams.models import SunaConnection
from teams.models.database_time import database_now
from teams.models.encrypted_text import Undecryptable

MOST = 25
"""So many connections are asked: the paused ones, the site's, then those that were looked at last."""

ANSWERS_WITHIN_S = 3.0
CATALOGUE_MAX_AGE = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a connection answered: its pulse and what lives there, or why there is neither."""

    pulse: Pulse | None = None
    detection: Detection | None = None
    problem: Exception | None = None


def look_at_suna(clocks: ClockReadings) -> Iterator[Finding]:
    """Look at the connections, all at once; what they say of the time goes to `clocks`."""
    be_patient_for(PATIENCE_MS)
    rows = SunaConnection.objects.annotate(
        agents_synced_at=Max("agents__synced_at"),
        is_free=Q(paused_code=""),
        is_of_a_person=Q(owner__isnull=False),
    )
    connections = list(rows.order_by("is_free", "is_of_a_person", "-checked_at")[: MOST + 1])
    if not connections:
        yield _say(
            "none",
            State.WARNING,
            _("There is no connection to a Suna."),
            _("Add one under Suna connections in the admin, or set SUNA_BASE_URL and use `make run`."),
        )
        return
    if len(connections) > MOST:
        yield _say("more", State.OK, _("Only %(count)s connections were asked.") % {"count": MOST})
    now = database_now()
    asked = asyncio.run(_ask_all([(row, _credential_of(row)) for row in connections[:MOST]]))
    for row, answer in zip(connections, asked, strict=False):
        yield _judge_answer(row, answer, clocks)
        yield from _judge_row(row, now=now)


def _credential_of(row: SunaConnection) -> SunaCredential | None:
    """Return the connection's credential; None where it does not open."""
    try:
        held = SunaConnection.objects.with_credential().get(pk=row.pk).credential()
    except (Undecryptable, SunaConnection.DoesNotExist):
        return None
    return SunaCredential(
        bearer=SecretText(held["bearer"]) if held["bearer"] else None,
        api_key=SecretText(held["api_key"]) if held["api_key"] else None,
    )


async def _ask_all(wanted: list[tuple[SunaConnection, SunaCredential | None]]) -> list[_Asked]:
    return list(await asyncio.gather(*(_ask(row, credential) for row, credential in wanted)))


async def _ask(row: SunaConnection, credential: SunaCredential | None) -> _Asked:
    if credential is None:
        return _Asked(problem=Undecryptable("credential"))
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            guarded = reaches_public_only(row)
            if guarded:
                # A person's own address may lead inside by now; the resolver may take its time.
                await asyncio.to_thread(check_own_base_url, row.base_url)
            found = await detect_profile(
                base_url=row.base_url,
                credential=credential,
                call_deadline_s=ANSWERS_WITHIN_S,
                public_only=guarded,
            )
            if found.profile is None:
                return _Asked(detection=found)
            pulse = await feel_pulse(
                base_url=row.base_url,
                profile=found.profile,
                credential=credential,
                deadline_s=ANSWERS_WITHIN_S,
                public_only=guarded,
            )
    except (AgentServiceError, AddressRefused, TimeoutError) as problem:
        return _Asked(problem=problem)
    return _Asked(pulse=pulse, detection=found)


def _judge_answer(row: SunaConnection, asked: _Asked, clocks: ClockReadings) -> Finding:
    # Of a person's own connection only that person can mend what is wrong.
    broken = State.ERROR if row.owner_id is None else State.WARNING
    pulse, detection = asked.pulse, asked.detection
    if asked.problem is not None:
        return _say(_check_of(asked.problem), broken, *_words_of(row, asked.problem))
    if detection is not None and detection.profile is None:
        seen = _("%(name)s: what answers there cannot be used: %(reason)s.") % {
            "name": row.name,
            "reason": detection.refused_because,
        }
        return _say("profile", broken, seen, _("Let its base URL name a Suna whose version Renum speaks."))
    if pulse is None or detection is None:
        raise ValueError("a connection answered neither way")
    if pulse.date is not None:
        clocks.note(
            f"Suna {row.name}",
            said=pulse.date.timestamp(),
            asked_at=pulse.asked_at,
            took_s=pulse.latency_s,
            is_suna=True,
        )
    if pulse.refusal is not None:
        return _say(_check_of(pulse.refusal), broken, *_words_of(row, pulse.refusal))
    if detection.profile != row.wire_profile:
        seen = _("%(name)s: there lives %(found)s, but %(stored)s is stored.") % {
            "name": row.name,
            "found": detection.profile,
            "stored": row.wire_profile or "?",
        }
        return _say("profile", State.WARNING, seen, _("Test the connection: that stores what is found."))
    seen = _("%(name)s: %(profile)s answers in %(ms)s ms and takes the credential.") % {
        "name": row.name,
        "profile": detection.profile,
        "ms": f"{pulse.latency_s * 1000:.0f}",
    }
    limit = row.limits.get("parallel_runs") if isinstance(row.limits, dict) else None
    if isinstance(limit, int):
        told = _("It allows %(limit)s runs at once.") % {"limit": limit}
        seen = f"{seen} {told}"
    return _say("reach", State.OK, seen)


def _judge_row(row: SunaConnection, *, now: dt.datetime) -> Iterator[Finding]:
    if row.paused_code:
        seen = _("%(name)s: its starts wait for a person: %(code)s.") % {
            "name": row.name,
            "code": row.paused_code,
        }
        fix = (
            _("Renew its credential, then test the connection.")
            if row.paused_code == "credential_refused"
            else _("Mend that in Suna (payment, version), then test the connection.")
        )
        yield _say("paused", State.WARNING, seen, fix)
    if row.throttled_until is not None and row.throttled_until > now:
        seen = _("%(name)s: Suna takes no start before %(time)s UTC.") % {
            "name": row.name,
            "time": f"{row.throttled_until:%H:%M:%S}",
        }
        fix = _("Nothing needs to be done; a larger plan in Suna allows more runs at once.")
        yield _say("throttled", State.OK, seen, fix)
    synced_at: dt.datetime | None = getattr(row, "agents_synced_at", None)
    if synced_at is None or now - synced_at > CATALOGUE_MAX_AGE:
        when = _("never") if synced_at is None else f"{synced_at:%Y-%m-%d %H:%M} UTC"
        seen = _("%(name)s: its agents were synchronised: %(when)s.") % {"name": row.name, "when": when}
        yield _say("catalogue", State.WARNING, seen, _("Synchronise the agents of the connection."))


def _check_of(problem: Exception) -> str:
    if isinstance(problem, CredentialRefused | Undecryptable):
        return "credential"
    return "address" if isinstance(problem, RedirectRefused | AddressRefused) else "reach"


def _words_of(row: SunaConnection, problem: Exception) -> tuple[str, str]:
    """Return what was seen and what to do about a connection that cannot be used."""
    named = {"name": row.name}
    if isinstance(problem, Undecryptable):
        return (
            _("%(name)s: its stored credential does not open.") % named,
            _("Bring back the old encryption key, or give the credential again."),
        )
    if isinstance(problem, CredentialRefused):
        return (
            _("%(name)s: Suna answers and refuses the credential.") % named,
            _("Give the connection a new credential, then test it."),
        )
    if isinstance(problem, RedirectRefused):
        return (
            _("%(name)s: its address leads elsewhere, and Renum follows nobody with a credential.") % named,
            _("Let its base URL name the address where Suna itself answers."),
        )
    if isinstance(problem, AddressRefused):
        return (
            _("%(name)s: a person's own connection may not lead there: %(fault)s.")
            % {**named, "fault": problem.fault.value},
            _("List its host in RENUM_SUNA_ALLOWED_HOSTS, or make it a connection of the site."),
        )
    said = problem.detail if isinstance(problem, AgentServiceError) else ""
    reason = said or _("no answer within %(seconds)s s") % {"seconds": f"{ANSWERS_WITHIN_S:g}"}
    return (
        _("%(name)s: Suna cannot be asked: %(reason)s.") % {**named, "reason": reason.rstrip(".")},
        _("See that Suna runs, that its base URL is right, and that this host reaches it."),
    )


def _say(check: str, state: State, seen: str, fix: str = "") -> Finding:
    return Finding(area="suna", check=check, state=state, seen=seen, fix=fix)
