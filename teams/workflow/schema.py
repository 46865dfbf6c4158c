"""The language's JSON Schema, for editors and other programs. It is published as it stands in schema.json.

It says what a schema can say: keys, types, bounds. References, paths, circles and patterns are checked by
`parsing`, which is the authority; a test holds the two to the same verdict on every shape.
"""

import functools
import json
from pathlib import Path

from teams.workflow.plan import Json

_FILE = Path(__file__).with_name("schema.json")


def workflow_schema() -> dict[str, Json]:
    """Return the schema (JSON Schema 2020-12), a fresh copy for each caller."""
    schema: dict[str, Json] = json.loads(_text())
    return schema


@functools.cache
def _text() -> str:
    return _FILE.read_text(encoding="utf-8")
