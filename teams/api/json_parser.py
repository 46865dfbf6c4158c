"""Request bodies: strict JSON in UTF-8, of a bounded size, and nothing else."""

from collections.abc import Mapping
from typing import IO, Any

from django.utils.http import parse_header_parameters
from rest_framework.parsers import BaseParser

from teams.api.problems import ApiError
from teams.workflow.json_text import MAX_DEPTH, JsonTextError, parse_json_text
from teams.workflow.plan import Json
from teams.workflow.problems import Problem

MAX_BODY_BYTES = 1024 * 1024
BODY_DEPTH = MAX_DEPTH + 1
"""A definition of the full depth arrives as a member of a body."""

_CHARSETS = frozenset({"utf-8", "utf8"})


class StrictJSONParser(BaseParser):
    """Takes application/json in UTF-8. Refuses what `teams.workflow.json_text` does, by the same codes."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Json:
        """Return the body's value. Raises ApiError: 400, 413 for a large body, 415 for another charset."""
        _check_charset(media_type or "")
        raw = stream.read(MAX_BODY_BYTES + 1)
        if len(raw) > MAX_BODY_BYTES:
            raise body_too_large()
        try:
            return parse_json_text(raw, max_bytes=MAX_BODY_BYTES, max_depth=BODY_DEPTH)
        except JsonTextError as error:
            params = {} if error.position is None else {"position": error.position}
            problem = Problem("", error.code, error.message, params)
            raise ApiError(
                400, error.code, "The body is not JSON that Renum takes.", errors=[problem]
            ) from None


def body_too_large() -> ApiError:
    """Build the refusal of a body beyond the limit."""
    return ApiError(413, "body_too_large", f"A body has at most {MAX_BODY_BYTES // 1024} KiB.")


def _check_charset(media_type: str) -> None:
    _, params = parse_header_parameters(media_type)
    charset = params.get("charset", "utf-8").strip("\"' ").lower()
    if charset not in _CHARSETS:
        raise ApiError(415, "unsupported_media_type", "Send the body as application/json in UTF-8.")
