"""The OpenAPI 3.1 document of the API, from what the endpoints declare (see `teams.api.endpoint`).

Nothing is decided here, and nothing is guessed from how a method is written: what an endpoint does not
declare is not in the document, and the tests compare every answer of the API with it.
"""

import copy
import re
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.serializers import CharField, Serializer

from teams.api.declared import Answer, Parameter, Refused, as_refused
from teams.api.endpoint import Endpoint
from teams.api.fields import InputSerializer
from teams.api.headers import ON_ANSWERS, ON_EVERY_ANSWER, ON_REQUESTS, ON_STATUS, WHERE_THROTTLED, Header
from teams.api.permissions import least_scope
from teams.api.problems import CONTENT_TYPE
from teams.models import ApiTokenScope
from teams.workflow.problems import JSON_CODES

Json = dict[str, Any]

PROBLEM: Json = {
    "type": "object",
    "description": "What is wrong (RFC 9457). `code` and `params` are for programs and stay as they are.",
    "required": ["type", "title", "status", "code", "detail", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "pattern": "^[a-z0-9_]+$"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemEntry"}},
        "request_id": {"type": "string", "format": "uuid"},
    },
}
ENTRY: Json = {
    "type": "object",
    "description": "One thing that is wrong, and where in the body (RFC 6901); empty for the whole request.",
    "required": ["pointer", "code", "message", "params"],
    "properties": {
        "pointer": {"type": "string"},
        "code": {"type": "string"},
        "message": {"type": "string"},
        "params": {"type": "object"},
    },
}
_BAD_REQUEST = (Refused(status=400, code="bad_request"), Refused(status=400, code="invalid_parameter"))
_OF_A_BODY = (
    Refused(status=400, code="validation_error"),
    *(Refused(status=400, code=code) for code in JSON_CODES),
    Refused(status=413, code="body_too_large"),
    Refused(status=415, code="unsupported_media_type"),
)
_WITHOUT_TOKEN = (
    Refused(status=401, code="not_authenticated"),
    Refused(status=401, code="authentication_failed"),
)
_ALWAYS = (
    Refused(status=406, code="not_acceptable"),
    Refused(status=500, code="internal_error"),
    Refused(status=503, code="unavailable"),
    Refused(status=503, code="too_busy"),
)


