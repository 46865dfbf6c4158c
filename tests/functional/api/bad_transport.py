"""Requests that are refused before any endpoint sees them, and the form in which such cases are written."""

import json
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"


@dataclass(frozen=True)
class Case:
    """One request to one place, and what is said to it; `error` is the code of the first entry of errors."""

    name: str
    status: int
    code: str
    body: bytes | str | Any = b""
    method: str = "POST"
    path: str = "{API}/teams/{team}/executions"
    content_type: str = JSON
    error: str | None = None
    pointer: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def transport() -> list[Case]:
    """Bodies and headers that no endpoint should see."""
    text = json.dumps({"prompt": "Go."})
    return [
        Case("1 MiB and a byte", 413, "body_too_large", b'"' + b"x" * (1024 * 1024) + b'"'),
        Case("10 MB", 413, "body_too_large", b"x" * 10_000_000),
        Case(
            "a body without a length", 411, "length_required", b"", headers={"Transfer-Encoding": "chunked"}
        ),
        Case("a length that is no number", 400, "bad_request", text, headers={"Content-Length": "-5"}),
        Case("text", 415, "unsupported_media_type", text, content_type="text/plain"),
        Case("no type", 415, "unsupported_media_type", text, content_type=""),
        Case(
            "a form",
            415,
            "unsupported_media_type",
            "prompt=Go",
            content_type="application/x-www-form-urlencoded",
        ),
        Case("multipart", 415, "unsupported_media_type", text, content_type="multipart/form-data"),
        *(
            Case(
                f"charset {charset}",
                415,
                "unsupported_media_type",
                text,
                content_type=f"{JSON}; charset={charset}",
            )
            for charset in ("foo", "idna", "utf-16", "rot13", "zlib", "latin-1")
        ),
        Case("a byte order mark", 400, "malformed_json", b"\xef\xbb\xbf" + text.encode()),
        Case("invalid UTF-8", 400, "malformed_json", b'{"prompt": "\xff"}'),
        Case("an unknown host", 400, "bad_request", text, headers={"Host": "evil.example"}),
        Case("TRACE", 405, "method_not_allowed", method="TRACE"),
        Case("OPTIONS", 405, "method_not_allowed", method="OPTIONS"),
        Case("PUT", 405, "method_not_allowed", text, method="PUT"),
        Case(
            "a method override",
            405,
            "method_not_allowed",
            text,
            method="POST",
            path="{API}/teams/{team}",
            headers={"X-HTTP-Method-Override": "PATCH"},
        ),
        Case("XML wanted", 406, "not_acceptable", text, headers={"Accept": "application/xml"}),
    ]
