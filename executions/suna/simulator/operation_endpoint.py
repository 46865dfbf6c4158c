"""One route's endpoint: who asks, what goes wrong, what is done, and the answer."""

import asyncio
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from executions.suna.simulator.answers import Refusal, UncaughtError
from executions.suna.simulator.broken_answers import BrokenConnection, HangingAnswer
from executions.suna.simulator.call import Call
from executions.suna.simulator.fault_effects import falsified, replacement
from executions.suna.simulator.faults import Effect, Faults
from executions.suna.simulator.ledger_door import BODY, ENTRY
from executions.suna.simulator.profiles.operation import Operation, Wire
from executions.suna.simulator.sse_answer import Cut

_FALSIFYING = ("wrong_types", "replace", "unknown_status", "half_open", "trickle")


class OperationEndpoint:
    """An ASGI application for one operation of the profile."""

    def __init__(self, *, operation: Operation, wire: Wire, faults: Faults) -> None:
        self._operation = operation
        self._wire = wire
        self._faults = faults
        self._late: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        call = _call_of(scope, self._operation.name)
        call.entry.operation = self._operation.name
        try:
            answer = await self._answer(call)
        except Refusal as refusal:
            answer = refusal.response()
        await answer(scope, receive, send)

    async def _answer(self, call: Call) -> ASGIApp:
        if self._wire.is_read_by_bearer_only(self._operation):
            # Inferred: strangers may read a public thread there, so that it is looked up before anybody is
            # refused, and one that is not there is a 404 to everybody.
            if self._wire.find_thread(call) is not None:
                self._wire.authenticator.check_bearer_only(call)
        elif not self._operation.is_open:
            self._wire.authenticator.check(call, stream=self._operation.name == "run.stream")
        effects = self._effects_on(call)
        call.entry.faults = [effect.kind for effect in effects]
        for effect in effects:
            _note(call, effect)
        early = await self._act(call, [effect for effect in effects if effect.when == "before"])
        if early is not None:
            return early
        answer = self._operation.handler(call)
        late = await self._act(call, [effect for effect in effects if effect.when == "after"])
        if late is not None:
            return late
        for effect in effects:
            if effect.kind in _FALSIFYING:
                answer = falsified(effect, answer)
        return answer

    async def _act(self, call: Call, effects: list[Effect]) -> ASGIApp | None:
        for effect in effects:
            if effect.kind == "latency":
                await asyncio.sleep(effect.seconds)
            elif effect.kind == "barrier":
                await self._faults.wait_at(effect.name)
            elif effect.kind == "error":
                raise UncaughtError("asked for by a fault rule")
            else:
                if effect.kind == "late_run" or (effect.kind == "timeout" and effect.when == "before"):
                    late = asyncio.create_task(self._start_late(call, effect))
                    self._late.add(late)
                    late.add_done_callback(self._late.discard)
                if effect.kind == "late_run":
                    return _failed_start(effect)
                instead = replacement(effect, wire=self._wire, call=call)
                if instead is not None:
                    return instead
        return None

    async def _start_late(self, call: Call, effect: Effect) -> None:
        await (self._faults.wait_at(effect.until) if effect.until else asyncio.sleep(effect.seconds))
        try:
            self._operation.handler(call)
        except (Refusal, UncaughtError) as refusal:
            # The caller has its answer; the ledger is the only place left to say it.
            call.entry.faults.append(f"late run refused: {refusal}")

    def _effects_on(self, call: Call) -> list[Effect]:
        thread = self._wire.find_thread(call)
        run = self._wire.find_run(call)
        newest = run or (thread.runs[-1] if thread and thread.runs else None)
        agent_id = newest.agent_id if newest else call.path_params.get("agent_id")
        if self._operation.name == "agent.start" and call.body:
            agent_id = _agent_asked(call) or agent_id
        return self._faults.effects_on(call, thread=thread, agent_id=agent_id)


def _note(call: Call, effect: Effect) -> None:
    if effect.kind == "cut_stream":
        call.cut = Cut(after=effect.events, how=effect.how)
    elif effect.kind == "half_open":
        call.cut = Cut(after=effect.events, how="silence")
    elif effect.kind == "bad_events":
        call.noise_after = effect.events
    elif effect.kind == "unordered_chunks":
        call.unordered = True
    elif effect.kind == "early_replay":
        call.error_follows = True
    elif effect.kind == "expired_stream":
        call.replay_expired = True
    elif effect.kind == "vanish":
        call.vanish = True


def _call_of(scope: Scope, operation: str) -> Call:
    return Call(
        operation=operation,
        path=scope["path"],
        path_params=scope.get("path_params", {}),
        query=_query_of(scope),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=scope[BODY],
        entry=scope[ENTRY],
    )


def _query_of(scope: Scope) -> dict[str, str]:
    text = scope["query_string"].decode("latin-1")
    return dict(parse_qsl(text, keep_blank_values=True)) if text else {}


def _agent_asked(call: Call) -> str | None:
    agent_id = call.given_fields().get("agent_id")
    return agent_id if isinstance(agent_id, str) else None


def _failed_start(effect: Effect) -> ASGIApp:
    if effect.answer == "drop":
        return BrokenConnection()
    if effect.answer == "hang":
        return HangingAnswer()
    raise UncaughtError("asked for by a fault rule")
