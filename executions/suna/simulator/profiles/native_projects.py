"""Threads that share a project, and starts whose ids the caller made (c2 and d)."""

from typing import Any
from uuid import UUID

from starlette.types import ASGIApp

from executions.suna.simulator.answers import Refusal, UncaughtError, json_answer
from executions.suna.simulator.call import Call
from executions.suna.simulator.profiles.native_wire import NativeWire

_NO_PROJECT = {"c2": "Project not found", "d": "Project not found or access denied"}


def project_thread_routes(wire: NativeWire) -> list[tuple[str, str, str, Any]]:
    """Return the route that makes one more thread in a project."""

    def create(call: Call) -> ASGIApp:
        project_id = call.path_params["project_id"]
        if not is_uuid(project_id):
            raise UncaughtError("invalid input syntax for type uuid")
        world = wire.world
        if not any(thread.project_id == project_id for thread in world.threads.values()):
            raise Refusal(404, _NO_PROJECT[wire.version])
        refusal = wire.thread_limit.refusal(wire.version, at_start=False)
        if refusal is not None:
            raise refusal
        thread = world.create_thread(name="New Project", project_id=project_id)
        call.entry.thread_id = thread.id
        return json_answer({"thread_id": thread.id, "project_id": project_id})

    return [("threads.create", "POST", "/v1/projects/{project_id}/threads", create)]


def check_optimistic(fields: dict[str, str], *, prompt_is_missing: str) -> None:
    """Refuse an optimistic start that lacks what it needs (suna-contract §9.14)."""
    if "thread_id" not in fields or "project_id" not in fields:
        raise Refusal(400, "thread_id and project_id required for optimistic mode")
    if not is_uuid(fields["thread_id"]) or not is_uuid(fields["project_id"]):
        raise Refusal(400, "Invalid UUID format")
    if "prompt" not in fields:
        raise Refusal(400, prompt_is_missing)


def is_uuid(text: str) -> bool:
    """Tell whether a text is one."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
