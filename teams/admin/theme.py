"""The door to the admin's theme: its classes, typed as Django's own. Every ModelAdmin derives from these.

The theme carries no types, and Django's classes take no type parameters at run time. For the type checker
these are Django's generic classes; when run, a parameter is dropped.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin import helpers
from django.core.exceptions import BadRequest
from django.http import HttpRequest

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline
    ModelForm = forms.ModelForm
    ActionForm = helpers.ActionForm

    def action(
        *, description: Any, permissions: list[str], url_path: str | None = None
    ) -> Callable[[Any], Any]:
        """Mark a method as an action: who may use it, and under which name and address."""
        raise NotImplementedError
else:
    import unfold.admin
    from unfold.decorators import action
    from unfold.forms import ActionForm

    class _Parametrised:
        @classmethod
        def __class_getitem__(cls, _parameters: Any) -> type:
            return cls

    class ModelAdmin(_Parametrised, unfold.admin.ModelAdmin):
        """The theme's ModelAdmin."""

        def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
            """Show the list; 400 for a NUL in its address, which PostgreSQL would refuse in a filter."""
            if any("\x00" in value for values in request.GET.lists() for value in values[1]):
                raise BadRequest("NUL in the query")
            return super().changelist_view(request, extra_context)

    class TabularInline(_Parametrised, unfold.admin.TabularInline):
        """The theme's TabularInline."""

    class ModelForm(_Parametrised, forms.ModelForm):
        """Django's ModelForm."""


__all__ = ["ActionForm", "ModelAdmin", "ModelForm", "TabularInline", "action"]
