"""What every endpoint has in common: a strict query string, a strict body, pages."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from teams.api.fields import InputSerializer
from teams.api.pagination import NewestFirst
from teams.api.query import check_query

PAGE = ("cursor", "limit")


class Endpoint(APIView):
    """A view of the API.

    `query` names the parameters that a GET may carry, `query_of` those of other methods, which may carry
    no others. `scopes` says which
    methods a token without the scope `admin` may use (see `ScopeAllows`).
    """

    query: ClassVar[tuple[str, ...]] = ()
    query_of: ClassVar[dict[str, tuple[str, ...]]] = {}
    scopes: ClassVar[dict[str, str]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check who asks and then the query, before the method runs."""
        super().initial(request, *args, **kwargs)
        is_read = request.method in ("GET", "HEAD")
        check_query(request, self.query if is_read else self.query_of.get(request.method or "", ()))


def read_body(request: Request, serializer: type[InputSerializer]) -> dict[str, Any]:
    """Return the body as the serializer reads it; ValidationError with everything that is wrong."""
    reader = serializer(data=request.data)
    reader.is_valid(raise_exception=True)
    values: dict[str, Any] = reader.validated_data
    return values


def page_of(
    rows: QuerySet[Any], request: Request, serializer: type[BaseSerializer[Any]], **extra: Any
) -> Response:
    """Return one page of the rows; `extra` members stand beside the results."""
    pages = NewestFirst()
    page: Iterable[Model] = pages.paginate_queryset(rows, request)
    written = serializer(page, many=True, context={"request": request}).data
    response = pages.get_paginated_response(written)
    response.data = {**response.data, **extra}
    return response
