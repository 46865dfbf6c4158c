"""The OpenAPI documents of c1, c2 and d: the recorded routes, and the form of the start.

The form's fields tell c1 from c2 (suna-contract §7.2). As FastAPI writes them they stand among the
components, and the route refers to them.
"""

from typing import Any

from executions.suna.simulator.profiles.native_routes import routes_of
from executions.suna.simulator.profiles.openapi import build_openapi

_TEXT: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_FILES: dict[str, Any] = {"type": "array", "items": {"type": "string", "format": "binary"}, "default": []}
_FIELDS = {
    "c1": "thread_id prompt model_name agent_id",
    "c2": "thread_id project_id prompt model_name agent_id optimistic memory_enabled",
    "d": "thread_id project_id prompt model_name agent_id optimistic memory_enabled mode",
}
_BODY = "Body_unified_agent_start_v1_agent_start_post"


def build_kortix_openapi(version: str, *, start: str) -> dict[str, Any]:
    """Return the document of one version; `start` is the path of its start."""
    document = build_openapi(routes_of(version))
    reference = {"schema": {"$ref": f"#/components/schemas/{_BODY}"}}
    document["paths"][start]["post"]["requestBody"] = {"content": {"multipart/form-data": reference}}
    fields: dict[str, Any] = dict.fromkeys(_FIELDS[version].split(), _TEXT)
    fields["files"] = _FILES
    if version == "c2":
        fields["file_ids"] = {"type": "array", "items": {"type": "string"}, "default": []}
    document["components"] = {
        "schemas": {_BODY: {"type": "object", "title": _BODY, "properties": fields}},
        "securitySchemes": {
            "APIKeyHeader": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "BearerAuth": {"type": "http", "scheme": "bearer"},
        },
    }
    document["info"] = {"title": "Kortix API", "description": "(omitted)", "version": "1.0.0"}
    return document
