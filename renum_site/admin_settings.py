"""How the admin looks, as its theme wants it said."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Renum",
    "SITE_HEADER": "Renum",
    "SITE_SYMBOL": "hub",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/renum.svg")}
    ],
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "executions.admin.dashboard.add_dashboard",
    "SITE_DROPDOWN": [
        {"icon": "arrow_back", "title": _("Back to Renum"), "link": reverse_lazy("start")},
        {"icon": "stethoscope", "title": _("Doctor"), "link": reverse_lazy("doctor")},
        {"icon": "payments", "title": _("Costs"), "link": reverse_lazy("staff-costs")},
    ],
}

__all__ = ["UNFOLD"]
