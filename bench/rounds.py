"""The rounds: in each, every situation by every runner, one runner after the other.

The order turns from round to round, so that what the machine does besides falls on all of them.
"""

from collections.abc import Callable
from typing import Literal

from bench.clocked import Clocked, clock, requests_of_step
from bench.cpu_time import watch_product
from bench.plain_http import Wait, go_through, wait_knowing, wait_watching
from bench.product import Product
from bench.simulated_suna import SimulatedSuna
from bench.situations import BenchError, Situation

Runner = Literal["renum", "plain", "raw"]
Round = dict[tuple[str, Runner], Clocked]
"""What one round brought, by situation and runner."""


def run_rounds(
    situations: tuple[Situation, ...],
    *,
    suna: SimulatedSuna,
    product: Product,
    rounds: int,
    say: Callable[[str], None],
) -> list[Round]:
    """Go through all rounds."""
    found: list[Round] = []
    for number in range(1, rounds + 1):
        found.append({})
        for situation in situations:
            if situation.once and number > 1:
                continue
            say(f"round {number} of {rounds}: {situation.title}")
            found[-1] |= _go_through(situation, suna, product, backwards=number % 2 == 0)
    return found


def runners_of(situation: Situation) -> tuple[Runner, ...]:
    """Return who goes through a situation: where nobody asks twice, plain HTTP and raw are the same."""
    return ("renum", "plain", "raw") if situation.polls and situation.by_plain else ("renum", "raw")


def _go_through(
    situation: Situation, suna: SimulatedSuna, product: Product, *, backwards: bool
) -> dict[tuple[str, Runner], Clocked]:
    waits: dict[Runner, Wait] = {"plain": wait_watching, "raw": wait_knowing(situation.run_s)}
    order = runners_of(situation)
    found: dict[tuple[str, Runner], Clocked] = {}
    calls: dict[Runner, list[tuple[str, int]]] = {}
    for runner in reversed(order) if backwards else order:
        since = suna.reset()
        if runner == "renum":
            count_cpu = watch_product()
            chains, cpu_s = product.go_through(situation), count_cpu()
        else:
            chains, cpu_s = go_through(
                suna.url, situation, prompts=product.prompts_of(situation), wait=waits[runner]
            )
        seen = suna.look(since=since)
        found[situation.name, runner] = clock(seen, chains, cpu_s=cpu_s)
        calls[runner] = [call for thread_id in chains[0] for call in requests_of_step(seen, thread_id)]
    for runner, made in calls.items():
        if made != calls["renum"]:
            msg = f"The requests of {runner} are not those of Renum: {made} instead of {calls['renum']}."
            raise BenchError(msg)
    return found
