"""The theme's filters for lists, under the names of what they offer."""

from unfold.contrib.filters.admin import AllValuesCheckboxFilter as ValueList
from unfold.contrib.filters.admin import AutocompleteSelectFilter as Autocomplete
from unfold.contrib.filters.admin import ChoicesDropdownFilter as ChoiceList
from unfold.contrib.filters.admin import RangeDateTimeFilter as DateTimeRange

__all__ = ["Autocomplete", "ChoiceList", "DateTimeRange", "ValueList"]
