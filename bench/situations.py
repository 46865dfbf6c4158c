"""What is measured: how many executions are in flight, how long they are, and how long each run takes."""

from dataclasses import dataclass

AGENT_TEXT_CHARS = 2048


class BenchError(Exception):
    """The bench cannot give an honest number; the message is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Some executions of one sequential team, all in flight at once.

    `run_s` is how long each agent run takes at the simulator. `polls` says whether the schedule of polls
    matters: a run that is over when it is first looked at is never polled again.
    """

    name: str
    title: str
    executions: int
    steps: int
    run_s: float

    @property
    def polls(self) -> bool:
        """Whether a run outlasts the first look at it."""
        return self.run_s > 0

    @property
    def all_steps(self) -> int:
        """How many runs the situation starts in all."""
        return self.executions * self.steps

    def definition(self) -> dict[str, object]:
        """Return the workflow: each agent answers with 2 KB, after `run_s`."""
        return {
            "type": "sequential",
            "agents": [
                {
                    "agent_id": f"agent-{number}",
                    "role": "analyst",
                    "instructions": (
                        "Say what follows from this. "
                        f'@@sim{{"takes": {self.run_s}, "chars": {AGENT_TEXT_CHARS}}}'
                    ),
                }
                for number in range(1, self.steps + 1)
            ],
        }


FULL = (
    Situation(name="one", title="1 in flight, 12 steps, 0.2 s runs", executions=1, steps=12, run_s=0.2),
    Situation(name="hundred", title="100 in flight, 3 steps, 2 s runs", executions=100, steps=3, run_s=2.0),
    Situation(name="flow", title="64 in flight, 5 steps, runs of 0 s", executions=64, steps=5, run_s=0.0),
)
QUICK = (
    Situation(name="one", title="1 in flight, 3 steps, 0.2 s runs", executions=1, steps=3, run_s=0.2),
    Situation(name="hundred", title="5 in flight, 2 steps, 0.3 s runs", executions=5, steps=2, run_s=0.3),
    Situation(name="flow", title="8 in flight, 2 steps, runs of 0 s", executions=8, steps=2, run_s=0.0),
)
