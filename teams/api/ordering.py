"""The order of a list, chosen by its reader from what the list declares.

A page begins after a value and an id, which its cursor carries: rows of the same value keep the order of
their ids, and rows that come in between are neither shown twice nor push others away.
"""

import base64
import binascii
import datetime as dt
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import Combinable
from rest_framework.request import Request
from rest_framework.views import APIView

from teams.api.declared import Parameter
from teams.api.pagination import NewestFirst, read_limit
from teams.api.query import CANONICAL_UUID, read_choice, refuse_cursor

ORDERING = "ordering"
MAX_CURSOR_CHARS = 2000
_VALUE = "order_value"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a list can be ordered by: a column or an expression, and how its values are read from a cursor.

    Rows where it is null are left out of the list.
    """

    by: str | Combinable
    read: Callable[[str], Any]

    def expression(self) -> Combinable:
        """Return it as an expression."""
        return F(self.by) if isinstance(self.by, str) else self.by


def read_moment(text: str) -> dt.datetime:
    """Read a time as a cursor carries it. Raises ValueError."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment


def read_amount(text: str) -> Decimal:
    """Read an amount as a cursor carries it. Raises ValueError."""
    amount = Decimal(text)
    if not amount.is_finite() or abs(amount) > Decimal(10) ** 15:
        raise ValueError(text)
    return amount


def read_name(text: str) -> str:
    """Read a text as a cursor carries it. Raises ValueError."""
    if "\x00" in text:
        raise ValueError(text)
    text.encode()
    return text


Orders = Mapping[str, Order | None]
"""By name; None is the order in which rows were made, which is that of their ids."""


def ordering_parameter(orders: Orders) -> Parameter:
    """Declare the parameter that chooses one of them."""
    return Parameter(
        ORDERING,
        {"enum": _names(orders), "default": "-created_at"},
        "What the list is ordered by; `-` in front turns it round. Rows without it are left out.",
    )


class Ordered(NewestFirst):
    """Pages in one of the declared orders, newest first where none is chosen."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        """Return one page of the rows, in one query."""
        chosen = read_choice(request, ORDERING, _names(self._orders)) or "-created_at"
        order = self._orders[chosen.removeprefix("-")]
        if chosen == "-created_at":
            return super().paginate_queryset(queryset, request, view)
        if not isinstance(queryset, QuerySet):
            raise TypeError("only rows of the database are paged, because a page begins after an id")
        comes_after = "lt" if chosen.startswith("-") else "gt"
        after = _read_cursor(request.query_params.get("cursor"), chosen, order)
        if order is None:
            rows = queryset.order_by("id")
            if after is not None:
                rows = rows.filter(id__gt=after[1])
        else:
            rows = queryset.annotate(**{_VALUE: order.expression()}).filter(**{f"{_VALUE}__isnull": False})
            turned = "-" if comes_after == "lt" else ""
            rows = rows.order_by(f"{turned}{_VALUE}", f"{turned}id")
            if after is not None:
                value, last_id = after
                same = Q(**{_VALUE: value, f"id__{comes_after}": last_id})
                # The first condition says nothing new, but an index can begin there.
                rows = rows.filter(**{f"{_VALUE}__{comes_after}e": value})
                rows = rows.filter(Q(**{f"{_VALUE}__{comes_after}": value}) | same)
            # What is shown of a row is read for those of the page, not for all that are sorted.
            begun = rows.values("pk")[: read_limit(request) + 1]
            rows = queryset.annotate(**{_VALUE: order.expression()}).filter(pk__in=begun)
            rows = rows.order_by(f"{turned}{_VALUE}", f"{turned}id")
        return self.cut(rows, request, read_limit(request), lambda row: _cursor_of(row, chosen))


def _names(orders: Orders) -> list[str]:
    return [turned + name for name in orders for turned in ("", "-")]


def _cursor_of(row: Any, chosen: str) -> str:
    value = getattr(row, _VALUE, "")
    text = value.isoformat() if isinstance(value, dt.datetime) else str(value)
    packed = json.dumps([chosen, text, str(row.pk)], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _read_cursor(text: str | None, chosen: str, order: Order | None) -> tuple[Any, uuid.UUID] | None:
    """Return the value and the id after which the page begins; refuse what `_cursor_of` never wrote."""
    if text is None:
        return None
    if len(text) > MAX_CURSOR_CHARS:
        refuse_cursor()
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        made_for, value, last_id = json.loads(packed)
        is_ours = made_for == chosen and isinstance(value, str) and CANONICAL_UUID.fullmatch(last_id)
        read = order.read(value) if order is not None and is_ours else None
    except (ValueError, TypeError, RecursionError, InvalidOperation, binascii.Error):
        refuse_cursor()
    if not is_ours:
        refuse_cursor()
    return read, uuid.UUID(last_id)
