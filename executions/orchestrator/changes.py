"""What one transition of one execution wants written: plain values, committed together."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from billing.ledger import LedgerEntry
from executions.engine.team_block import Merge
from executions.orchestrator.message_rows import Delivered, Post
from executions.orchestrator.question_rows import Asked
from teams.models.uuid7 import new_id
from teams.workflow.plan import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact to append. Its id is made with it, so that a repeated commit knows its own work."""

    kind: str
    step_id: str = ""
    data: Mapping[str, Json] = field(default_factory=dict)
    actor: str = "driver"
    id: uuid.UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextWrite:
    """One key of the shared context set to a value.

    Where `merge` is another rule than "replace", `given` is what it is to be merged with: `value` is what
    that came to for the writer, and under the row's lock it is merged with what stands there then.
    """

    key: str
    value: Json
    author: str
    merge: Merge = "replace"
    given: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole context after this transition's writes, valid only if they follow `base_version` directly."""

    base_version: int
    values: Mapping[str, Json]


@dataclass(slots=True, kw_only=True)
class Changes:
    """Everything that one transition writes, in one transaction with whatever else is pending.

    `driver_id` and `epoch` are the fence: the row must still be held with them. Both are None for an append
    from outside the drivers (events, context and messages only), which takes the row's lock and nothing else.
    `execution` maps columns of Execution to new values; `steps` and `runs` map ids to whole rows of the
    columns that drivers own (`row_writes` names them all). Where `start_requested` is true in a run's row,
    its start_requested_at becomes the transaction's time. `questions` are new ones,
    `closed_questions` the row ids of steps that wait for no answer any more. `messages` are the team's, in
    their order, `delivered` those that stand in the prompt of a step that starts. `totals` asks for usage and
    cost sums to be brought up to date also where `usage` is empty. `clears_crashes` forgets the crashes that
    were charged to the execution: it has got further than where its drivers died. `reservations` are those of
    budgets that starts of this transition were made for, `settled` the attempts, by step and number, whose
    usage is in, so that nothing is kept free for them any more. At least one event is there.
    """

    execution_id: uuid.UUID
    driver_id: uuid.UUID | None = None
    epoch: int | None = None
    execution: dict[str, Any] = field(default_factory=dict)
    steps: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)
    runs: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    context: list[ContextWrite] = field(default_factory=list)
    snapshot: Snapshot | None = None
    usage: list[LedgerEntry] = field(default_factory=list)
    questions: list[Asked] = field(default_factory=list)
    closed_questions: set[uuid.UUID] = field(default_factory=set)
    messages: list[Post] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)
    reservations: list[uuid.UUID] = field(default_factory=list)
    settled: set[tuple[str, int]] = field(default_factory=set)
    totals: bool = False
    clears_crashes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What a commit tells: where the counters stand now and what people asked for meanwhile.

    `at` is PostgreSQL's time of the transaction, which its rows carry; `seen_at` is when, the row being
    locked, the wishes were read: later, where the lock had to be waited for.
    """

    at: dt.datetime
    seen_at: dt.datetime
    event_seq: int
    context_version: int
    cancel_requested: bool
    pause_requested: bool


class Fenced(Exception):
    """The execution is no longer this driver's: another epoch holds it. The driver lets go of it."""


class ChangesRefused(Exception):
    """The database refused these changes because of their data; nothing of them was written."""
