"""The headers of the API, described once: endpoints name them, the OpenAPI document says what they are."""

from dataclasses import dataclass

from teams.api.declared import JsonSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header: the schema of its value, what it means, and whether a request must carry it."""

    schema: JsonSchema
    meaning: str
    is_required: bool = False


ON_REQUESTS: dict[str, Header] = {
    "Idempotency-Key": Header(
        schema={"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x20-\\x7e]+$"},
        meaning="A text of your own. The same key with the same body is answered by what it made before.",
    ),
    "If-Match": Header(
        schema={"type": "string", "maxLength": 4096},
        meaning="The ETag of what you have seen, or a list of such, or * to overwrite whatever is there.",
        is_required=True,
    ),
    "If-None-Match": Header(
        schema={"type": "string", "maxLength": 4096},
        meaning="The ETag of what you have: where nothing changed the answer is 304, without a body.",
    ),
}

ON_ANSWERS: dict[str, Header] = {
    "Location": Header(schema={"type": "string", "format": "uri"}, meaning="The address of what was made."),
    "Idempotent-Replayed": Header(
        schema={"enum": ["true", "false"]},
        meaning="Whether an earlier request with this Idempotency-Key made it.",
    ),
    "X-Request-Id": Header(
        schema={"type": "string", "format": "uuid"}, meaning="The request's id, for reports."
    ),
    "WWW-Authenticate": Header(schema={"type": "string"}, meaning="How to say who you are: Bearer."),
    "Retry-After": Header(
        schema={"type": "integer", "minimum": 1}, meaning="Seconds to wait before the next try."
    ),
    "Content-Disposition": Header(
        schema={"type": "string"}, meaning="A name for the file, for whoever keeps the answer as one."
    ),
    "ETag": Header(
        schema={"type": "string", "pattern": '^"[^"]+"$'}, meaning="The strong tag of what is shown."
    ),
    "RateLimit-Limit": Header(
        schema={"type": "integer", "minimum": 1}, meaning="How many such requests a minute may have."
    ),
    "RateLimit-Remaining": Header(
        schema={"type": "integer", "minimum": 0}, meaning="How many of them are left."
    ),
    "RateLimit-Reset": Header(
        schema={"type": "integer", "minimum": 0}, meaning="Seconds until all of them are there again."
    ),
    "Cache-Control": Header(schema={"type": "string"}, meaning="How long the answer may be kept."),
}

ON_EVERY_ANSWER = ("X-Request-Id",)
WHERE_THROTTLED = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
"""On every answer to somebody who is known."""
ON_STATUS = {412: ("ETag",), 401: ("WWW-Authenticate",), 503: ("Retry-After",), 429: ("Retry-After",)}
"""What the frame adds by status."""
