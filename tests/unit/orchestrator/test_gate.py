"""Who may start on a connection, in which order, and what the others are told."""

import uuid
from collections.abc import Callable

import pytest

from executions.agent_service import (
    CredentialRefused,
    PaymentRequired,
    RedirectRefused,
    Throttled,
    Unavailable,
)
from executions.engine.state import Reason
from executions.orchestrator.circuit import OPENS_AFTER
from executions.orchestrator.gate import Gate
from executions.orchestrator.gate_shares import Demand
from executions.orchestrator.start_limit import OPEN_WINDOW
from executions.orchestrator.start_line import CALLED_FOR_S, SAY_AGAIN_S, Wish

DRIVER, OTHER = uuid.uuid4(), uuid.uuid4()
IDS = sorted(uuid.uuid4() for _ in range(60))


def make_gate(cap: int | None = None) -> Gate:
    gate = Gate(DRIVER, growth_s=10, jitter=lambda low, high: low)
    for _ in range(OPEN_WINDOW):
        gate.limit.started()
    if cap is not None:
        gate.limit.learn(cap, told=True)
    return gate


def wish(
    execution: int = 0,
    step: str = "a",
    *,
    user: str = "ann",
    under_way: bool = False,
    position: int = 0,
    wake: Callable[[], None] = lambda: None,
) -> Wish:
    return Wish(key=(IDS[execution], step), user=user, under_way=under_way, position=position, wake=wake)


def play(gate: Gate, wishes: list[Wish], *, until: int) -> list[Wish]:
    """Start and end one after the other, as the gate wants; return the order."""
    now, running, order = 1.0, [], []
    waiting = list(wishes)
    for one in list(waiting):
        if gate.ask(one, now=now) is None:
            order.append(one)
            running.append(one)
            waiting.remove(one)
            gate.started(one.key, now=now)
    while len(order) < until:
        gate.give_back(running.pop(0).key, now=now)
        # Asked in an order that is not the gate's.
        for one in reversed(list(waiting)):
            if gate.ask(one, now=now) is None:
                order.append(one)
                running.append(one)
                waiting.remove(one)
                gate.started(one.key, now=now)
    return order


def test_everything_starts_where_no_limit_is_known():
    gate = make_gate()

    assert [gate.ask(wish(number), now=0) for number in range(50)] == [None] * 50
    assert gate.demand == Demand(in_flight=50, waiting=0)


def test_where_nothing_is_known_starts_go_a_few_at_a_time_and_say_so():
    gate, called = Gate(DRIVER, growth_s=10, jitter=lambda low, high: low), []
    for number in range(2):
        assert gate.ask(wish(number), now=0) is None
    for number in range(2, 6):
        said = gate.ask(wish(number, wake=lambda number=number: called.append(number)), now=0)
        assert said == Reason(code="start_in_turn")

    gate.started(wish(0).key, now=0.1)

    assert called == [2, 3]
    gate.unsure(wish(1).key, now=0.2)
    assert called == [2, 3, 4]


def test_what_may_not_start_says_the_limit_and_its_place_in_line():
    gate = make_gate(cap=2)

    said = [gate.ask(wish(number), now=0) for number in range(5)]

    assert said[:2] == [None, None]
    assert [reason and (reason.code, dict(reason.params)) for reason in said[2:]] == [
        ("service_throttled", {"limit": 2, "running": 2, "place": place}) for place in (1, 2, 3)
    ]


@pytest.mark.parametrize("cause", ["pause", "circuit"])
def test_those_in_line_are_told_once_when_something_else_holds_them_up_and_once_when_it_is_over(cause):
    gate, woken = make_gate(cap=1), []
    wishes = [wish(number, wake=lambda number=number: woken.append(number)) for number in range(3)]
    for one in wishes:
        gate.ask(one, now=0)
    gate.tick(now=0.1)
    assert woken == []

    if cause == "pause":
        gate.hold_for("credential_refused", now=1)
    else:
        for _ in range(OPENS_AFTER):
            gate.circuit.failed(now=1)
    for tenth in range(5):
        gate.tick(now=1 + tenth / 10)

    assert woken == [1, 2]
    said = {reason.code for one in wishes[1:] if (reason := gate.ask(one, now=1.5)) is not None}
    assert said == {"service_credential_refused" if cause == "pause" else "service_unavailable"}
    if cause == "pause":
        gate.mended(now=2)
    else:
        gate.circuit.succeeded()
    for tenth in range(5):
        gate.tick(now=2 + tenth / 10)
    assert woken == [1, 2, 1, 2]


def test_the_next_in_line_is_called_when_a_place_is_free_and_only_that_one():
    gate, called = make_gate(cap=1), []
    wishes = [wish(number, wake=lambda number=number: called.append(number)) for number in range(4)]
    for one in wishes:
        gate.ask(one, now=0)
    assert called == []

    gate.give_back(wish(0).key, now=1)

    assert called == [1]
    assert gate.ask(wishes[2], now=1) is not None
    assert gate.ask(wishes[1], now=1) is None
    gate.give_back(wish(1).key, now=2)
    assert called == [1, 2]


