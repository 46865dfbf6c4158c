"""The operations that Suna's FastAPI versions have in common, from the mid of 2025 on.

A version overrides what it does differently. Facts: the run object of `GET agent-run` is camelCase, that of
`GET agent-runs` is not; unknown JSON fields are ignored; a malformed id reaches the database, which raises.
"""

from typing import Any, ClassVar
from uuid import UUID

from starlette.types import ASGIApp

from executions.suna.simulator.agents.script import Script
from executions.suna.simulator.answers import Refusal, UncaughtError, invalid, json_answer
from executions.suna.simulator.call import Call
from executions.suna.simulator.catalogue import ACCOUNT_ID, CatalogueAgent
from executions.suna.simulator.clock import iso
from executions.suna.simulator.profiles.agent_edits import edit
from executions.suna.simulator.profiles.operation import Wire
from executions.suna.simulator.run import Run, Thread


class ThreadsAndRuns(Wire):
    """Threads, runs, agents and health as FastAPI serves them under /api.

    `server_key` is what tells the tool servers of an agent apart where a change of it is merged.
    """

    unknown_agent: ClassVar[str] = "Agent not found"
    server_key: ClassVar[str] = "name"

    def health(self, _: Call) -> ASGIApp:
        """Answer without asking who calls."""
        return json_answer({"status": "ok", "timestamp": iso(self.world.clock()), "instance_id": "simulator"})

    def create_thread(self, call: Call) -> ASGIApp:
        """Make a project and a thread. The body is a form; any other body is ignored."""
        thread = self.world.create_thread(name=call.form().get("name") or "New Project")
        call.entry.thread_id = thread.id
        return json_answer({"thread_id": thread.id, "project_id": thread.project_id})

    def get_run(self, call: Call) -> ASGIApp:
        """Answer the state of a run: the truth about it."""
        run = self.get_run_of(call)
        return json_answer(
            {
                "id": run.id,
                "threadId": run.thread_id,
                "status": run.status,
                "startedAt": iso(run.started_at),
                "completedAt": iso(run.completed_at) if run.completed_at else None,
                "error": run.error,
            }
        )

    def list_thread_runs(self, call: Call) -> ASGIApp:
        """Answer the runs of a thread, newest first."""
        thread = self.get_thread_of(call)
        return json_answer({"agent_runs": [self.run_row(run) for run in reversed(thread.runs)]})

    def stop_run(self, call: Call) -> ASGIApp:
        """Stop a run, also one that is over."""
        self.world.stop_run(self.get_run_of(call))
        return json_answer({"status": "stopped"})

    def list_agents(self, call: Call) -> ASGIApp:
        """Answer one page of the catalogue."""
        page = _query_number(call, "page", default=1, minimum=1, maximum=None)
        limit = _query_number(call, "limit", default=20, minimum=1, maximum=100)
        search = call.query.get("search", "").lower()
        agents = [agent for agent in self.world.catalogue.all() if search in agent.name.lower()]
        shown = agents[(page - 1) * limit : page * limit]
        return json_answer(
            {
                "agents": [self.agent_object(agent, in_list=True) for agent in shown],
                "pagination": self.pagination(page=page, limit=limit, total=len(agents)),
            }
        )

    def get_agent(self, call: Call) -> ASGIApp:
        """Answer one agent."""
        agent = self.world.catalogue.find(call.path_params["agent_id"])
        if agent is None:
            raise self.agent_is_missing(call.path_params["agent_id"])
        return json_answer(self.agent_object(agent, in_list=False))

    def create_agent(self, call: Call) -> ASGIApp:
        """Add an agent to the catalogue."""
        body = call.json_object()
        if not isinstance(body.get("name"), str):
            raise invalid("missing", ["body", "name"], "Field required", body)
        agent = self.world.catalogue.add(
            name=body["name"],
            description=body.get("description"),
            system_prompt=str(body.get("system_prompt") or ""),
            now=self.world.clock(),
        )
        return json_answer(self.agent_object(agent, in_list=False))

    def edit_agent(self, call: Call) -> ASGIApp:
        """Write a new version of an agent: see `agent_edits`."""
        agent = self.world.catalogue.find(call.path_params["agent_id"])
        if agent is None:
            raise Refusal(404, self.unknown_agent)
        edited = edit(agent, call.json_object(), options=self.world.options, key=self.server_key)
        self.world.catalogue.store(edited)
        return json_answer(self.agent_object(edited, in_list=False))

    def begin_thread(self, prompt: str, *, as_string: bool = False) -> Thread:
        """Make a thread with its first prompt on it, as a start without a thread does."""
        thread = self.world.create_thread(name=prompt if len(prompt) <= 30 else f"{prompt[:30]}...")
        self.world.add_message(thread, kind="user", is_llm_message=True, text=prompt, as_string=as_string)
        return thread

    def begin_run(self, thread: Thread, *, agent_id: str | None, model_name: str | None, call: Call) -> Run:
        """Start a run unless the limit is reached or the agent is unknown; refuses as this version does."""
        self.check_start(agent_id=agent_id)
        run = self.world.start_run(
            thread,
            agent_id=agent_id,
            model_name=model_name,
            final=self.final_status,
            lingers=self.lingers,
        )
        call.entry.run_id, call.entry.thread_id = run.id, thread.id
        if call.vanish:
            self.world.remove_run(run)
        return run

    def check_start(self, *, agent_id: str | None) -> None:
        """Refuse a start while the limit is reached, and one of an unknown agent."""
        limit = self.world.options.parallel_limit
        if limit is not None:
            running = self.world.running_runs()
            if len(running) >= limit:
                raise self.limit_reached(running, limit)
        if agent_id is not None and self.world.catalogue.find(agent_id) is None:
            raise self.agent_cannot_start(agent_id)

    @property
    def lingers(self) -> bool:
        """Whether runs that end normally never say so."""
        return False

    def final_status(self, script: Script) -> tuple[str, str | None]:
        """Return the status and the error text that a run with this script ends with."""
        raise NotImplementedError

    def run_row(self, run: Run) -> dict[str, Any]:
        """Return a run as the database has it."""
        self.world.settle(run)
        ended = iso(run.completed_at) if run.completed_at else None
        return {
            "id": run.id,
            "thread_id": run.thread_id,
            "status": run.status,
            "started_at": iso(run.started_at),
            "completed_at": ended,
            "error": run.error,
            "created_at": iso(run.started_at),
            "updated_at": ended or iso(run.started_at),
        }

    def agent_object(self, agent: CatalogueAgent, *, in_list: bool) -> dict[str, Any]:
        """Return an agent as b0 and b1 show it, in a list and alone."""
        made = iso(agent.created_at)
        return {
            "agent_id": agent.agent_id,
            "account_id": ACCOUNT_ID,
            "name": agent.name,
            "description": agent.description,
            "system_prompt": agent.system_prompt,
            "configured_mcps": [],
            "custom_mcps": list(agent.custom_mcps),
            "agentpress_tools": {},
            "is_default": False,
            "avatar": None,
            "avatar_color": None,
            "created_at": made,
            "updated_at": made,
            "is_public": False,
            "tags": [],
            "current_version_id": self.world.catalogue.version_id(agent.agent_id),
            "version_count": agent.version,
            "current_version": self.agent_version(agent),
            "metadata": {},
        }

    def agent_version(self, agent: CatalogueAgent) -> dict[str, Any]:
        """Return an agent's current version as b0 and b1 show it."""
        made = iso(agent.created_at)
        return {
            "version_id": self.world.catalogue.version_id(agent.agent_id),
            "agent_id": agent.agent_id,
            "version_number": agent.version,
            "version_name": f"v{agent.version}",
            "system_prompt": agent.system_prompt,
            "configured_mcps": [],
            "custom_mcps": list(agent.custom_mcps),
            "agentpress_tools": {},
            "is_active": True,
            "created_at": made,
            "updated_at": made,
            "created_by": ACCOUNT_ID,
        }

    def pagination(self, *, page: int, limit: int, total: int) -> dict[str, Any]:
        """Return the page marks as b0 and b1 write them."""
        return {"page": page, "limit": limit, "total": total, "pages": -(-total // limit)}

    def agent_is_missing(self, agent_id: str) -> Exception:
        """Return what `GET agents/{id}` raises for an unknown agent."""
        raise NotImplementedError

    def agent_cannot_start(self, agent_id: str) -> Exception:
        """Return what a start raises for an unknown agent."""
        raise NotImplementedError

    def get_run_of(self, call: Call) -> Run:
        """Return the run of a call, up to date, or refuse."""
        run = self.find_run(call)
        if run is None or call.vanish:
            if not _is_uuid(call.path_params["agent_run_id"]):
                raise UncaughtError("invalid input syntax for type uuid")
            raise Refusal(404, "Agent run not found")
        call.entry.run_id = run.id
        call.entry.thread_id = run.thread_id
        return self.world.settle(run)

    def get_thread_of(self, call: Call) -> Thread:
        """Return the thread of a call, or refuse."""
        return self.get_thread(call.path_params["thread_id"], call)

    def get_thread(self, thread_id: str, call: Call) -> Thread:
        """Return the thread of that id, or refuse."""
        call.entry.thread_id = thread_id
        thread = self.world.threads.get(thread_id)
        if thread is None or (call.vanish and call.operation != "agent.start"):
            if not _is_uuid(thread_id):
                problem = f'invalid input syntax for type uuid: "{thread_id}"'
                raise Refusal(500, f"Error verifying thread access: {problem}")
            raise Refusal(404, "Thread not found")
        return thread


def _query_number(call: Call, name: str, *, default: int, minimum: int, maximum: int | None) -> int:
    given = call.query.get(name)
    if given is None:
        return default
    try:
        number = int(given)
    except ValueError as error:
        message = "Input should be a valid integer, unable to parse string as an integer"
        raise invalid("int_parsing", ["query", name], message, given) from error
    if number < minimum:
        message = f"Input should be greater than or equal to {minimum}"
        raise invalid("greater_than_equal", ["query", name], message, given, ge=minimum)
    if maximum is not None and number > maximum:
        message = f"Input should be less than or equal to {maximum}"
        raise invalid("less_than_equal", ["query", name], message, given, le=maximum)
    return number


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
