"""A base of profiles: the one start of 25 October 2025 and later, a form that carries the prompt (c0 .. d).

A JSON body is not refused there: each of its fields reads as absent, and the answer is a misleading 400
(suna-contract §1.3, §6.20).
"""

from executions.agent_service import RunRequest
from executions.suna.wire.api_calls import check_request, named_model, need_place
from executions.suna.wire.call import Call, Patience, check_sendable
from executions.suna.wire.thread_rows import ThreadRows


class FormStart(ThreadRows):
    """`POST {prefix}/agent/start`, in a thread that was made before: it adds the user's message and runs."""

    def put_prompt(self, request: RunRequest, *, place: str) -> Call | None:
        """Return None: the start carries the prompt."""
        return None

    def start(self, request: RunRequest, *, place: str | None) -> Call:
        """Build the start. Without a thread Suna would make one, and a lost answer would lose it."""
        check_request(request)
        thread = need_place(place)
        check_sendable(thread, what="the thread id")
        fields = {"thread_id": thread, "prompt": request.prompt, "agent_id": request.agent_id}
        return Call(
            method="POST",
            path=f"{self.prefix}/agent/start",
            form={**fields, **named_model(request)},
            patience=Patience.START,
        )
