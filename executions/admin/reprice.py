"""Staff re-price answers: first they see what it would do, then they do it."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.ledger.reprice import Effect
from executions.actions.reprice_usage import (
    REASON_CHARS,
    RIGHT,
    effect_mark,
    preview_repricing,
    reprice_usage,
)
from executions.admin.execution_verbs import person_of
from executions.wording.repricings import repricing_sentence
from teams.actions.refusal import Refusal

YEARS = range(2000, 2101)


class RepricingForm(forms.Form):
    """What is to be re-priced: whole days in the time zone of the person who asks, today at most."""

    model_name = forms.CharField(label=gettext_lazy("Model"), max_length=200)
    provider = forms.CharField(label=gettext_lazy("Provider"), max_length=100, required=False)
    first = forms.DateField(
        label=gettext_lazy("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last = forms.DateField(
        label=gettext_lazy("Last day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=REASON_CHARS)

    def clean(self) -> dict[str, Any]:
        """Hold the days against each other."""
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("first"), cleaned.get("last")
        for name, day in (("first", first), ("last", last)):
            if day is not None and day.year not in YEARS:
                self.add_error(name, _("There were no models on that day."))
        if first and last and first > last:
            self.add_error("last", _("The last day comes before the first."))
        return cleaned

    def about(self) -> dict[str, Any]:
        """Return what the action asks for: the period ends at the end of the last day, or now."""
        zone, cleaned = timezone.get_current_timezone(), self.cleaned_data
        after = cleaned["last"] + dt.timedelta(days=1)
        return {
            "model_name": cleaned["model_name"],
            "provider": cleaned["provider"],
            "starts_at": dt.datetime.combine(cleaned["first"], dt.time(), zone),
            "ends_at": min(dt.datetime.combine(after, dt.time(), zone), self.moment()),
        }

    def moment(self) -> dt.datetime:
        """Return the present moment in whole minutes: a form that is sent on means the same period."""
        return timezone.now().replace(second=0, microsecond=0)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reprice_as_staff(request: HttpRequest) -> HttpResponse:
    """Show the form, what it would do, and by `begin` do it."""
    if not request.user.has_perm(RIGHT):
        raise PermissionDenied
    if request.method != "POST":
        return _page(request, RepricingForm(initial=_offered(request)))
    form = RepricingForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    by, about = person_of(request), form.about()
    try:
        if "begin" in request.POST:
            act = reprice_usage(
                by=by, reason=form.cleaned_data["reason"], seen=request.POST.get("seen", ""), **about
            )
            messages.success(request, _("The re-pricing is under way."))
            return HttpResponseRedirect(reverse("admin:billing_repricing_change", args=[act.pk]))
        return _page(request, form, effect=preview_repricing(by=by, **about))
    except Refusal as refusal:
        return _page(request, form, problem=repricing_sentence(refusal), status=refusal.status)


def _offered(request: HttpRequest) -> dict[str, Any]:
    """Return what a link to the form fills in; a text that is none is left out."""
    given = {name: request.GET.get(name, "") for name in ("model_name", "provider", "first")}
    return {name: text for name, text in given.items() if text.isprintable() and len(text) <= 200} | {
        "last": timezone.localdate()
    }


def _page(
    request: HttpRequest,
    form: RepricingForm,
    *,
    effect: Effect | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": _("Re-price answers"),
        "form": form,
        "effect": effect,
        "seen": "" if effect is None else effect_mark(effect),
        "problem": problem,
    }
    return TemplateResponse(request, "admin/billing/reprice.html", context, status=status)
