"""What a test of a connection found, judged: what works with this credential and what does not. Pure.

A finding is {"name", "state", "code"}: `state` is works, limited, missing, unknown or absent (not missed),
and `code` says which of the sentences of `executions.wording.connection_tests` applies.
"""

from dataclasses import dataclass

from executions.agent_service import LiveSource
from executions.suna.probe import Probed, Seen
from executions.suna.wire import Capabilities

FINDINGS = ("agents", "results", "usage", "live", "questions", "adoption", "user_keys")
"""The names, in the order in which people read them."""

READ_BY_BEARER = ("2025-12", "2026-01")
"""Versions whose messages are read with a bearer token alone, never with an API key."""
MAY_NEED_BEARER = "2025-10"
"""Its builds from 6 November 2025 on are like that too, and nothing tells them apart (suna-contract §1.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a team may need, and how it is with it here."""

    name: str
    state: str
    code: str

    def as_json(self) -> dict[str, str]:
        """Return it as plain JSON values."""
        return {"name": self.name, "state": self.state, "code": self.code}


def judge_probe(
    probed: Probed, *, profile: str, capabilities: Capabilities, has_bearer: bool, sends_user_keys: bool
) -> tuple[Finding, ...]:
    """Return one finding for each of FINDINGS."""
    readable = _readable(probed, profile=profile, capabilities=capabilities, has_bearer=has_bearer)
    return (
        _agents(probed.agents),
        _finding("results", *_RESULTS[readable]),
        _usage(capabilities, readable),
        _finding("live", *_LIVE[capabilities.live]),
        _questions(capabilities),
        _adoption(probed.thread_runs, capabilities),
        _user_keys(capabilities, sends_user_keys=sends_user_keys),
    )


def _finding(name: str, state: str, code: str) -> Finding:
    return Finding(name=name, state=state, code=code)


def _readable(probed: Probed, *, profile: str, capabilities: Capabilities, has_bearer: bool) -> str:
    """Return yes, by_replay, needs_bearer, no or unknown: whether what a run left behind can be read.

    A thread that nobody has is not found, whoever asks: so it is the JWT that tells, not the answer.
    """
    is_closed = probed.result in (Seen.REFUSED, Seen.DENIED)
    if not has_bearer and (profile in (*READ_BY_BEARER, MAY_NEED_BEARER) or is_closed):
        has_replay = profile in (*READ_BY_BEARER, MAY_NEED_BEARER) and capabilities.streams_safely
        return "by_replay" if has_replay else "needs_bearer"
    if is_closed or (profile in READ_BY_BEARER and probed.jwt_expired):
        return "no"
    return {Seen.WORKS: "yes", Seen.ABSENT: "no"}.get(probed.result, "unknown")


_RESULTS = {
    "yes": ("works", "readable"),
    "by_replay": ("limited", "by_replay"),
    "needs_bearer": ("missing", "needs_bearer"),
    "no": ("missing", "unreadable"),
    "unknown": ("unknown", "not_told"),
}
_LIVE = {
    LiveSource.STREAM: ("works", "by_stream"),
    LiveSource.ROWS: ("limited", "by_rows"),
    LiveSource.NONE: ("absent", "none"),
}


def _agents(seen: Seen) -> Finding:
    match seen:
        case Seen.WORKS:
            return _finding("agents", "works", "listed")
        case Seen.DENIED:
            # Builds until August 2025 do so, unless a flag is set there; agents run all the same.
            return _finding("agents", "limited", "agents_disabled")
        case Seen.REFUSED | Seen.ABSENT:
            return _finding("agents", "missing", "not_listed")
        case _:
            return _finding("agents", "unknown", "not_told")


def _usage(capabilities: Capabilities, readable: str) -> Finding:
    if not capabilities.reports_usage:
        return _finding("usage", "missing", "not_reported")
    if readable == "needs_bearer":
        return _finding("usage", "missing", "needs_bearer")
    return (
        _finding("usage", "works", "reported")
        if readable == "yes"
        else _finding("usage", "unknown", "not_told")
    )


def _questions(capabilities: Capabilities) -> Finding:
    if not capabilities.tells_questions:
        return _finding("questions", "absent", "not_told_apart")
    if not capabilities.answers_in_thread:
        return _finding("questions", "limited", "new_run")
    return _finding("questions", "works", "in_thread")


def _adoption(seen: Seen, capabilities: Capabilities) -> Finding:
    if not (capabilities.makes_threads and capabilities.lists_runs):
        return _finding("adoption", "missing", "start_uncertain")
    # A thread that nobody has is forbidden in some versions and not found in others.
    if seen in (Seen.WORKS, Seen.DENIED):
        return _finding("adoption", "works", "looked_up")
    return _finding("adoption", "unknown", "not_told")


def _user_keys(capabilities: Capabilities, *, sends_user_keys: bool) -> Finding:
    if capabilities.honours_user_keys:
        return (
            _finding("user_keys", "works", "sent")
            if sends_user_keys
            else _finding("user_keys", "limited", "not_allowed")
        )
    return (
        _finding("user_keys", "limited", "sent_in_vain")
        if sends_user_keys
        else _finding("user_keys", "absent", "ignored")
    )
