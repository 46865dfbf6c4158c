"""How an operation answers: JSON, or a refusal in the words of FastAPI."""

from typing import Any

import msgspec
from starlette.responses import Response


class Refusal(Exception):
    """An answer {"detail": ...} with an error status. `detail` is text, an object or a list of problems."""

    def __init__(self, status: int, detail: Any, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.detail = detail
        self.headers = headers

    def response(self) -> Response:
        """Return the answer itself."""
        return json_answer({"detail": self.detail}, status=self.status, headers=self.headers)


class UncaughtError(Exception):
    """An exception that no handler of Suna catches: plain text 500, and the connection is closed."""


def json_answer(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return `body` as compact JSON, as FastAPI sends it."""
    return Response(
        msgspec.json.encode(body), status_code=status, headers=headers, media_type="application/json"
    )


def invalid(kind: str, loc: list[Any], msg: str, given: Any, **ctx: Any) -> Refusal:
    """Return the 422 of one invalid value. `kind` and `msg` are pydantic's."""
    problem: dict[str, Any] = {"type": kind, "loc": loc, "msg": msg, "input": given}
    if ctx:
        problem["ctx"] = ctx
    return Refusal(422, [problem])
