"""Suna from 29 July to 24 October 2025 (b1, b2 of suna-contract): REST threads, JSON start, XML tool calls.

What differs between b1 and b2 is read as it comes: the pagination, 404 or 500 for a missing agent, and the
name of the row that holds a model call's tokens.
"""

from executions.agent_service import LiveSource, RunRequest
from executions.suna.wire.api_calls import check_request, named_model
from executions.suna.wire.call import Call, quote_id
from executions.suna.wire.profile import Capabilities
from executions.suna.wire.thread_rows import ThreadRows


class Suna202508(ThreadRows):
    """The profile `2025-08`."""

    name = "2025-08"
    # The list of active runs came on 11 October 2025: most builds of this profile do not have it, and
    # detection tells of those that do.
    varying = frozenset({"lists_active_runs"})
    capabilities = Capabilities(
        streams_safely=True,
        lists_runs=True,
        lists_active_runs=False,
        reports_usage=True,
        prompt_before_start=True,
        honours_user_keys=False,
        live=LiveSource.STREAM,
        # Without keys for Langfuse, from 22 September to 23 November 2025 (suna-contract §9.16).
        may_linger=True,
    )

    def put_prompt(self, request: RunRequest, *, place: str) -> Call | None:
        """Build the call that puts the prompt into the thread as the user's message."""
        check_request(request)
        return Call(
            method="POST",
            path=f"/api/threads/{quote_id(place, what='the thread id')}/messages",
            json={"type": "user", "content": request.prompt, "is_llm_message": True},
        )

    def start(self, request: RunRequest, *, place: str | None) -> Call:
        """Build the start. `initial_prompt` would be ignored here."""
        check_request(request)
        return self.build_start(place, {"agent_id": request.agent_id, **named_model(request)})
