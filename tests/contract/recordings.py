"""Answers recorded from Suna's own code, and a server that gives them again over real HTTP."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.contract.raw_server import Request, Respond, answer

ROOT = Path(__file__).resolve().parents[1] / "data" / "suna"


def load(version: str, case: str) -> dict[str, Any]:
    """Return one recording: {request, status, content_type, headers, body}."""
    return json.loads((ROOT / version / f"{case}.json").read_text())


def load_stream(version: str, case: str) -> bytes:
    """Return a recorded event stream as it came."""
    return (ROOT / version / f"{case}.sse").read_bytes()


def load_routes(version: str) -> list[str]:
    """Return the routes that a version's OpenAPI document lists."""
    document = json.loads((ROOT / version / "openapi-paths.json").read_text())
    return list(document.get("paths") or document["body"]["paths"])


def replay(version: str, *cases: str) -> Respond:
    """Return a responder that gives each case again for its own method and target, and 404 for any other."""
    answers: dict[tuple[str, str], bytes] = {}
    for case in cases:
        recorded = load(version, case)
        body = recorded["body"]
        payload = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        answers[recorded["request"]["method"], recorded["request"]["path"]] = answer(
            recorded["status"], payload, content_type=recorded["content_type"], headers=recorded["headers"]
        )
    missing = answer(404, b'{"detail":"Not Found"}')

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answers.get((request.method, request.target), missing))

    return respond
