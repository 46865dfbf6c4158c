"""Long answers, sent piece by piece: neither the whole nor a connection to PostgreSQL is held meanwhile."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, StreamingHttpResponse
from rest_framework.request import Request


def streamed_file(
    request: Request | HttpRequest, pieces: Iterator[str], *, media_type: str, filename: str
) -> StreamingHttpResponse:
    """Return an answer that a browser saves under `filename`, a plain ASCII name of ours.

    Each of the `pieces` is made when the one before it was taken, in the request's own thread. An error in
    between cuts the answer off, so that nobody takes a part of it for the whole.
    """
    plain = request._request if isinstance(request, Request) else request  # noqa: SLF001  hidden by the framework
    is_async = isinstance(plain, ASGIRequest)
    body = _in_thread(pieces) if is_async else pieces
    response = StreamingHttpResponse(body, content_type=f"{media_type}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


async def _in_thread(pieces: Iterator[str]) -> AsyncIterator[str]:
    def next_piece() -> str | None:
        try:
            return next(pieces, None)
        finally:
            # Whoever reads slowly must not keep one of PostgreSQL's connections between two pieces.
            close_old_connections()

    while (piece := await sync_to_async(next_piece)()) is not None:
        yield piece
