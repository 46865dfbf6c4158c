"""Profile `seed`: the design document's own contract, completed where the document is silent.

The document says: start with {agent_id, initial_prompt}, ask for the run, its results, stop it. The
completion (ours, no Suna has it): threads are made with `POST /api/threads`, the runs of a thread are
listed, a result is {agent_run_id, output, files, usage}. Before a run has ended, and for one that failed,
`output` is null; usage is listed when the run has reported it. There is no stream.
"""

from typing import Any

from starlette.types import ASGIApp

from executions.suna.simulator.agents.script import Script
from executions.suna.simulator.agents.usage import bare_name, provider_of
from executions.suna.simulator.answers import Refusal, invalid, json_answer
from executions.suna.simulator.call import Call
from executions.suna.simulator.profiles.openapi import build_openapi
from executions.suna.simulator.profiles.operation import Operation
from executions.suna.simulator.profiles.threads_and_runs import ThreadsAndRuns
from executions.suna.simulator.run import Run


class SeedWire(ThreadsAndRuns):
    """The document's Suna."""

    name = "seed"

    def operations(self) -> list[Operation]:
        """Return the routes of the document and of its completion."""
        routes = (
            ("health", "GET", "/api/health", self.health),
            ("threads.create", "POST", "/api/threads", self.create_thread),
            ("agent.start", "POST", "/api/thread/{thread_id}/agent/start", self.start),
            ("thread.runs", "GET", "/api/thread/{thread_id}/agent-runs", self.list_thread_runs),
            ("run.get", "GET", "/api/agent-run/{agent_run_id}", self.get_run),
            ("run.results", "GET", "/api/agent-run/{agent_run_id}/results", self.results),
            ("run.stop", "POST", "/api/agent-run/{agent_run_id}/stop", self.stop_run),
            ("agents.list", "GET", "/api/agents", self.list_agents),
            ("agent.get", "GET", "/api/agents/{agent_id}", self.get_agent),
        )
        return [
            Operation(name=name, method=method, path=path, handler=handler, is_open=name == "health")
            for name, method, path, handler in routes
        ]

    def openapi(self) -> dict[str, Any]:
        """Return the routes; `/results` is what tells this profile from the others."""
        return build_openapi((operation.method, operation.path) for operation in self.operations())

    def start(self, call: Call) -> ASGIApp:
        """Put the prompt on the thread and start the agent on it."""
        thread = self.get_thread_of(call)
        body = call.json_object()
        for name in ("agent_id", "initial_prompt"):
            if name not in body:
                raise invalid("missing", ["body", name], "Field required", body)
            if not isinstance(body[name], str):
                raise invalid("string_type", ["body", name], "Input should be a valid string", body[name])
        self.world.add_message(thread, kind="user", is_llm_message=True, text=body["initial_prompt"])
        model = body.get("model_name")
        run = self.begin_run(
            thread, agent_id=body["agent_id"], model_name=model if isinstance(model, str) else None, call=call
        )
        return json_answer({"agent_run_id": run.id})

    def get_run(self, call: Call) -> ASGIApp:
        """Answer the status object."""
        run = self.get_run_of(call)
        return json_answer(
            {"id": run.id, "thread_id": run.thread_id, "status": run.status, "error": run.error}
        )

    def results(self, call: Call) -> ASGIApp:
        """Answer what a run left behind."""
        run = self.get_run_of(call)
        usage = [
            {
                "id": f"{run.id}-{number}",
                "provider": provider_of(run.script.model),
                "model": bare_name(run.script.model),
                "prompt_tokens": turn.tokens_input,
                "completion_tokens": turn.tokens_output,
            }
            for number, turn in enumerate(run.script.turns[: run.reported_turns], start=1)
        ]
        return json_answer(
            {"agent_run_id": run.id, "output": _output(run), "files": [], "usage": usage},
        )

    def final_status(self, script: Script) -> tuple[str, str | None]:
        """Return the words of the completion: running, completed, failed, stopped."""
        if script.outcome == "raw":
            return script.raw_status or "completed", None
        if script.outcome in ("completed", "nothing_to_do"):
            return "completed", None
        if script.outcome == "out_of_budget":
            return "stopped", script.error
        if script.outcome == "shutdown":
            return "failed", "Instance simulator shutting down"
        return "failed", script.error

    def too_many_runs(self, running: list[Run], limit: int) -> Any:
        """Return words; the document knows no limit."""
        return f"Too many agent runs: {len(running)} of {limit}"

    def payment_required(self, error_code: str | None) -> Any:
        """Return an object only where an error code is asked for; the document knows neither."""
        message = "Payment required"
        return {"message": message, "error_code": error_code} if error_code else message

    def agent_is_missing(self, agent_id: str) -> Exception:
        """Return a 404."""
        return Refusal(404, "Agent not found")

    def agent_cannot_start(self, agent_id: str) -> Exception:
        """Return a 404."""
        return Refusal(404, "Agent not found or access denied")


def _output(run: Run) -> Any:
    if not run.reported_turns:
        return None
    if run.script.structured is not None:
        return run.script.structured
    last = run.script.turns[-1]
    return last.argument if last.tool else last.text
