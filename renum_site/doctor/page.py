"""The doctor's page in the admin: an examination made while the page is asked for."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from renum_site.doctor.examination import examine
from renum_site.doctor.finding import AREAS

RIGHTS = ("executions.view_driver", "teams.view_sunaconnection")
"""What staff need: the page names hosts, and the connections of everybody."""


@never_cache
@require_safe
def show_doctor(request: HttpRequest) -> HttpResponse:
    """Examine, and show what was found, by area."""
    if not request.user.has_perms(RIGHTS):
        raise PermissionDenied
    report = examine()
    context = {
        **admin.site.each_context(request),
        "title": _("Doctor"),
        "report": report,
        "areas": [
            {
                "name": words,
                "findings": [found for found in report.findings if found.area == area],
            }
            for area, words in AREAS.items()
        ],
    }
    return TemplateResponse(request, "admin/doctor.html", context)
