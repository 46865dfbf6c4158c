"""What the demo has read from the API, as frozen values. What is not in an answer is not shown."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

OVER = frozenset({"completed", "partial", "failed", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Tokens and money. `unpriced` counts responses without a known price: they are not in `cost_usd`."""

    tokens_input: int = 0
    tokens_output: int = 0
    cost_usd: Decimal = Decimal(0)
    unpriced: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            tokens_input=self.tokens_input + other.tokens_input,
            tokens_output=self.tokens_output + other.tokens_output,
            cost_usd=self.cost_usd + other.cost_usd,
            unpriced=self.unpriced + other.unpriced,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSeen:
    """One run in Suna, as a step's own address tells it."""

    attempt: int
    agent_id: str
    thread_id: str | None
    suna_run_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSeen:
    """One step. `code` and `params` say why it stands where it stands; `runs` are read at the end only."""

    step_id: str
    agent_id: str
    role: str
    status: str
    code: str
    params: Mapping[str, Any]
    result_text: str
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    figures: Figures
    runs: tuple[RunSeen, ...] = ()

    @property
    def name(self) -> str:
        """What people call the step."""
        return self.role or self.step_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionSeen:
    """One execution. `title` is the demo's own name for it."""

    id: str
    title: str
    prompt: str
    status: str
    code: str
    message: str
    answer: str
    usage_complete: bool
    figures: Figures
    steps: tuple[StepSeen, ...]

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come: it ended, and where it ended well, its usage is whole."""
        return self.status in OVER and (self.usage_complete or self.status != "completed")

    def where(self) -> str:
        """Return in a few words where it stands, step by step."""
        steps = ", ".join(f"{step.name} {step.status}" for step in self.steps)
        return f"{self.title}: {self.status} ({steps})"


def read_execution(body: Mapping[str, Any], *, title: str) -> ExecutionSeen:
    """Build an execution from the answer of its address."""
    return ExecutionSeen(
        id=body["id"],
        title=title,
        prompt=body["prompt"],
        status=body["status"],
        code=body["code"] or "",
        message=body["message"] or "",
        answer=body["result_text"],
        usage_complete=body["usage_complete"],
        figures=read_figures(body),
        steps=tuple(_read_step(step) for step in body["steps"]),
    )


def read_runs(body: Mapping[str, Any]) -> tuple[RunSeen, ...]:
    """Build the runs of a step from the answer of its address."""
    return tuple(
        RunSeen(
            attempt=run["attempt"],
            agent_id=run["agent_id"],
            thread_id=run["thread_id"],
            suna_run_id=run["suna_run_id"],
        )
        for run in body["agent_runs"]
    )


def read_figures(body: Mapping[str, Any]) -> Figures:
    """Build the figures of anything that carries `usage` and `cost`."""
    return Figures(
        tokens_input=body["usage"]["tokens_input"],
        tokens_output=body["usage"]["tokens_output"],
        cost_usd=Decimal(body["cost"]["cost_usd"]),
        unpriced=body["cost"]["unpriced"],
    )


def _read_step(body: Mapping[str, Any]) -> StepSeen:
    return StepSeen(
        step_id=body["step_id"],
        agent_id=body["agent_id"],
        role=body["role"],
        status=body["status"],
        code=body["code"] or "",
        params=body["params"],
        result_text=body["result_text"] or "",
        started_at=_read_time(body["started_at"]),
        finished_at=_read_time(body["finished_at"]),
        figures=read_figures(body),
    )


def _read_time(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)
