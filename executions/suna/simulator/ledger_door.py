"""The outermost door: reads each request's body, writes it into the ledger, and sees the answer leave."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from executions.suna.simulator.ledger import Entry, Ledger

BODY = "simulator.body"
ENTRY = "simulator.entry"
CONTROL_PREFIX = "/_simulator/"


class LedgerDoor:
    """Wraps the whole application. Requests to the control plane pass without an entry."""

    def __init__(self, app: ASGIApp, *, ledger: Ledger, max_body_bytes: int) -> None:
        self._app = app
        self._ledger = ledger
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PREFIX):
            await self._app(scope, receive, send)
            return
        body = await _read_body(receive, self._max_body_bytes)
        if body is None:
            await send({"type": "http.response.start", "status": 413, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        entry = self._ledger.open_entry(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"],
            headers=scope["headers"],
            body=body,
        )
        scope[BODY] = body
        scope[ENTRY] = entry
        finished = False

        async def watched_send(message: Message) -> None:
            nonlocal finished
            if message["type"] == "http.response.start":
                entry.status = message["status"]
            elif not message.get("more_body", False):
                finished = True
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        finally:
            self._ledger.close_entry(entry, outcome=_outcome(entry, finished=finished))


def _outcome(entry: Entry, *, finished: bool) -> str:
    if finished:
        return "answered"
    return "dropped" if {"drop", "cut_stream", "late_run"} & set(entry.faults) else "abandoned"


async def _read_body(receive: Receive, limit: int) -> bytes | None:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(pieces)
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            return None
        if piece:
            pieces.append(piece)
        if not message.get("more_body", False):
            return b"".join(pieces)
