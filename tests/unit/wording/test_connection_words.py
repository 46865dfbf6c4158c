"""Every code of a test of a connection, and every notice of one, has its words in both languages."""

import ast
import datetime as dt
import itertools
from collections.abc import Iterator

import pytest
from django.utils import translation

from executions.actions.check_base_url import Fault
from executions.actions.connection_findings import FINDINGS, judge_probe
from executions.suna.probe import Probed, Seen
from executions.suna.wire import PROFILES
from executions.wording.connection_tests import (
    FINDING_SENTENCES,
    OUTCOME_CODES,
    finding_words,
    outcome_words,
    sync_words,
)
from teams.models import SunaConnection, User
from teams.wording.connections import connection_notices
from tests.unit.wording.codes_in_source import ROOT, port_codes

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
# Errors of the port that a test may come upon and that have no words of their own: try again, see the log.
ANY_OTHER = {
    "agent_service_error",
    "bad_response",
    "contract_changed",
    "denied",
    "not_found",
    "payment_required",
    "rejected",
    "result_expired",
    "result_too_large",
    "start_uncertain",
    "throttled",
}


def in_both(words: tuple[str, ...] | str, again: tuple[str, ...] | str) -> None:
    """Check words as they are in English and again in Portuguese: all there, all filled in, none the same."""
    english = (words,) if isinstance(words, str) else words
    other = (again,) if isinstance(again, str) else again
    assert len(english) == len(other)
    for one, two in zip(english, other, strict=True):
        assert bool(one) is bool(two)
        assert not one or one != two
        assert "%(" not in one + two


def outcome_codes_in_source() -> Iterator[str]:
    """Return the codes that are written out where a test is made: in calls that make an outcome of one."""
    for path in ("executions/actions/try_connection.py", "executions/suna/reach.py"):
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            is_given = isinstance(node, ast.keyword) and node.arg == "code"
            is_chosen = isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "code"
            if is_given or is_chosen:
                yield from _texts(node.value)


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def test_every_outcome_of_a_test_has_words() -> None:
    written = set(outcome_codes_in_source())
    assert {"web_page", "tls", "service_fails", "prefix_in_address", "no_answer", "dns"} <= written
    addresses = {f"address_{fault}" for fault in Fault}
    assert sorted((written | addresses | port_codes()) - OUTCOME_CODES - ANY_OTHER) == [
        # Said in the words of another.
        "credential_undecryptable",
        "unavailable",
    ]
    for code in {*OUTCOME_CODES, *port_codes(), *addresses}:
        words = outcome_words(code)
        assert words[0]
        assert words[1] or not code
        with translation.override("pt-br"):
            in_both(words, outcome_words(code))
    with translation.override("pt-br"):
        listed = sync_words("agents_disabled")
    in_both(sync_words("agents_disabled"), listed)
    assert sync_words("") == ""


def test_every_finding_of_a_test_has_words_and_no_words_are_left_over() -> None:
    found = set()
    for profile, seen, result, bearer, sends in itertools.product(
        PROFILES, Seen, Seen, (True, False), (True, False)
    ):
        probed = Probed(
            run=seen,
            agents=seen,
            thread_runs=seen,
            result=result,
            active_runs=seen,
            latency_s=None,
            said_time=None,
            account_id=None,
        )
        judged = judge_probe(
            probed,
            profile=profile,
            capabilities=PROFILES[profile].capabilities,
            has_bearer=bearer,
            sends_user_keys=sends,
        )
        assert [one.name for one in judged] == [*FINDINGS]
        found |= {(one.name, one.state, one.code) for one in judged}

    told = {(name, code) for name, _, code in found if code != "not_told"}
    assert told == FINDING_SENTENCES
    for one in found:
        words = finding_words(*one)
        assert words[0] != one[0]
        with translation.override("pt-br"):
            in_both(words, finding_words(*one))


@pytest.mark.parametrize(
    ("code", "holds_up", "columns"),
    [
        ("not_tested", True, {"wire_profile": ""}),
        ("credential_absent", True, {"credential_marks": {}}),
        # What is not there was refused: once told is enough.
        ("credential_absent", True, {"credential_marks": {}, "paused_code": "credential_refused"}),
        ("credential_refused", True, {"paused_code": "credential_refused"}),
        ("payment_required", True, {"paused_code": "payment_required"}),
        ("unknown_suna", True, {"paused_code": "unknown_suna"}),
        ("made_up_since", True, {"paused_code": "made_up_since"}),
        ("unreachable", True, {"unreachable_at": NOW}),
        ("throttled", True, {"throttled_until": NOW + HOUR}),
        ("token_expires", False, {"bearer_expires_at": NOW + HOUR}),
        ("token_expired", False, {"bearer_expires_at": NOW}),
    ],
)
@pytest.mark.parametrize("keeper", ["olga", None])
def test_every_notice_names_the_connection_and_who_can_mend_it(code, holds_up, columns, keeper) -> None:
    owner = User(username=keeper) if keeper else None
    marks = {"bearer": "…"}
    fields = {"name": "Nightly", "wire_profile": "2025-08", "owner": owner, "credential_marks": marks}
    fields |= columns
    connection = SunaConnection(**fields)

    (notice,) = connection_notices(connection, now=NOW)

    assert (notice.code, notice.holds_up) == (code, holds_up)
    assert "“Nightly”" in notice.message
    if code == "throttled":
        # It passes by itself; who reads it is told until when, on their own clock.
        assert "13:00:00" in notice.message
    else:
        assert (keeper or "Staff") in notice.message
    with translation.override("pt-br"):
        in_both(notice.message, connection_notices(connection, now=NOW)[0].message)


def test_notices_that_are_over_are_not_told() -> None:
    well = SunaConnection(
        name="Nightly",
        wire_profile="2025-08",
        credential_marks={"bearer": "…"},
        throttled_until=NOW,
        unreachable_at=NOW - HOUR,
        bearer_expires_at=NOW + dt.timedelta(days=30),
    )

    assert connection_notices(well, now=NOW) == ()
