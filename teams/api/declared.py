"""The words in which an endpoint declares its facts, once: for the query check, the schema and the docs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from rest_framework.serializers import Serializer

from teams.actions.refusal import Refusal

JsonSchema = Mapping[str, Any]
"""A JSON Schema of the dialect 2020-12, which is OpenAPI 3.1's own."""

JSON = "application/json"
CANONICAL_UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
FLAG: JsonSchema = {"enum": ["true", "false"]}
WORDS: JsonSchema = {"type": "string", "minLength": 1, "maxLength": 100}
ID: JsonSchema = {"type": "string", "format": "uuid", "pattern": CANONICAL_UUID}
"""An id in the one form that is taken."""


class Parameter(str):
    """A parameter of a query: its name, which is the text itself, with its schema and what it means."""

    schema: JsonSchema
    meaning: str

    def __new__(cls, name: str, schema: JsonSchema, meaning: str) -> Self:
        """Make a parameter."""
        made = super().__new__(cls, name)
        made.schema = schema
        made.meaning = meaning
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of a method that did what it was asked.

    `body` is the serializer that describes it, or a JSON Schema, or None where there is no body. `is_page`
    makes it a page of such bodies; `beside` is the serializer of what stands beside the page's `results`.
    `headers` name headers that `teams.api.headers` describes.
    """

    status: int = 200
    body: type[Serializer[Any]] | JsonSchema | None = None
    is_page: bool = False
    beside: type[Serializer[Any]] | None = None
    headers: tuple[str, ...] = ()
    media_type: str = JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A way in which a method says no; `code` None where it may be one of many that others make."""

    status: int
    code: str | None
    headers: tuple[str, ...] = ()


Refusals = tuple[type[Refusal] | Refused, ...]


def page(body: type[Serializer[Any]], *, beside: type[Serializer[Any]] | None = None) -> Answer:
    """Declare a page of a list."""
    return Answer(body=body, is_page=True, beside=beside)


def made(body: type[Serializer[Any]], *headers: str) -> Answer:
    """Declare 201, with the address of what was made."""
    return Answer(status=201, body=body, headers=("Location", *headers))


def as_refused(refusal: type[Refusal] | Refused) -> Refused:
    """Return status and code of a refusal."""
    if isinstance(refusal, Refused):
        return refusal
    headers = ("Retry-After",) if refusal.retry_after_s is not None else ()
    return Refused(status=refusal.status, code=refusal.code, headers=headers)


NOTHING = Answer(status=204)
UNCHANGED = Answer(status=304, headers=("ETag",))
"""To a GET that names in If-None-Match what it has already."""
