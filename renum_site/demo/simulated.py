"""What the simulated Suna says that it did: its ledger of starts and its runs with their tokens."""

from dataclasses import dataclass

from renum_site.cli import ApiClient

MAX_RUNS_READ = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedRun:
    """One run as the simulator carried it out. `starts_of_thread` counts the runs started in its thread."""

    id: str
    thread_id: str
    agent_id: str
    starts_of_thread: int
    tokens_input: int
    tokens_output: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What the simulator did since it was started.

    `start_requests` holds the thread of each request to start an agent, answered or not. `starts` and the
    tokens are the simulator's own totals; `is_whole` is false where older entries are forgotten.
    """

    start_requests: tuple[str, ...]
    runs: tuple[SimulatedRun, ...]
    starts: int
    tokens_input: int
    tokens_output: int
    is_whole: bool


def read_ledger(url: str) -> Ledger:
    """Ask the simulator's control plane. Raises ApiError."""
    with ApiClient(url) as control:
        answer = control.get("/_simulator/ledger", operation="agent.start", limit=MAX_RUNS_READ)
        runs = control.get("/_simulator/runs")["runs"]
        summary = control.get("/_simulator/summary")
    return Ledger(
        start_requests=tuple(entry["thread_id"] or "" for entry in answer["entries"]),
        runs=tuple(
            SimulatedRun(
                id=run["id"],
                thread_id=run["thread_id"],
                agent_id=run["agent_id"],
                starts_of_thread=run["starts_of_thread"],
                tokens_input=sum(response["input"] for response in run["responses"]),
                tokens_output=sum(response["output"] for response in run["responses"]),
            )
            for run in runs
        ),
        starts=summary["starts"],
        tokens_input=summary["tokens_input"],
        tokens_output=summary["tokens_output"],
        is_whole=answer["complete"] and not summary["forgotten_runs"],
    )