class ApiSchema(AutoSchema):
    """The operation of one method of one endpoint."""

    view: Endpoint  # type: ignore[override]  # the framework leaves room for None

    def get_operation_id(self) -> str:
        """Return what generated clients call it: `list_teams`, `patch_team`."""
        is_list = self.method == "GET" and any(answer.is_page for answer in self._answers())
        return f"{'list' if is_list else self.method.lower()}_{self._route_name().replace('-', '_')}"

    def get_summary(self) -> str:
        """Return what it is about, and the first sentence of what is done with it."""
        about, asked = _first_clause(type(self.view)), _first_clause(self._method())
        return f"{about}: {asked[0].lower()}{asked[1:]}"

    def get_description(self) -> str:  # type: ignore[override]  # the library's, not the framework's
        """Return everything that the endpoint and its method say of themselves."""
        said = [*_paragraphs(type(self.view)), *_paragraphs(self._method())]
        return "\n\n".join([*said, self._scope_in_words()])

    def get_tags(self) -> list[str]:
        """Group by the first word of the address."""
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def _get_parameters(self) -> list[Json]:
        names = re.findall(r"{(\w+)}", self.path)
        parameters: list[Json] = [dict(one) for one in self._resolve_path_parameters(names)]  # type: ignore[no-untyped-call]
        if self.method == "GET":
            parameters += [_described(name) for name in self.view.query]
        if self.method == "POST":
            parameters += [_described(name) for name in self.view.post_query]
        if self.method == "PUT":
            parameters += [_described(name) for name in self.view.put_query]
        for name in self.view.request_headers.get(self.method, ()):
            parameters.append(_request_header(name, ON_REQUESTS[name]))
        for name in self.view.optional_headers.get(self.method, ()):
            parameters.append(_request_header(name, ON_REQUESTS[name]) | {"required": False})
        return parameters

    def _get_request_body(self, direction: str = "request") -> Json | None:
        reads = self.view.inputs.get(self.method)
        if reads is None:
            return None
        if not reads().fields:
            empty = {"type": "object", "maxProperties": 0}
            return {"content": {"application/json": {"schema": empty}}, "required": False}
        component = self.resolve_serializer(reads(), "request")
        return {"content": {"application/json": {"schema": component.ref}}, "required": True}

    def _get_response_bodies(self, direction: str = "response") -> Json:
        bodies: Json = {}
        for answer in self._answers():
            described = self._answer(answer)
            # One status may be answered in several forms.
            same = bodies.setdefault(str(answer.status), described)
            same.get("content", {}).update(described.get("content", {}))
            same["headers"].update(described["headers"])
        by_status: dict[int, list[Refused]] = {}
        for refused in self._refusals():
            by_status.setdefault(refused.status, []).append(refused)
        problems = {str(status): self._problem(status, by_status[status]) for status in sorted(by_status)}
        return bodies | problems

    def _map_basic_serializer(self, serializer: Any, direction: str) -> Json:
        schema: Json = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        properties = schema.get("properties", {})
        for one in properties.values():
            one.pop("readOnly", None)
            if {} in one.get("oneOf", ()):
                # Any JSON value, and null is one.
                del one["oneOf"]
        if isinstance(serializer, InputSerializer):
            for name, field in serializer.fields.items():
                if isinstance(field, CharField) and not field.allow_blank:
                    properties[name]["minLength"] = 1
            return schema | {"additionalProperties": False}
        # An answer always has all of its members.
        return schema | {"required": sorted(properties)}

    def _answers(self) -> tuple[Answer, ...]:
        declared = self.view.answers.get(self.method, ())
        return declared if isinstance(declared, tuple) else (declared,)

    def _answer(self, answer: Answer) -> Json:
        headers = {name: _header(ON_ANSWERS[name]) for name in (*self._usual_headers(), *answer.headers)}
        described: Json = {"description": HTTPStatus(answer.status).phrase, "headers": headers}
        if answer.body is None:
            return described
        schema = self._body(answer)
        return described | {"content": {answer.media_type: {"schema": schema}}}

    def _body(self, answer: Answer) -> Json:
        if not isinstance(answer.body, type):
            return dict(answer.body or {})
        one = self._ref(answer.body)
        if not answer.is_page:
            return one
        whole: Json = {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {"type": ["string", "null"], "format": "uri", "description": "The next page."},
                "results": {"type": "array", "items": one},
            },
        }
        if answer.beside is not None:
            beside = self._map_serializer(answer.beside(), "response")  # type: ignore[no-untyped-call]
            whole["properties"] |= beside["properties"]
            whole["required"] += beside["required"]
        return whole

    def _ref(self, serializer: type[Serializer[Any]]) -> Json:
        ref: Json = self.resolve_serializer(serializer(), "response").ref
        return ref

    def _problem(self, status: int, refusals: list[Refused]) -> Json:
        for name, schema in (("Problem", PROBLEM), ("ProblemEntry", ENTRY)):
            component = ResolvedComponent(  # type: ignore[no-untyped-call]
                name=name, type=ResolvedComponent.SCHEMA, object=name, schema=copy.deepcopy(schema)
            )
            self.registry.register_on_missing(component)
        problem: Json = {"$ref": "#/components/schemas/Problem"}
        codes = {refused.code for refused in refusals}
        known = sorted(code for code in codes if code is not None)
        also = ", and others"
        if None not in codes:
            problem["properties"] = {"code": {"enum": known}}
            also = ""
        own = [name for refused in refusals for name in refused.headers]
        names = dict.fromkeys((*self._usual_headers(), *ON_STATUS.get(status, ()), *own))
        return {
            "description": ", ".join(f"`{code}`" for code in known) + also,
            "headers": {name: _header(ON_ANSWERS[name]) for name in names},
            "content": {CONTENT_TYPE: {"schema": problem}},
        }

    def _refusals(self) -> Iterator[Refused]:
        yield from _BAD_REQUEST
        yield from _ALWAYS
        is_open = not self.view.get_authenticators()
        if not is_open:
            yield from _WITHOUT_TOKEN
            if self.method not in SAFE_METHODS:
                # A session without its CSRF token.
                yield Refused(status=403, code="permission_denied")
            if least_scope(self.view, self.method) != ApiTokenScope.READ:
                yield Refused(status=403, code="scope_too_small")
        if "{" in self.path:
            yield Refused(status=404, code="not_found")
        if self.method in self.view.inputs:
            yield from _OF_A_BODY
        if self.method not in SAFE_METHODS:
            yield Refused(status=411, code="length_required")
            yield Refused(status=413, code="body_too_large")
        if self.view.get_throttles():
            yield Refused(status=429, code="throttled")
        yield from map(as_refused, self.view.refuses.get(self.method, ()))

    def _usual_headers(self) -> tuple[str, ...]:
        return (*ON_EVERY_ANSWER, *(WHERE_THROTTLED if self.view.get_throttles() else ()))

    def _scope_in_words(self) -> str:
        if any(isinstance(one, AllowAny) for one in self.view.get_permissions()):
            return "Needs no token."
        return f"Needs a token of the scope `{least_scope(self.view, self.method).value}`, or a session."

    def _method(self) -> Any:
        return getattr(self.view, self.method.lower())

    def _route_name(self) -> str:
        return _route_names()[self.path]


@cache
def _route_names() -> dict[str, str]:
    def walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, str]]:
        for entry in resolver.url_patterns:
            place = prefix + str(entry.pattern)
            if isinstance(entry, URLResolver):
                yield from walk(entry, place)
            elif isinstance(entry, URLPattern) and entry.name:
                yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", place), entry.name

    return dict(walk(get_resolver(), ""))


def _first_clause(thing: Any) -> str:
    return re.split(r"[.:;]( |$)", _paragraphs(thing)[0], maxsplit=1)[0]


def _paragraphs(thing: Any) -> list[str]:
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", thing.__doc__ or "") if part.strip()]


def _described(name: str) -> Json:
    described: Json = {"name": str(name), "in": "query", "required": False}
    if isinstance(name, Parameter):
        return described | {"description": name.meaning, "schema": dict(name.schema)}
    return described | {"schema": {"type": "string"}}


def _request_header(name: str, header: Header) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": header.is_required,
        "description": header.meaning,
        "schema": dict(header.schema),
    }


def _header(header: Header) -> Json:
    return {"description": header.meaning, "schema": dict(header.schema)}
