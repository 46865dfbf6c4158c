"""Who may start on a connection, in which order, and what the others are told."""

import pytest

from executions.agent_service import (
    Throttled,
)
from executions.engine.state import Reason
from executions.orchestrator.circuit import OPENS_AFTER
from executions.orchestrator.gate import Gate
from executions.orchestrator.gate_shares import Demand
from executions.orchestrator.start_line import CALLED_FOR_S, SAY_AGAIN_S
from tests.unit.orchestrator.gates import DRIVER, IDS, OTHER, make_gate, play, wish


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
