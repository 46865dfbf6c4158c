"""What a wire profile is: how one version of Suna is asked and understood, as pure functions.

A further version is one more module beside `seed` and `suna_2025_08` that offers this protocol, and one
more entry in the registry of this package. Readers raise BadResponse for what is not the contract.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from executions.agent_service import AgentView, LiveSource, RunRequest, RunResult, RunView
from executions.suna.wire.agents import AgentPage
from executions.suna.wire.call import Answer, Call
from executions.suna.wire.runs import RunRow
from executions.suna.wire.usage import UsagePage
from executions.suna.wire.values import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a version of Suna can do, as the orchestrator must know it.

    `streams_safely`: its event stream exists and reading it changes nothing. `lists_runs`: the runs of a
    thread can be looked up, so that no agent is started twice. `lists_active_runs`: one request tells every
    run in flight, in each build of this version; a single connection may know better. `reports_usage`: tokens
    come with the result. `prompt_before_start`: the prompt is put into the thread, not into the start.
    `honours_user_keys`: it reads `X-API-Key-<service>`; no version but the design document's does.
    `makes_threads`: a thread can be made before the start; where not, the start makes it and tells its id.
    `answers_in_thread`: a further prompt can be put into a thread that has runs. `tells_questions`: a run
    that ended with a question to a person is told from one that ended with an answer. `reads_rows`: the rows
    of a thread can be read; where not, an ended run's event stream is replayed as long as it is kept.
    `rows_need_jwt`: they are not shown to an API key alone. `checks_agent`: a start does not tell that its
    agent is missing, so that the agent has to be looked up before it. `agents_have_uuids`: the ids of its
    agents are UUIDs, so that no other id can be one. `edits_agents`: an agent's setup can be changed. `live`,
    `wants_model`, `may_linger`, `newer_hides_runs`, `run_appears_within_s` and `rows_follow_within_s` are
    those of ServiceTraits.
    """

    streams_safely: bool
    lists_runs: bool
    lists_active_runs: bool
    reports_usage: bool
    prompt_before_start: bool
    honours_user_keys: bool
    makes_threads: bool = True
    answers_in_thread: bool = True
    tells_questions: bool = True
    reads_rows: bool = True
    wants_model: bool = True
    may_linger: bool = False
    newer_hides_runs: bool = False
    live: LiveSource = LiveSource.NONE
    run_appears_within_s: float = 0.0
    rows_follow_within_s: float = 0.0
    rows_need_jwt: bool = False
    checks_agent: bool = False
    agents_have_uuids: bool = True
    edits_agents: bool = True


class WireProfile(Protocol):
    """One version of Suna's HTTP contract."""

    @property
    def name(self) -> str:
        """The profile's stable name, as connections store it."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this version can do."""
        ...

    @property
    def varying(self) -> frozenset[str]:
        """The names of the capabilities in which builds of this version differ, as `learned` reads them."""
        ...

    def make_place(self, request: RunRequest) -> Call | None:
        """Build the call that makes a thread; None where only a start makes one."""
        ...

    def read_place(self, body: bytes) -> str:
        """Return the thread's id."""
        ...

    def put_prompt(self, request: RunRequest, *, place: str) -> Call | None:
        """Build the call that puts the prompt there; None where the start carries it."""
        ...

    def holds_prompt(self, body: bytes, *, prompt: str) -> bool:
        """Tell from the answer to `get_result` whether the prompt is in the thread and waits for its run.

        Asked only where `put_prompt` puts one there.
        """
        ...

    def start(self, request: RunRequest, *, place: str | None) -> Call:
        """Build the call that starts the run; Rejected where a thread is needed and `place` is None."""
        ...

    def read_start(self, body: bytes, *, place: str | None) -> RunView:
        """Return the run that was started."""
        ...

    def list_runs(self, *, place: str) -> Call:
        """Build the call that lists the runs of a thread."""
        ...

    def read_runs(self, body: bytes, *, place: str) -> tuple[RunRow, ...]:
        """Return the runs of a thread, newest first."""
        ...

    def get_run(self, *, run_id: str) -> Call:
        """Build the call that asks for one run."""
        ...

    def read_run(self, body: bytes, *, run_id: str) -> RunView:
        """Return one run."""
        ...

    def watch_run(self, *, run_id: str) -> Call:
        """Build the call for a run's event stream."""
        ...

    def list_active_runs(self) -> Call:
        """Build the call for the runs under way; not every build has it."""
        ...

    def read_active_runs(self, body: bytes) -> frozenset[str]:
        """Return the ids of the runs under way."""
        ...

    def get_result(self, *, run_id: str, place: str) -> Call:
        """Build the call that asks for what a run left behind."""
        ...

    def read_result(self, body: bytes, *, run_id: str, runs: Sequence[RunRow] | None) -> RunResult | None:
        """Return what the run left behind; None where `runs` is None and the thread's runs are needed.

        They are where a thread holds several turns, so that one run's rows must be told from another's.
        """
        ...

    def find_whole_answer(
        self, body: bytes, *, run_id: str, runs: Sequence[RunRow] | None, replayed: bool
    ) -> bool | None:
        """Tell from the answer to `get_result`, or to `replay`, whether the run has answered in full.

        None where `runs` is None and the thread's runs are needed. Asked only where a version `may_linger`.
        """
        ...

    def replay(self, *, run_id: str) -> Call | None:
        """Build the call that replays an ended run's stream; None where that is no record or does harm.

        It is asked for where the thread may not be read. Its answer is for `read_replay`.
        """
        ...

    def read_replay(self, body: bytes, *, run_id: str) -> RunResult:
        """Return what a run left behind, from its replayed stream. Raises Unavailable, ResultExpired."""
        ...

    def find_usage(self, *, page: int) -> Call | None:
        """Build the call for a page, from 0, of what was used where results do not tell it; else None."""
        ...

    def read_usage(self, body: bytes, *, place: str) -> UsagePage:
        """Return what was used in a thread."""
        ...

    def find_error(self, result: RunResult, *, run_id: str) -> Call | None:
        """Build the call that may tell why a run left nothing; None where there is nothing more to learn."""
        ...

    def read_error(self, body: bytes) -> str | None:
        """Return the error that the answer to `find_error` tells of, if it does."""
        ...

    def stop_run(self, *, run_id: str) -> Call:
        """Build the call that stops a run."""
        ...

    def list_agents(self, *, page: int) -> Call:
        """Build the call for one page of the catalogue; pages count from 1."""
        ...

    def read_agents(self, body: bytes, *, page: int) -> AgentPage:
        """Return one page of the catalogue."""
        ...

    def get_agent(self, *, agent_id: str) -> Call:
        """Build the call that asks for one agent."""
        ...

    def read_agent(self, body: bytes) -> AgentView:
        """Return one agent."""
        ...

    def edit_agent(self, *, agent_id: str, changes: dict[str, Json]) -> Call:
        """Build the call that changes fields of an agent; only where it `edits_agents`."""
        ...

    def is_missing_agent(self, answer: Answer) -> bool:
        """Tell whether an answer that is an error means that the agent is not there."""
        ...
