"""A loopback HTTP server whose answers a test writes byte by byte: for what no framework would send."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

REASONS = {200: "OK", 401: "Unauthorized", 500: "Internal Server Error"}


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


Respond = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """`requests` holds every request that arrived whole; `connections` counts those that were opened."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    connections: int = 0


@contextlib.asynccontextmanager
async def serve(respond: Respond) -> AsyncIterator[RawServer]:
    """Serve until the test leaves. `respond` writes the whole answer; closing the writer ends it."""
    server = RawServer()
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        server.connections += 1
        number = server.connections
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while not writer.is_closing():
                request = await read_request(reader, connection=number)
                server.requests.append(request)
                await respond(request, writer)
                if not writer.is_closing():
                    await writer.drain()
        writer.transport.abort()

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader, *, connection: int) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method=method, target=target, headers=headers, body=body, connection=connection)


def answer(
    status: int, body: bytes, *, content_type: str = "application/json", headers: dict[str, str] | None = None
) -> bytes:
    """Return a whole answer."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", f"Content-Length: {len(body)}"]
    lines += [f"Content-Type: {content_type}"] if content_type else []
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def json_answer(status: int, value: object, *, headers: dict[str, str] | None = None) -> bytes:
    return answer(status, json.dumps(value).encode(), headers=headers)


def always(payload: bytes) -> Respond:
    """Return a responder that sends the same answer to every request."""

    async def respond(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(payload)

    return respond
