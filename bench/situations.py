"""What is measured: how many executions are in flight, how long they are, and how long each run takes."""

from dataclasses import dataclass

AGENT_TEXT_CHARS = 2048
MODEL = "openai/gpt-4o-mini"
"""Named by each step, so that no agent has to be asked for its own."""


class BenchError(Exception):
    """The bench cannot give an honest number; the message is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Some executions of one sequential team, all in flight at once.

    `once` is measured in the first round only; with `by_plain` false only Renum and raw go through it.

    `run_s` is how long each agent run takes at the simulator. The executions begin evenly over `spread_s`; 0
    is all at one moment. Without a spread their steps would end together for ever, and the simulator's queue
    would be measured. It is shorter than a run, so that no start falls among the hand-offs.
    """

    name: str
    title: str
    executions: int
    steps: int
    run_s: float
    spread_s: float = 0.0
    once: bool = False
    by_plain: bool = True

    @property
    def polls(self) -> bool:
        """Whether it matters how one learns of an end: a run that is over at the first look has no second."""
        return self.run_s > 0

    def agent_ids(self) -> list[str]:
        """Return the agents in the order of the steps."""
        return [f"agent-{number}" for number in range(1, self.steps + 1)]

    def moments_s(self) -> list[float]:
        """Return when each execution begins, in seconds after the first."""
        return [self.spread_s * number / self.executions for number in range(self.executions)]

    def definition(self) -> dict[str, object]:
        """Return the workflow: each agent answers with 2 KB, after `run_s`."""
        return {
            "type": "sequential",
            "agents": [
                {
                    "agent_id": agent_id,
                    "role": "analyst",
                    "model_name": MODEL,
                    "instructions": (
                        "Say what follows from this. "
                        f'@@sim{{"takes": {self.run_s}, "chars": {AGENT_TEXT_CHARS}}}'
                    ),
                }
                for agent_id in self.agent_ids()
            ],
        }


FULL = (
    Situation(name="one", title="1 in flight, 12 steps, 0.2 s runs", executions=1, steps=12, run_s=0.2),
    Situation(
        name="hundred",
        title="100 in flight, 3 steps, 2 s runs",
        executions=100,
        steps=3,
        run_s=2.0,
        spread_s=1.9,
    ),
    Situation(
        name="thousand",
        title="1000 in flight, 3 steps, 20 s runs",
        executions=1000,
        steps=3,
        run_s=20.0,
        spread_s=19.0,
        once=True,
        by_plain=False,
    ),
    Situation(name="flow", title="64 in flight, 5 steps, runs of 0 s", executions=64, steps=5, run_s=0.0),
)
QUICK = (
    Situation(name="one", title="1 in flight, 3 steps, 0.2 s runs", executions=1, steps=3, run_s=0.2),
    Situation(
        name="hundred",
        title="5 in flight, 2 steps, 0.3 s runs",
        executions=5,
        steps=2,
        run_s=0.3,
        spread_s=0.2,
    ),
    Situation(
        name="thousand",
        title="20 in flight, 2 steps, 0.5 s runs",
        executions=20,
        steps=2,
        run_s=0.5,
        spread_s=0.4,
        once=True,
        by_plain=False,
    ),
    Situation(name="flow", title="8 in flight, 2 steps, runs of 0 s", executions=8, steps=2, run_s=0.0),
)
