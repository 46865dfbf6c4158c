"""What the schema library is told about the OpenAPI document. What the API does stands at its endpoints."""

from typing import Any

from teams.workflow.shapes import ID_PATTERN

_UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
OPENAPI: dict[str, Any] = {
    "TITLE": "Renum",
    "DESCRIPTION": "Runs teams of AI agents that live in Suna. Every error is a problem (RFC 9457).",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_PATCH": False,
    "SORT_OPERATION_PARAMETERS": False,
    "GET_MOCK_REQUEST": "teams.api.schema_parts.request_like",
    # The enums stand where they are used: no names are made up for them.
    "POSTPROCESSING_HOOKS": [],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PATH_CONVERTER_OVERRIDES": {
        "uuid": {"type": "string", "format": "uuid", "pattern": _UUID},
        "version": {"type": "integer", "minimum": 1, "maximum": 999_999_999},
        "step": {"type": "string", "pattern": f"^(?:{ID_PATTERN.pattern})$"},
    },
}
