"""What a fault makes of an answer."""

from typing import Any
from uuid import uuid4

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp

from executions.suna.simulator.answers import Refusal, json_answer
from executions.suna.simulator.broken_answers import (
    JSON_TYPE,
    STREAM_TYPE,
    BrokenConnection,
    HalfAnswer,
    HangingAnswer,
    HugeAnswer,
    TricklingAnswer,
    packed_bomb,
)
from executions.suna.simulator.call import Call
from executions.suna.simulator.clock import iso
from executions.suna.simulator.faults import Effect
from executions.suna.simulator.profiles.operation import Wire
from executions.suna.simulator.run import RUNNING

_TIMEOUT_S = 120.0


def replacement(effect: Effect, *, wire: Wire, call: Call) -> ASGIApp | None:
    """Return the answer that stands in for the real one, or None where the effect is of another sort.

    Raises Refusal where the fault is one that Suna itself words.
    """
    kind = effect.kind
    if kind in ("too_many", "payment", "model_denied", "status"):
        raise _refusal(effect, wire=wire, call=call)
    is_stream = call.operation == "run.stream"
    if kind == "hang":
        return HangingAnswer()
    if kind == "drop":
        return BrokenConnection()
    if kind == "huge":
        return HugeAnswer(effect.megabytes, is_stream=is_stream)
    if kind == "timeout":
        return timed_out(wire)
    answers: dict[str, tuple[int, bytes, str, dict[str, str]]] = {
        "malformed": (200, b'{"agent_run_id": "', JSON_TYPE, {}),
        "html": (200, b"<!doctype html><title>Bad gateway</title>", "text/html; charset=utf-8", {}),
        "empty": (200, b"", JSON_TYPE, {}),
        "redirect": (307, b"", "text/plain", {"Location": effect.to}),
        "gzip_bomb": (200, b"", STREAM_TYPE if is_stream else JSON_TYPE, {"Content-Encoding": "gzip"}),
        "raw": (200, _raw(effect.body), JSON_TYPE, {}),
    }
    if kind not in answers:
        return None
    status, body, content_type, more = answers[kind]
    if kind == "gzip_bomb":
        body = packed_bomb(effect.megabytes)
    headers = {**more, "Content-Type": effect.content_type or content_type}
    return Response(body, status_code=effect.status or status, headers=headers)


def timed_out(wire: Wire) -> Response:
    """Return the 408 of the requester's copy, which has no `detail` (suna-contract §6.17, §9)."""
    body = {
        "error": "Request timeout",
        "message": f"Request exceeded {_TIMEOUT_S:g} seconds timeout",
        "timeout": _TIMEOUT_S,
        "duration": _TIMEOUT_S + 0.01,
        "request_id": str(uuid4()),
        "timestamp": iso(wire.world.clock()),
    }
    return json_answer(body, status=408)


def _refusal(effect: Effect, *, wire: Wire, call: Call) -> Refusal:
    headers = {"Retry-After": effect.retry_after} if effect.retry_after is not None else None
    if effect.kind == "status":
        detail = effect.body if effect.body is not None else "Refused"
        return Refusal(effect.status or 500, detail, headers=headers)
    if effect.kind == "payment":
        return Refusal(402, wire.payment_required(effect.error_code), headers=headers)
    if effect.kind == "model_denied":
        model_name = call.given_fields().get("model_name")
        refusal = wire.model_denied(str(model_name) if model_name else None)
    else:
        running = wire.world.running_runs()
        refusal = wire.limit_reached(running, wire.world.options.parallel_limit or len(running))
    return Refusal(refusal.status, refusal.detail, headers=headers)


def _raw(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else msgspec.json.encode(body)


def falsified(effect: Effect, answer: ASGIApp) -> ASGIApp:
    """Return a JSON answer with its types, fields, status or pace changed; any other answer as it is."""
    if not isinstance(answer, Response):
        return answer
    if effect.kind == "half_open":
        return HalfAnswer(answer)
    if effect.kind == "trickle":
        return TricklingAnswer(answer, pause_s=effect.seconds)
    body: Any = msgspec.json.decode(bytes(answer.body))
    if effect.kind == "wrong_types":
        body = {name: _other_type(value) for name, value in body.items()}
    elif effect.kind == "replace":
        body = {**body, **effect.fields}
    elif effect.kind == "unknown_status":
        body = _with_status(body, effect.word)
    return Response(msgspec.json.encode(body), status_code=answer.status_code, media_type="application/json")


def _other_type(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, str):
        return 12345
    if isinstance(value, int | float):
        return [value]
    if isinstance(value, list):
        return "none"
    if isinstance(value, dict):
        return []
    return {"unexpected": True}


def _with_status(body: dict[str, Any], word: str) -> dict[str, Any]:
    if "agent_runs" in body:
        return {**body, "agent_runs": [_with_status(row, word) for row in body["agent_runs"]]}
    # Only a run under way is in a state that we have no word for.
    return {**body, "status": word} if body.get("status") == RUNNING else body
