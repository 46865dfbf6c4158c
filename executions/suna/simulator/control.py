"""The control plane under /_simulator/: what tests ask of the simulator and not of Suna.

No credential, but from the loopback only. Nothing here is in the ledger.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from executions.suna.simulator.answers import Refusal, json_answer
from executions.suna.simulator.clock import iso
from executions.suna.simulator.faults import Faults, Rule
from executions.suna.simulator.ledger import Ledger
from executions.suna.simulator.options import changed
from executions.suna.simulator.run import Run
from executions.suna.simulator.world import World

_MAX_ENTRIES_PER_ANSWER = 5_000


class Control:
    """The endpoints."""

    def __init__(self, *, world: World, ledger: Ledger, faults: Faults) -> None:
        self._world = world
        self._ledger = ledger
        self._faults = faults

    def routes(self) -> list[Route]:
        """Return the routes, each behind the loopback check."""
        table = (
            ("/_simulator/ledger", "GET", self.ledger),
            ("/_simulator/keys-seen", "GET", self.keys_seen),
            ("/_simulator/runs", "GET", self.runs),
            ("/_simulator/threads/{thread_id}", "GET", self.thread),
            ("/_simulator/summary", "GET", self.summary),
            ("/_simulator/faults", "GET", self.list_faults),
            ("/_simulator/faults", "POST", self.add_faults),
            ("/_simulator/faults", "DELETE", self.clear_faults),
            ("/_simulator/barriers", "GET", self.barriers),
            ("/_simulator/barriers/{name}/release", "POST", self.release),
            ("/_simulator/agents/{agent_id}", "DELETE", self.remove_agent),
            ("/_simulator/options", "GET", self.show_options),
            ("/_simulator/options", "PATCH", self.change_options),
            ("/_simulator/reset", "POST", self.reset),
        )
        return [Route(path, _from_loopback(endpoint), methods=[method]) for path, method, endpoint in table]

    async def ledger(self, request: Request) -> Response:
        """Answer the entries after `since`, at most 5000; `complete` is false where older ones are lost."""
        since = _number(request, "since", 0)
        limit = min(_number(request, "limit", _MAX_ENTRIES_PER_ANSWER), _MAX_ENTRIES_PER_ANSWER)
        operation = request.query_params.get("operation")
        entries = [
            entry
            for entry in self._ledger.entries_since(since)
            if operation is None or entry.operation == operation
        ][:limit]
        first = self._ledger.first_seq
        return json_answer(
            {
                "entries": entries,
                "last_seq": self._ledger.last_seq,
                "complete": first is None or first <= since + 1,
            }
        )

    async def keys_seen(self, request: Request) -> Response:
        """Answer where the user's key with this SHA-256 was seen in an X-API-Key-<service> header."""
        return json_answer({"seen": self._ledger.keys_seen(request.query_params.get("sha256", "").lower())})

    async def runs(self, request: Request) -> Response:
        """Answer every run in memory, oldest first."""
        thread, status = request.query_params.get("thread"), request.query_params.get("status")
        described = [
            self._describe(run)
            for run in list(self._world.runs.values())
            if thread is None or run.thread_id == thread
        ]
        return json_answer({"runs": [run for run in described if status is None or run["status"] == status]})

    async def thread(self, request: Request) -> Response:
        """Answer one thread with the prompts that were put on it."""
        thread = self._world.threads.get(request.path_params["thread_id"])
        if thread is None:
            raise Refusal(404, "no such thread")
        return json_answer(
            {
                "thread_id": thread.id,
                "project_id": thread.project_id,
                "name": thread.name,
                "prompts": [message.text for message in thread.messages],
                "runs": [self._describe(run) for run in thread.runs],
            }
        )

    async def summary(self, _: Request) -> Response:
        """Answer the totals since the start or the last reset."""
        world = self._world
        running = len(world.running_runs())
        statuses = Counter(world.settle(run).status for run in list(world.runs.values()))
        starts_of_threads = Counter(run.thread_id for run in world.runs.values())
        return json_answer(
            {
                "profile": world.settings.profile,
                "requests": self._ledger.last_seq,
                "starts": world.starts,
                "threads": len(world.threads),
                "threads_started_more_than_once": sum(n > 1 for n in starts_of_threads.values()),
                "runs_by_status": dict(statuses),
                "tokens_input": world.tokens_input,
                "tokens_output": world.tokens_output,
                "running": running,
                "max_running": world.max_running,
                "forgotten_runs": world.forgotten_runs,
            }
        )

    async def list_faults(self, _: Request) -> Response:
        """Answer the rules in force, with their counts."""
        return json_answer({"faults": self._faults.describe()})

    async def add_faults(self, request: Request) -> Response:
        """Put a rule, or a list of rules, in force."""
        body = await request.body()
        try:
            given = msgspec.json.decode(body)
            rules = msgspec.convert(given if isinstance(given, list) else [given], list[Rule])
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise Refusal(422, str(error)) from error
        self._faults.add(rules)
        return json_answer({"faults": self._faults.describe()}, status=201)

    async def clear_faults(self, _: Request) -> Response:
        """Drop all rules and open all barriers."""
        self._faults.clear()
        return json_answer({"faults": []})

    async def barriers(self, _: Request) -> Response:
        """Answer how many requests wait at each barrier."""
        return json_answer({"waiting": self._faults.waiting})

    async def release(self, request: Request) -> Response:
        """Open a barrier; with `close=1` only for those that wait now."""
        released = self._faults.release(
            request.path_params["name"], close_again=request.query_params.get("close") == "1"
        )
        return json_answer({"released": released})

    async def remove_agent(self, request: Request) -> Response:
        """Take an agent out of the catalogue."""
        if not self._world.catalogue.remove(request.path_params["agent_id"]):
            raise Refusal(404, "no such agent")
        return json_answer({"removed": request.path_params["agent_id"]})

    async def show_options(self, _: Request) -> Response:
        """Answer the options in force."""
        return json_answer({"options": self._world.options})

    async def change_options(self, request: Request) -> Response:
        """Change those that are named, until the next reset; runs under way go on as they began."""
        try:
            self._world.options = changed(self._world.options, await request.body())
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise Refusal(422, str(error)) from error
        return json_answer({"options": self._world.options})

    async def reset(self, _: Request) -> Response:
        """Forget everything but the ledger's file and its numbering."""
        self._world.reset()
        self._faults.clear()
        self._ledger.forget()
        return json_answer({"last_seq": self._ledger.last_seq})

    def _describe(self, run: Run) -> dict[str, Any]:
        self._world.settle(run)
        thread = self._world.threads.get(run.thread_id)
        role = run.script.role
        return {
            "id": run.id,
            "thread_id": run.thread_id,
            "agent_id": run.agent_id,
            "status": run.status,
            "error": run.error,
            "started_at": iso(run.started_at),
            "ended_at": iso(run.completed_at) if run.completed_at else None,
            "started_t": run.started_at,
            "ended_t": run.completed_at,
            "role": role.name if role else None,
            "part": role.part if role else "assistant",
            "model_asked": run.model_asked,
            "model": run.script.model,
            "responses": [
                {"input": turn.tokens_input, "output": turn.tokens_output, "cached": turn.tokens_cached}
                for turn in run.script.turns[: run.reported_turns]
            ],
            "prompt_sha256": self._world.prompt_sha256(thread),
            "starts_of_thread": len(thread.runs) if thread else run.starts_of_thread,
        }


Endpoint = Callable[[Request], Awaitable[Response]]


def _from_loopback(endpoint: Endpoint) -> Endpoint:
    async def checked(request: Request) -> Response:
        client = request.client
        if client is not None and not ip_address(client.host).is_loopback:
            return Refusal(403, "The control plane is for the loopback only").response()
        try:
            return await endpoint(request)
        except Refusal as refusal:
            return refusal.response()

    return checked


def _number(request: Request, name: str, default: int) -> int:
    try:
        return int(request.query_params.get(name, default))
    except ValueError as error:
        raise Refusal(422, f"{name} is not a number") from error
