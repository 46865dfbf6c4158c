"""The theme's filters for lists, under the names of what they offer."""

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import AllValuesCheckboxFilter as ValueList
from unfold.contrib.filters.admin import AutocompleteSelectFilter as Autocomplete
from unfold.contrib.filters.admin import ChoicesDropdownFilter as ChoiceList

if TYPE_CHECKING:
    RangeDateTimeFilter = admin.FieldListFilter
else:
    from unfold.contrib.filters.admin import RangeDateTimeFilter

__all__ = ["Autocomplete", "ChoiceList", "DateTimeRange", "ValueList"]


class DateTimeRange(RangeDateTimeFilter):
    """From a moment to another, in the time zone of the person who asks; the theme's own knows no zones."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows between the two; an end that is missing or is no moment sets no bound."""
        for end, lookup in (("from", "gte"), ("to", "lte")):
            moment = self._moment(end)
            if moment is not None:
                queryset = queryset.filter(**{f"{self.field_path}__{lookup}": moment})
        return queryset

    def _moment(self, end: str) -> dt.datetime | None:
        day = self.used_parameters.get(f"{self.field_path}_{end}_0")
        time = self.used_parameters.get(f"{self.field_path}_{end}_1")
        try:
            moment = dt.datetime.fromisoformat(f"{day}T{time or '00:00:00'}")
            return timezone.make_aware(moment) if moment.tzinfo is None else moment
        except (ValueError, OverflowError):
            return None