def test_who_was_called_and_does_not_come_lets_the_others_pass():
    gate, called = make_gate(cap=1), []
    for number in range(3):
        gate.ask(wish(number, wake=lambda number=number: called.append(number)), now=0)
    gate.give_back(wish(0).key, now=1)

    gate.tick(now=1 + CALLED_FOR_S + 0.1)

    assert called == [1, 2]
    assert gate.ask(wish(2), now=1 + CALLED_FOR_S + 0.2) is None


def test_users_take_turns_whatever_each_has_waiting():
    wishes = [wish(number, user="ann") for number in range(40)] + [wish(40, user="bob")]

    order = play(make_gate(cap=2), wishes, until=6)

    assert [one.user for one in order] == ["ann", "ann", "bob", "ann", "ann", "ann"]


def test_of_one_user_what_is_under_way_comes_first_then_the_older_then_the_order_of_the_document():
    first = wish(0)
    wishes = [
        first,
        wish(3, "b", position=1),
        wish(3, "a", position=0),
        wish(2),
        wish(9, under_way=True),
        wish(5, under_way=True),
    ]

    order = play(make_gate(cap=1), wishes, until=6)

    assert [one.key for one in order] == [
        first.key,
        wish(5).key,
        wish(9).key,
        wish(2).key,
        wish(3, "a").key,
        wish(3, "b").key,
    ]


def test_an_execution_that_is_over_or_wants_nothing_leaves_the_line_and_gives_its_places_back():
    gate, called = make_gate(cap=1), []
    gate.ask(wish(0), now=0)
    gate.ask(wish(1, "a"), now=0)
    gate.ask(wish(1, "b"), now=0)
    gate.ask(wish(2, wake=lambda: called.append(2)), now=0)
    gate.keep_only(IDS[1], {"b"})
    assert gate.demand == Demand(in_flight=1, waiting=2)

    gate.forget(IDS[1], now=0)
    gate.forget(IDS[0], now=0)

    assert gate.demand == Demand(in_flight=0, waiting=1)
    assert called == [2]


def test_a_run_that_is_adopted_is_counted_even_above_the_limit():
    gate = make_gate(cap=1)
    for number in range(3):
        gate.take(wish(number).key, now=0)

    assert gate.ask(wish(9), now=0) is not None
    gate.give_back(wish(0).key, now=1)
    gate.give_back(wish(1).key, now=1)
    assert gate.ask(wish(9), now=1) is not None
    gate.give_back(wish(2).key, now=1)
    assert gate.ask(wish(9), now=1) is None


def test_a_place_in_line_that_changed_is_said_again_only_after_a_while():
    gate = make_gate(cap=1)
    for number in range(4):
        gate.ask(wish(number), now=0)
    at_first = gate.ask(wish(3), now=0)
    gate.keep_only(IDS[1], set())

    assert gate.ask(wish(3), now=SAY_AGAIN_S - 1) == at_first
    later = gate.ask(wish(3), now=SAY_AGAIN_S)
    assert later is not None
    assert later.params["place"] == 2
    gate.limit.learn(3, told=True)
    gate.take(wish(50).key, now=0)
    gate.take(wish(51).key, now=0)
    changed = gate.ask(wish(3), now=SAY_AGAIN_S + 1)
    assert changed is not None
    assert changed.params["limit"] == 3


def test_what_other_drivers_have_in_flight_counts_and_each_has_its_share():
    gate = make_gate(cap=4)
    gate.others = {OTHER: Demand(in_flight=3, waiting=10)}

    assert gate.ask(wish(0), now=0) is None
    assert gate.ask(wish(1), now=0) is not None
    gate.others = {OTHER: Demand(in_flight=1, waiting=10)}
    assert gate.ask(wish(1), now=1) is None
    # A third one is free, but it is the other's.
    assert gate.ask(wish(2), now=1) is not None
    gate.others = {}
    assert gate.ask(wish(2), now=2) is None


def test_a_refused_start_teaches_the_limit_and_the_next_one_goes_when_a_run_ends():
    gate = make_gate()
    for number in range(3):
        assert gate.ask(wish(number), now=0) is None
    gate.started(wish(0).key, now=0.1)
    gate.started(wish(1).key, now=0.1)

    assert gate.refused(wish(2).key, Throttled(limit=2), now=0.2) is False
    gate.give_back(wish(2).key, now=0.2)

    assert gate.ask(wish(2), now=10) == Reason(
        code="service_throttled", params={"limit": 2, "running": 2, "place": 1}
    )
    gate.give_back(wish(0).key, now=11)
    assert gate.ask(wish(2), now=11) is None


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
    was = gate.generation
    for number in range(1, 4):
        gate.ask(wish(number, wake=lambda number=number: called.append(number)), now=0.5)

    gate.tick(now=first_s)
    assert called == [1]
    assert gate.ask(wish(1), now=first_s) is None
    assert gate.generation > was
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
