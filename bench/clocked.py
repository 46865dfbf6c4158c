"""From what the simulator saw to numbers: hand-offs, steps a second, percentiles. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from bench.simulated_suna import Seen
from bench.situations import BenchError

FIRST_REQUEST = "threads.create"
POLL = "run.get"
STREAM = "run.stream"

Chain = Sequence[str]
"""The threads of one execution, in the order of its steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocked:
    """One situation, gone through once by one runner. The CPU time is None where it could not be read.

    `lost` are the steps whose run was never completed, `double_starts` the runs beyond one for a step.
    `own_ms` is what of each hand-off follows the arrival of the poll that learned of the run's end: the
    runner's part, whatever it waited for before.
    """

    hand_offs_ms: tuple[float, ...]
    own_ms: tuple[float, ...]
    steps_per_s: float
    requests_per_step: float
    cpu_s_per_1000_steps: float | None
    lost: int = 0
    double_starts: int = 0

    @property
    def p50_ms(self) -> float:
        """The median hand-off."""
        return percentile(self.hand_offs_ms, 50)

    @property
    def p95_ms(self) -> float:
        """The hand-off that 95 of 100 do not exceed."""
        return percentile(self.hand_offs_ms, 95)

    @property
    def own_p50_ms(self) -> float:
        """The median of the runner's own part."""
        return percentile(self.own_ms, 50)

    @property
    def own_p95_ms(self) -> float:
        """The own part that 95 of 100 do not exceed."""
        return percentile(self.own_ms, 95)


def clock(seen: Seen, chains: Sequence[Chain], *, cpu_s: float | None) -> Clocked:
    """Return the numbers of `chains`.

    A hand-off lasts from the end of a run to the arrival of the first request for the next step. The steps
    are counted from the first request of all to the answer to the last.
    """
    arrived_at = {
        request.thread_id: request.at for request in seen.requests if request.operation == FIRST_REQUEST
    }
    threads = {thread_id for chain in chains for thread_id in chain}
    steps = sum(len(chain) for chain in chains)
    if not threads <= arrived_at.keys():
        msg = f"{len(threads - arrived_at.keys())} of {steps} threads were made that the simulator never saw."
        raise BenchError(msg)
    pairs = [pair for chain in chains for pair in pairwise(chain) if pair[0] in seen.ended_at]
    learned_at = _learned_at(seen)
    lasted_s = max(request.over_at for request in seen.requests) - min(arrived_at.values())
    return Clocked(
        hand_offs_ms=tuple((arrived_at[new] - seen.ended_at[ended]) * 1000 for ended, new in pairs),
        own_ms=tuple((arrived_at[new] - learned_at[ended]) * 1000 for ended, new in pairs),
        steps_per_s=steps / lasted_s,
        requests_per_step=len(seen.requests) / steps,
        cpu_s_per_1000_steps=None if cpu_s is None else cpu_s / steps * 1000,
        lost=len(threads - seen.ended_at.keys()),
        double_starts=sum(
            starts - (thread_id in threads) for thread_id, starts in seen.starts_of_thread.items()
        ),
    )


def _learned_at(seen: Seen) -> dict[str, float]:
    """Return by thread when the first poll arrived that its run was over for."""
    found: dict[str, float] = {}
    for request in seen.requests:
        if request.operation != POLL or request.thread_id not in seen.ended_at:
            continue
        # A poll that arrives a hair before the end may be answered after it: then it is the last one.
        if found.get(request.thread_id, 0.0) < seen.ended_at[request.thread_id]:
            found[request.thread_id] = request.at
    return found


def requests_of_step(seen: Seen, thread_id: str) -> list[tuple[str, int]]:
    """Return the operations for one step and the sizes of their bodies, without repeated polls and streams.

    How one learns of an end is what the runners differ in.
    """
    calls = [
        (seen_.operation, seen_.body_bytes)
        for seen_ in seen.requests
        if seen_.thread_id == thread_id and seen_.operation != STREAM
    ]
    return [call for number, call in enumerate(calls) if call[0] != POLL or call not in calls[:number]]


def percentile(values: Sequence[float], percent: float) -> float:
    """Return a percentile, between two neighbours in proportion. Raises BenchError for no values."""
    if not values:
        raise BenchError("There is no hand-off in an execution of one step.")
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
