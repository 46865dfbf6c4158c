"""A small client of Renum's own REST API, for commands. It knows how to ask and how a refusal reads; no more.

It speaks to this machine only in the demo, so proxies and passwords of the environment are left alone.
"""

import types
from typing import Any, Self

import httpx

CALL_TIMEOUT_S = 15.0


class ApiError(Exception):
    """The API refused, or could not be asked. `status` is None where there was no answer."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ApiClient:
    """JSON in, JSON out, at one address. Use it in a `with`."""

    def __init__(self, base_url: str, *, token: str | None = None) -> None:
        headers = {"Accept": "application/json", "User-Agent": "renum-cli"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(
            base_url=base_url,
            headers=headers,
            timeout=CALL_TIMEOUT_S,
            trust_env=False,
            follow_redirects=False,
        )

    def get(self, path: str, **query: str | int) -> Any:
        """Return the answer's JSON. Raises ApiError for anything but a success."""
        return self._call("GET", path, query=query)

    def post(self, path: str, body: Any = None, *, idempotency_key: str | None = None) -> Any:
        """Send a body and return the answer's JSON. Raises ApiError."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._call("POST", path, body={} if body is None else body, headers=headers)

    def list_all(self, path: str) -> list[dict[str, Any]]:
        """Return the rows of every page of a list."""
        rows: list[dict[str, Any]] = []
        following: str | None = path
        while following:
            page = self.get(following)
            rows.extend(page["results"])
            following = page["next"]
        return rows

    def sign_in(self, *, username: str, password: str, name: str, scope: str) -> None:
        """Get a token for a name and a password; every later call carries it. It lives for a day."""
        wanted = {"username": username, "password": password, "name": name, "scope": scope}
        made = self.post("auth/token", {**wanted, "expires_in_days": 1})
        self._http.headers["Authorization"] = f"Bearer {made['token']}"

    def sign_out(self) -> None:
        """Revoke the token that this client signed in with."""
        self._call("DELETE", "auth/token")
        del self._http.headers["Authorization"]

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str | int] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        try:
            answer = self._http.request(method, path, params=query or None, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise ApiError(f"{method} {path} got no answer ({type(error).__name__})") from None
        if not answer.is_success:
            raise ApiError(
                f"{method} {path} was answered {answer.status_code}{_detail_of(answer)}",
                status=answer.status_code,
            )
        try:
            return answer.json() if answer.content else None
        except ValueError:
            raise ApiError(f"{method} {path} was answered with no JSON", status=answer.status_code) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self._http.close()


def _detail_of(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return ""
    detail = body.get("detail") if isinstance(body, dict) else None
    return f": {detail}" if detail else ""
