"""Pages of a list, newest first. A page begins after the id that the one before it ended with.

Ids are UUIDv7, so they sort by the time they were made, and rows that come in between move nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from teams.api.query import read_uuid, read_whole

DEFAULT_LIMIT = 50
MAX_LIMIT = 100


def read_limit(request: Request) -> int:
    """Return how many rows a page has."""
    return read_whole(request, "limit", low=1, high=MAX_LIMIT) or DEFAULT_LIMIT


class NewestFirst(BasePagination):
    """Answers {"next", "results"}; `next` is the address of the next page and null on the last.

    Query: `limit` from 1 to 100, `cursor` as `next` carries it. Anything else there is refused with 400.
    """

    _next: str | None = None

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        """Return one page of the rows, in one query."""
        if not isinstance(queryset, QuerySet):
            raise TypeError("only rows of the database are paged, because a page begins after an id")
        limit = read_limit(request)
        cursor = read_uuid(request, "cursor")
        rows = queryset.order_by("-id")
        if cursor is not None:
            rows = rows.filter(id__lt=cursor)
        return self.cut(rows, request, limit, lambda row: str(row.id))

    def cut(
        self, rows: QuerySet[Any], request: Request, limit: int, cursor_of: Callable[[Any], str]
    ) -> list[Any]:
        """Return the first rows, and note where the next page begins."""
        # One more than asked for tells whether there is another page.
        page = list(rows[: limit + 1])
        if len(page) > limit:
            page.pop()
            self._next = replace_query_param(request.build_absolute_uri(), "cursor", cursor_of(page[-1]))
        return page

    def get_paginated_response(self, data: Sequence[Any]) -> Response:
        """Return the page as an answer."""
        return Response({"next": self._next, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the answer."""
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {"type": ["string", "null"], "format": "uri"},
                "results": schema,
            },
        }
