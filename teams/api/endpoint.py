"""What every endpoint has in common: a strict query string, a strict body, pages; where it says its facts.

An endpoint says each fact once, as a class attribute. The check of the query, the OpenAPI document
(`teams.api.schema`) and the tests that compare every answer with the document read them there:

    class TeamVersions(Endpoint):
        query = PAGE                                     # what a GET may carry; names or `Parameter`s
        scopes = {"POST": "run"}                         # the least scope, where it is not read or admin
        inputs = {"POST": NewVersionInput}               # the body that `read_body` reads
        answers = {"GET": page(VersionOutput), "POST": made(SavedVersionOutput)}
        refuses = {"POST": (NotAllowed, InvalidWorkflow)}    # refusals of the action; Refused(status=, code=)

What the frame of every request refuses is not repeated: 400 of a query or a body, 401, a scope, 404 where the
path has an id, 406, 411, 413, 415, 429 of a throttle, 500 and 503. Output serializers describe whole answers,
also what is put together by hand. A method's docstring is its summary.
"""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from teams.api.declared import Answer, Parameter, Refusals
from teams.api.fields import InputSerializer
from teams.api.ordering import Ordered, Orders
from teams.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, NewestFirst
from teams.api.query import check_query
from teams.api.throttles import Rate

PAGE = (
    Parameter("cursor", {"type": "string"}, "Where the page begins: as `next` carries it."),
    Parameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        "How many at most.",
    ),
)


class Endpoint(APIView):
    """A view of the API.

    `query` names the parameters that a GET may carry, `post_query` and `put_query` those of a POST and a
    PUT; every other request may carry none. `scopes` says which methods a token without the scope `admin` may
    use (see `ScopeAllows`). `inputs`, `answers` and `refuses` say by method what goes in and what comes
    out; `request_headers` which headers a request may carry beside the usual ones, and
    `optional_headers` those that other endpoints insist on and this one does not. Headers are named here
    and described in `teams.api.headers`. `throttle_kinds` says by method which limit it counts for, where
    that is not the usual one of reads or writes (see `teams.api.throttles`).
    """

    query: ClassVar[tuple[str, ...]] = ()
    post_query: ClassVar[tuple[str, ...]] = ()
    put_query: ClassVar[tuple[str, ...]] = ()
    scopes: ClassVar[dict[str, str]] = {}
    throttle_kinds: ClassVar[dict[str, str]] = {}
    request_headers: ClassVar[dict[str, tuple[str, ...]]] = {}
    optional_headers: ClassVar[dict[str, tuple[str, ...]]] = {}
    inputs: ClassVar[dict[str, type[InputSerializer]]] = {}
    answers: ClassVar[dict[str, Answer | tuple[Answer, ...]]] = {}
    refuses: ClassVar[dict[str, Refusals]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check who asks and then the query, before the method runs."""
        super().initial(request, *args, **kwargs)
        allowed = {"GET": self.query, "HEAD": self.query, "POST": self.post_query, "PUT": self.put_query}
        check_query(request, allowed.get(request.method or "", ()))

    @property
    def allowed_methods(self) -> list[str]:
        """What the header Allow names: not OPTIONS, to which the API says 405."""
        return [method for method in super().allowed_methods if method != "OPTIONS"]

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        """Say on every answer how the asker's limit stands, whatever the answer is."""
        response = super().finalize_response(request, response, *args, **kwargs)
        rate: Rate | None = getattr(request, "rate", None)
        for name, value in (rate.headers() if rate else {}).items():
            response.headers[name] = value
        return response


def read_body(request: Request, serializer: type[InputSerializer]) -> dict[str, Any]:
    """Return the body as the serializer reads it; ValidationError with everything that is wrong."""
    reader = serializer(data=request.data)
    reader.is_valid(raise_exception=True)
    values: dict[str, Any] = reader.validated_data
    return values


def page_of(
    rows: QuerySet[Any],
    request: Request,
    serializer: type[BaseSerializer[Any]],
    *,
    orders: Orders | None = None,
    **extra: Any,
) -> Response:
    """Return one page of the rows; `extra` members stand beside the results.

    Newest first, unless the query chooses one of `orders`.
    """
    pages = NewestFirst() if orders is None else Ordered(orders)
    page: Iterable[Model] = pages.paginate_queryset(rows, request)
    written = serializer(page, many=True, context={"request": request}).data
    response = pages.get_paginated_response(written)
    response.data = {**response.data, **extra}
    return response
