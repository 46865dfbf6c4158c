"""A gate, and wishes to start, with the defaults that the tests of the gate share."""

import uuid
from collections.abc import Callable

from executions.orchestrator.gate import Gate
from executions.orchestrator.start_limit import OPEN_WINDOW
from executions.orchestrator.start_line import Wish

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
