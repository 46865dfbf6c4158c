"""The shared context of an execution: as it is, as it was at a version, and how it came to be."""

import uuid
from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from executions.api.executions_seen import find_execution
from executions.context.history import Change, Entry, changes_after, context_at, find_entry
from executions.models import Execution
from teams.api.authentication import person
from teams.api.declared import Answer, Parameter
from teams.api.endpoint import PAGE, Endpoint
from teams.api.fields import JsonValue
from teams.api.pagination import DEFAULT_LIMIT, MAX_LIMIT
from teams.api.query import read_whole, refuse_value

MAX_VERSION = 2**31 - 1
MAX_KEY_CHARS = 200
LIMIT = PAGE[1]


VERSION = Parameter(
    "version",
    {"type": "integer", "minimum": 0, "maximum": MAX_VERSION},
    "As it was at that version, 0 being the beginning; without it, as it is.",
)
AFTER = Parameter(
    "after",
    {"type": "integer", "minimum": 0, "maximum": MAX_VERSION, "default": 0},
    "Only changes that come after this version.",
)


class ContextOutput(serializers.Serializer[Any]):
    """The whole context at a version. `left_out` are keys whose values are too large to be told together."""

    version = serializers.IntegerField()
    newest_version = serializers.IntegerField()
    values = serializers.DictField(child=JsonValue(allow_null=False))
    left_out = serializers.ListField(child=serializers.CharField())


class ContextEntryOutput(serializers.Serializer[Entry]):
    """What a key held, and the change that had set it: its version, who made it and when."""

    key = serializers.CharField()
    value = JsonValue(allow_null=False)
    version = serializers.IntegerField()
    author = serializers.CharField()
    created_at = serializers.DateTimeField()


class ContextChangeOutput(serializers.Serializer[Change]):
    """One change: which key, by whom, when. The digests are equal where the values are."""

    version = serializers.IntegerField()
    key = serializers.CharField()
    author = serializers.CharField()
    created_at = serializers.DateTimeField()
    size_bytes = serializers.IntegerField()
    digest = serializers.CharField()
    previous_version = serializers.IntegerField(allow_null=True)
    previous_digest = serializers.CharField(allow_null=True)


class ContextHistoryOutput(serializers.Serializer[Any]):
    """Changes, oldest first; ask again with `last_version` as `after` for those that follow."""

    last_version = serializers.IntegerField()
    newest_version = serializers.IntegerField()
    results = ContextChangeOutput(many=True)


class ExecutionContext(Endpoint):
    """The whole shared context."""

    query = (VERSION,)
    answers = {"GET": Answer(body=ContextOutput)}

    def get(self, request: Request, execution_id: uuid.UUID) -> Response:
        """Show it as it is, or as it was at `version`."""
        execution = find_execution(person(request), execution_id)
        version = _version_asked(request, execution)
        then = context_at(execution.pk, version=version)
        body = {
            "version": version,
            "newest_version": execution.context_version,
            "values": then.values,
            "left_out": then.left_out,
        }
        return Response(ContextOutput(body).data)


class ExecutionContextValue(Endpoint):
    """One key of the shared context."""

    query = (VERSION,)
    answers = {"GET": Answer(body=ContextEntryOutput)}

    def get(self, request: Request, execution_id: uuid.UUID, key: str) -> Response:
        """Show what it holds, or held at `version`, however large."""
        execution = find_execution(person(request), execution_id)
        version = _version_asked(request, execution)
        # A longer one is no key, and NUL cannot be asked for.
        known = len(key) <= MAX_KEY_CHARS and "\0" not in key
        entry = find_entry(execution.pk, key, version=version) if known else None
        if entry is None:
            raise Http404
        return Response(ContextEntryOutput(entry).data)


class ExecutionContextHistory(Endpoint):
    """The changes of the shared context."""

    query = (AFTER, LIMIT)
    answers = {"GET": Answer(body=ContextHistoryOutput)}

    def get(self, request: Request, execution_id: uuid.UUID) -> Response:
        """Show the changes that come after version `after`, without their values."""
        execution = find_execution(person(request), execution_id)
        after = read_whole(request, "after", low=0, high=MAX_VERSION) or 0
        limit = read_whole(request, "limit", low=1, high=MAX_LIMIT) or DEFAULT_LIMIT
        changes = changes_after(execution.pk, after, until=execution.context_version, limit=limit)
        body = {
            "last_version": changes[-1].version if changes else after,
            "newest_version": execution.context_version,
            "results": changes,
        }
        return Response(ContextHistoryOutput(body).data)


def _version_asked(request: Request, execution: Execution) -> int:
    """Return the version that is meant: the newest where none is named."""
    newest = execution.context_version
    version = read_whole(request, "version", low=0, high=MAX_VERSION)
    if version is None:
        return newest
    if version > newest:
        refuse_value("version", f"The context has reached version {newest}, not more.")
    return version
