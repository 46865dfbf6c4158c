"""What holds every start of a connection: a pause, an open circuit, a step that is at fault itself."""

import pytest

from executions.agent_service import (
    CredentialRefused,
    PaymentRequired,
    RedirectRefused,
    Unavailable,
)
from executions.engine.state import Reason
from tests.unit.orchestrator.gates import make_gate, wish

PAUSES = [
    (Unavailable(sent=False), "service_unavailable", 1, False),
    (RedirectRefused(), "service_redirect_refused", 2, False),
    (CredentialRefused(), "service_credential_refused", 30, True),
    (PaymentRequired(), "service_payment_required", 30, True),
]


@pytest.mark.parametrize(("error", "code", "first_s", "needs_a_person"), PAUSES)
def test_a_connection_out_of_order_holds_every_start_but_one_probe_at_a_time(
    error, code, first_s, needs_a_person
):
    gate = make_gate()
    gate.ask(wish(0), now=0)

    assert gate.refused(wish(0).key, error, now=0) is needs_a_person
    gate.give_back(wish(0).key, now=0)

    assert gate.ask(wish(1), now=first_s - 0.1) == Reason(code=code)
    gate.ask(wish(0), now=first_s - 0.1)
    assert gate.ask(wish(0), now=first_s) == Reason(code=code)
    assert gate.ask(wish(1), now=first_s) is None
    assert gate.refused(wish(1).key, error, now=first_s) is False
    gate.give_back(wish(1).key, now=first_s)
    assert gate.ask(wish(1), now=3 * first_s - 0.1) == Reason(code=code)
    assert gate.ask(wish(0), now=3 * first_s - 0.1) == Reason(code=code)
    assert gate.ask(wish(0), now=3 * first_s) is None
    assert not gate.refused(wish(0).key, error, now=3 * first_s)


@pytest.mark.parametrize(("error", "code", "first_s", "needs_a_person"), PAUSES)
def test_a_start_that_suna_takes_ends_the_pause_and_calls_the_line(error, code, first_s, needs_a_person):
    gate, called = make_gate(), []
    gate.ask(wish(0), now=0)
    gate.refused(wish(0).key, error, now=0)
    gate.give_back(wish(0).key, now=0)
    for number in range(1, 4):
        gate.ask(wish(number, wake=lambda number=number: called.append(number)), now=0.5)

    gate.tick(now=first_s)
    assert called == [1]
    assert gate.ask(wish(1), now=first_s) is None
    gate.started(wish(1).key, now=first_s)

    assert called == [1, 2, 3]
    assert gate.ask(wish(2), now=first_s) is None


def test_any_call_that_succeeds_ends_a_pause_once_but_proves_nothing_when_starts_fail_again():
    gate = make_gate()
    for number, ends in ((0, True), (1, False)):
        gate.ask(wish(number), now=number)
        gate.refused(wish(number).key, CredentialRefused(), now=number)
        gate.give_back(wish(number).key, now=number)
        gate.answered(now=number)
        assert (gate.pause is None) is ends


def test_a_probe_of_which_nothing_is_known_is_followed_by_another():
    gate = make_gate()
    gate.hold_for("payment_required", now=0)
    assert gate.ask(wish(0), now=30) is None

    gate.unsure(wish(0).key, now=31)

    assert gate.ask(wish(1), now=90) == Reason(code="service_payment_required")
    assert gate.ask(wish(1), now=91) is None


def test_only_a_start_shows_that_there_are_credits_again():
    gate = make_gate()
    gate.ask(wish(0), now=0)
    gate.refused(wish(0).key, PaymentRequired(), now=0)

    gate.answered(now=1)

    assert gate.is_paused_for("payment_required")
    gate.mended(now=2)
    assert gate.ask(wish(1), now=2) is None


def test_an_unreachable_service_takes_the_place_of_no_other_pause():
    gate = make_gate()
    gate.hold_for("payment_required", now=0)

    assert gate.hold_for("unavailable", now=1) is False

    assert gate.is_paused_for("payment_required")
    assert gate.hold_for("credential_refused", now=2) is True


def test_the_time_of_an_open_circuit_counts_and_not_that_of_the_pause_beside_it():
    gate = make_gate()
    for _ in range(5):
        gate.circuit.failed(now=0)
    gate.hold_for("unavailable", now=0.6)

    # The circuit would send a call at 0.8, the pause one at 1.6.
    assert gate.ask(wish(0), now=0.7) == Reason(code="service_unavailable")
    assert gate.ask(wish(0), now=0.8) is None
    assert gate.circuit.allow(now=0.8)
    gate.refused(wish(0).key, Unavailable(), now=0.9)
    gate.give_back(wish(0).key, now=0.9)
    assert gate.ask(wish(0), now=2.3) == Reason(code="service_unavailable")
    assert gate.ask(wish(0), now=2.41) is None


def test_starts_are_held_while_the_circuit_is_open_but_for_one_that_probes():
    gate, called = make_gate(), []
    for _ in range(5):
        gate.circuit.failed(now=0)

    assert gate.ask(wish(0, wake=lambda: called.append(0)), now=0.5) == Reason(code="service_unavailable")
    gate.tick(now=0.9)
    assert called == [0]
    assert gate.ask(wish(0), now=0.9) is None
    assert gate.ask(wish(1, wake=lambda: called.append(1)), now=0.9) == Reason(code="service_unavailable")
    gate.circuit.succeeded()
    gate.started(wish(0).key, now=1)
    assert called == [0, 1]
