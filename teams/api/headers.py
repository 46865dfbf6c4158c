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
        meaning="The ETag of your last look, in its double quotes; `*` overwrites whatever is there.",
        is_required=True,
    ),
    "If-None-Match": Header(
        schema={"type": "string", "maxLength": 4096},
        meaning="The ETag of what you have: 304 where nothing is new.",
    ),
}

ON_ANSWERS: dict[str, Header] = {
    "Location": Header(schema={"type": "string", "format": "uri"}, meaning="The address of what was made."),
    "Idempotent-Replayed": Header(
        schema={"enum": ["true", "false"]},
        meaning="Whether an earlier request with this Idempotency-Key made it.",
    ),
    "ETag": Header(schema={"type": "string"}, meaning="What was seen, to be said back in If-Match."),
    "X-Request-Id": Header(
        schema={"type": "string", "format": "uuid"}, meaning="The request's id, for reports."
    ),
    "WWW-Authenticate": Header(schema={"type": "string"}, meaning="How to say who you are: Bearer."),
    "Retry-After": Header(
        schema={"type": "integer", "minimum": 1}, meaning="Seconds to wait before the next try."
    ),
    "Cache-Control": Header(schema={"type": "string"}, meaning="How long the answer may be kept."),
    "Content-Disposition": Header(
        schema={"type": "string"}, meaning="That it is a file, and under which name it may be kept."
    ),
}

ON_EVERY_ANSWER = ("X-Request-Id",)
ON_STATUS = {
    401: ("WWW-Authenticate",),
    412: ("ETag",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
"""What the frame adds by status."""
