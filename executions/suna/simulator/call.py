"""One request as the operations see it: its body is already read."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from executions.suna.simulator.answers import Refusal, invalid
from executions.suna.simulator.form_body import read_form
from executions.suna.simulator.ledger import Entry
from executions.suna.simulator.sse_answer import Cut


@dataclass(slots=True, kw_only=True)
class Call:
    """A request. `headers` has lower-case names; `entry` is its line in the ledger."""

    operation: str
    path: str
    path_params: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    entry: Entry
    cut: Cut | None = None
    vanish: bool = False
    replay_expired: bool = False
    error_follows: bool = False
    unordered: bool = False
    noise_after: int | None = None
    _json: Any = field(default=msgspec.UNSET)

    @property
    def content_type(self) -> str:
        """The media type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json_object(self) -> dict[str, Any]:
        """Return the body as a JSON object, or raise the 422 that FastAPI would answer."""
        if self._json is msgspec.UNSET:
            self._json = self._decode()
        decoded: dict[str, Any] = self._json
        return decoded

    def _decode(self) -> dict[str, Any]:
        if not self.body:
            raise invalid("missing", ["body"], "Field required", None)
        if self.content_type != "application/json":
            raise invalid(
                "model_attributes_type",
                ["body"],
                "Input should be a valid dictionary or object to extract fields from",
                self.body.decode("utf-8", "replace"),
            )
        try:
            decoded = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise invalid("json_invalid", ["body", 0], "JSON decode error", {}, error=str(error)) from error
        if not isinstance(decoded, dict):
            raise invalid(
                "model_attributes_type",
                ["body"],
                "Input should be a valid dictionary or object to extract fields from",
                decoded,
            )
        return decoded

    def form(self) -> dict[str, str]:
        """Return the fields of a form; any other encoding has none, as for FastAPI's optional ones."""
        return read_form(self.headers.get("content-type", ""), self.body) or {}

    def given_fields(self) -> dict[str, Any]:
        """Return what was sent, whatever its encoding; nothing where it cannot be read."""
        if self.content_type != "application/json":
            return dict(self.form())
        try:
            return self.json_object()
        except Refusal:
            return {}
