"""What no number may hide: a step whose run was never completed, and an agent that was started twice."""

from collections.abc import Sequence

from bench.rounds import Round
from bench.situations import BenchError


def check_history(rounds: Sequence[Round]) -> None:
    """Raise BenchError where any runner lost a step, or started one twice, in any round."""
    wrong = [
        f"{runner} in {situation}: {clocked.lost} lost, {clocked.double_starts} started twice"
        for found in rounds
        for (situation, runner), clocked in found.items()
        if clocked.lost or clocked.double_starts
    ]
    if wrong:
        raise BenchError("; ".join(wrong))
