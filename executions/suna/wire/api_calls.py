"""A base of profiles: the calls that the document's contract and all versions share."""

from collections.abc import Sequence

from executions.agent_service import AgentView, BadResponse, Rejected, RunRequest, RunResult
from executions.suna.wire import agents, runs
from executions.suna.wire.agents import AgentPage
from executions.suna.wire.call import Answer, Call, Patience, check_sendable, quote_id
from executions.suna.wire.messages import ends_with_prompt, read_messages
from executions.suna.wire.runs import RunRow
from executions.suna.wire.usage import UsagePage
from executions.suna.wire.values import Json, parse_object, read_id

THREAD_NAME = "Renum"
"""Every thread has the same name: a name made of the prompt would show it in lists."""


class ApiCalls:
    """Threads, runs and agents under `prefix`: what has stayed the same in every version."""

    prefix = "/api"
    varying: frozenset[str] = frozenset()

    def make_place(self, request: RunRequest) -> Call | None:
        """Build the call that makes a thread; what is wrong with the request is refused before it."""
        check_request(request)
        path = f"{self.prefix}/threads"
        return Call(method="POST", path=path, form={"name": THREAD_NAME}, patience=Patience.PREPARE)

    def read_place(self, body: bytes) -> str:
        """Return the thread's id."""
        return read_id(parse_object(body), "thread_id")

    def holds_prompt(self, body: bytes, *, prompt: str) -> bool:
        """Tell from the thread's rows whether the prompt is there and waits for its run."""
        return ends_with_prompt(read_messages(body), prompt)

    def build_start(self, place: str | None, fields: dict[str, Json]) -> Call:
        """Build the start of a run in a thread, as JSON: a form is a 422 there."""
        thread = quote_id(need_place(place), what="the thread id")
        path = f"{self.prefix}/thread/{thread}/agent/start"
        return Call(method="POST", path=path, json=fields, patience=Patience.START)

    def list_runs(self, *, place: str) -> Call:
        """Build the call that lists the runs of a thread."""
        return Call(
            method="GET", path=f"{self.prefix}/thread/{quote_id(place, what='the thread id')}/agent-runs"
        )

    def read_runs(self, body: bytes, *, place: str) -> tuple[RunRow, ...]:
        """Return the runs of a thread, newest first."""
        return runs.read_thread_runs(body, place=place)

    def get_run(self, *, run_id: str) -> Call:
        """Build the call that asks for one run."""
        return Call(method="GET", path=f"{self.prefix}/agent-run/{quote_id(run_id, what='the run id')}")

    def watch_run(self, *, run_id: str) -> Call:
        """Build the call for a run's event stream. It replays everything, whenever it is opened."""
        return Call(
            method="GET", path=f"{self.prefix}/agent-run/{quote_id(run_id, what='the run id')}/stream"
        )

    def list_active_runs(self) -> Call:
        """Build the call for the runs under way, all of the account's at once (suna-contract §1.3)."""
        return Call(method="GET", path=f"{self.prefix}/agent-runs/active")

    def read_active_runs(self, body: bytes) -> frozenset[str]:
        """Return the ids of the runs under way."""
        return runs.read_active_runs(body)

    def find_whole_answer(
        self, body: bytes, *, run_id: str, runs: Sequence[RunRow] | None, replayed: bool
    ) -> bool | None:
        """Return False: a run that is over says so."""
        return False

    def replay(self, *, run_id: str) -> Call | None:
        """Return None: what a run left behind is read otherwise, with every credential."""
        return None

    def read_replay(self, body: bytes, *, run_id: str) -> RunResult:
        """Raise BadResponse: no replay was asked for."""
        raise BadResponse("a stream is no result here")

    def find_usage(self, *, page: int) -> Call | None:
        """Return None: the result tells what was used."""
        return None

    def read_usage(self, body: bytes, *, place: str) -> UsagePage:
        """Return nothing: nothing was asked."""
        return UsagePage(responses=(), has_more=False)

    def stop_run(self, *, run_id: str) -> Call:
        """Build the call that stops a run."""
        return Call(method="POST", path=f"{self.prefix}/agent-run/{quote_id(run_id, what='the run id')}/stop")

    def list_agents(self, *, page: int) -> Call:
        """Build the call for one page of the catalogue."""
        query = {"page": str(page), "limit": str(agents.PAGE_SIZE)}
        return Call(method="GET", path=f"{self.prefix}/agents", query=query)

    def read_agents(self, body: bytes, *, page: int) -> AgentPage:
        """Return one page of the catalogue."""
        return agents.read_agent_page(body, page=page)

    def get_agent(self, *, agent_id: str) -> Call:
        """Build the call that asks for one agent."""
        return Call(method="GET", path=f"{self.prefix}/agents/{quote_id(agent_id, what='the agent id')}")

    def read_agent(self, body: bytes) -> AgentView:
        """Return one agent."""
        return agents.read_agent(body)

    def edit_agent(self, *, agent_id: str, changes: dict[str, Json]) -> Call:
        """Build the call that changes fields of an agent, and makes a new version of it."""
        path = f"{self.prefix}/agents/{quote_id(agent_id, what='the agent id')}"
        return Call(method="PUT", path=path, json=changes)

    def is_missing_agent(self, answer: Answer) -> bool:
        """Tell whether an error means that the agent is not there."""
        return agents.is_missing_agent(answer)


def check_request(request: RunRequest) -> None:
    """Raise Rejected where a run cannot be asked for like this."""
    if not request.agent_id:
        raise Rejected("the agent id is empty")
    check_sendable(request.agent_id, what="the agent id")
    check_sendable(request.prompt, what="the prompt")
    check_sendable(request.model_name or "", what="the model name")


def named_model(request: RunRequest) -> dict[str, Json]:
    """Return the field that names the model, or nothing where the agent's own is wanted."""
    return {"model_name": request.model_name} if request.model_name else {}


def need_place(place: str | None) -> str:
    """Return the thread's id; Rejected where there is none."""
    if place is None:
        raise Rejected("this version of Suna starts a run in a thread that was made before")
    return place
