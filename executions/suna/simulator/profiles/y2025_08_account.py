"""What b0 and b1 tell of the account: feature flags, and the log of what was used in the current month.

The prices are invented: a real Suna estimates by its own list (suna-contract §4).
"""

from datetime import UTC, datetime
from typing import Any

from executions.suna.simulator.call import Call
from executions.suna.simulator.clock import iso
from executions.suna.simulator.profiles.y2025_08_rows import write_rows
from executions.suna.simulator.world import World

AGENTS_DISABLED = "Custom agents currently disabled. This feature is not available at the moment."
_FLAGS = ("custom_agents", "agent_marketplace")
_USD_PER_PROMPT_TOKEN, _USD_PER_COMPLETION_TOKEN = 4.5e-6, 22.5e-6
_ITEMS_PER_PAGE = 1000


def all_flags(world: World) -> dict[str, Any]:
    """Return every flag."""
    return {"flags": {name: _is_enabled(world, name) for name in _FLAGS}}


def one_flag(world: World, name: str) -> dict[str, Any]:
    """Return a flag; one that nobody ever set is off and has no details."""
    enabled = _is_enabled(world, name)
    details = {"enabled": str(enabled).lower(), "description": "", "updated_at": iso(world.clock())}
    return {"flag_name": name, "enabled": enabled, "details": details if name in _FLAGS else None}


def _is_enabled(world: World, name: str) -> bool:
    return name in _FLAGS and world.options.custom_agents


def usage_logs(world: World, call: Call) -> dict[str, Any]:
    """Return a page of the log, newest first; in local mode an empty one."""
    if not world.options.billing:
        message = "Usage logs are not available in local development mode"
        return {"logs": [], "has_more": False, "message": message}
    page = _number(call.query.get("page"), 0)
    size = _number(call.query.get("items_per_page"), _ITEMS_PER_PAGE)
    logs = _logs(world)
    shown = logs[page * size : (page + 1) * size]
    return {"logs": shown, "has_more": len(logs) > (page + 1) * size}


def _logs(world: World) -> list[dict[str, Any]]:
    now = world.clock()
    month = datetime.fromtimestamp(now, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    logs: list[tuple[float, dict[str, Any]]] = []
    for run in world.runs.values():
        thread = world.threads.get(run.thread_id)
        if not world.settle(run).is_done or thread is None:
            continue
        for written in write_rows(run, variant="b1"):
            if written.part == "response_end" and written.at >= month.timestamp():
                logs.append((written.at, _log(written.row, project_id=thread.project_id)))
    return [log for _, log in sorted(logs, key=lambda timed: timed[0], reverse=True)]


def _log(row: dict[str, Any], *, project_id: str) -> dict[str, Any]:
    usage = row["content"]["usage"]
    asked, told = usage["prompt_tokens"], usage["completion_tokens"]
    return {
        "message_id": row["message_id"],
        "thread_id": row["thread_id"],
        "created_at": row["created_at"],
        "content": {
            "usage": {"prompt_tokens": asked, "completion_tokens": told},
            "model": row["content"]["model"],
        },
        "total_tokens": asked + told,
        "estimated_cost": asked * _USD_PER_PROMPT_TOKEN + told * _USD_PER_COMPLETION_TOKEN,
        "project_id": project_id,
    }


def _number(given: str | None, default: int) -> int:
    return int(given) if given is not None and given.isdecimal() else default
