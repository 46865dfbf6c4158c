"""The door to the admin's theme: its classes, typed as Django's own. Every ModelAdmin derives from these.

The theme carries no types, and Django's classes take no type parameters at run time. For the type checker
these are Django's generic classes; when run, a parameter is dropped.
"""

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import BadRequest, FieldDoesNotExist, ValidationError
from django.db import models, transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.utils import timezone

from teams.actions.refusal import Refusal
from teams.admin.on_record import OnRecord

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

    class _KnownIds(AutocompleteSelect):
        # Django asks the database for whatever a form brought, and fails on what is no id at all.
        def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
            return super().optgroups(name, [one for one in value if self._is_id(one)], attr)

        def _is_id(self, value: Any) -> bool:
            try:
                self.field.target_field.to_python(value)
            except ValidationError:
                return False
            return True

    class _Autocompleting:
        def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
            if "widget" not in kwargs and db_field.name in self.get_autocomplete_fields(request):
                kwargs["widget"] = _KnownIds(db_field, self.admin_site, using=kwargs.get("using"))
            return super().formfield_for_foreignkey(db_field, request, **kwargs)

    class ModelAdmin(_Parametrised, _Autocompleting, OnRecord, unfold.admin.ModelAdmin):
        """The theme's ModelAdmin."""

        def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
            """Show the list; 400 for a NUL in its address, which PostgreSQL would refuse in a filter."""
            if any("\x00" in value for values in request.GET.lists() for value in values[1]):
                raise BadRequest("NUL in the query")
            view = super().changelist_view
            if request.method == "POST" and request.POST.get("action") == "delete_selected":
                # It is written into the log before it is done: all of it, or nothing.
                view = transaction.atomic(view)
            return self._tell_refusal(request, view, request, extra_context)

        def changeform_view(
            self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
        ) -> Any:
            """Show and take the form. Where its action refuses nothing is saved, and it is said why."""
            view = super().changeform_view
            return self._tell_refusal(request, view, request, object_id, form_url, extra_context)

        def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
            """Return what the address fills in; moments as moments, and nothing for what is none."""
            offered: dict[str, Any] = super().get_changeform_initial_data(request)
            for name in [name for name, value in offered.items() if isinstance(value, str)]:
                if _is_moment(self.model, name):
                    offered[name] = _read_moment(offered[name])
            return {name: value for name, value in offered.items() if value is not None}

        def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
            """Ask, and delete. Where the action refuses it is said why."""
            return self._tell_refusal(request, super().delete_view, request, object_id, extra_context)

        def refusal_words(self, refusal: Refusal) -> str:
            """Return why an action refused; where there are words in the reader's language, those."""
            return refusal.message

        def _tell_refusal(self, request: HttpRequest, view: Callable[..., Any], *given: Any) -> Any:
            # Each of these views does what it does in one transaction, which is over by then.
            try:
                return view(*given)
            except Refusal as refusal:
                if request.method != "POST":
                    raise
                messages.error(request, self.refusal_words(refusal))
                return HttpResponseRedirect(request.get_full_path())

    def _is_moment(model: Any, name: str) -> bool:
        try:
            return isinstance(model._meta.get_field(name), models.DateTimeField)  # noqa: SLF001  Django's own way
        except FieldDoesNotExist:
            return False

    def _read_moment(text: str) -> dt.datetime | None:
        try:
            moment = dt.datetime.fromisoformat(text)
            return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
        except (ValueError, OverflowError):
            return None

    class TabularInline(_Parametrised, _Autocompleting, unfold.admin.TabularInline):
        """The theme's TabularInline."""

    class ModelForm(_Parametrised, forms.ModelForm):
        """Django's ModelForm."""


__all__ = ["ActionForm", "ModelAdmin", "ModelForm", "TabularInline", "action"]
