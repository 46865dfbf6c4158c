"""A step whose start always fails: it holds up nobody else, and is found out in the end."""

import pytest

from executions.agent_service import Unavailable
from executions.orchestrator.gate import Gate
from executions.orchestrator.own_failures import FAILING_FOR_S
from executions.orchestrator.start_line import Wish
from tests.unit.orchestrator.gates import make_gate, wish


def poison(gate: Gate, others: dict[int, Wish], *, until_s: int) -> tuple[list[int], list[Wish], list[int]]:
    """Play by a clock, where each start of one step fails and the others come at their times.

    Return when that step was tried, which others Suna took, and when the step was said to be at fault.
    """
    bad, tried, taken, at_fault = wish(0, under_way=True), [], [], []
    waiting = [bad]
    for now in range(until_s):
        waiting += [others[now]] if now in others else []
        for one in list(waiting):
            if gate.ask(one, now=now) is not None:
                continue
            if one is bad:
                tried.append(now)
                gate.refused(bad.key, Unavailable(), now=now)
                at_fault += [now] if gate.is_own_fault(bad.key, now=now) else []
            else:
                gate.started(one.key, now=now)
                taken.append(one)
                waiting.remove(one)
            gate.give_back(one.key, now=now)
    return tried, taken, at_fault


def test_a_step_whose_start_always_fails_does_not_keep_its_users_others_from_starting():
    gate, others = make_gate(), {number: wish(number) for number in range(1, 6)}

    tried, taken, at_fault = poison(gate, others, until_s=120)

    assert taken == list(others.values())
    assert len(tried) > 1
    assert at_fault == []


def test_a_step_that_alone_fails_for_minutes_while_others_start_is_at_fault_itself():
    others = {30 * number: wish(number) for number in range(1, 50)}

    tried, taken, at_fault = poison(make_gate(), others, until_s=590)

    assert len(taken) == 19
    assert len(at_fault) == 1
    assert at_fault[0] - tried[0] >= FAILING_FOR_S


@pytest.mark.parametrize("error", [Unavailable(), Unavailable(sent=False)])
def test_no_step_is_at_fault_where_suna_takes_none_or_nothing_was_sent(error):
    gate = make_gate()
    for now in range(0, 2000, 20):
        if not error.sent:
            gate.started(wish(1).key, now=now)
        gate.refused(wish(0).key, error, now=now)
        assert not gate.is_own_fault(wish(0).key, now=now)
