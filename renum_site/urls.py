"""Every address of the site. Each app brings its own addresses; nothing is decided here."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from billing.admin.unpriced import list_unpriced
from executions.admin.cost_review import export_costs, review_cost_rows, review_costs
from executions.admin.reprice import reprice_as_staff
from executions.admin.team_run import run_as_staff
from executions.admin.team_versions import export_as_staff, show_versions
from executions.admin.team_workflow import check_for_staff, draw_for_staff
from renum_site.api_schema import OpenApiDocument, show_api_docs
from renum_site.doctor.page import show_doctor
from renum_site.favicon import favicon
from renum_site.health import healthz, readyz
from renum_site.metrics import metrics
from teams.pages.admin_sign_in import sign_in_to_admin
from teams.pages.choose_language import choose_language

api_urls: list[URLPattern | URLResolver] = [
    path("openapi.json", OpenApiDocument.as_view(), name="openapi"),
    path("", include("teams.api.urls")),
    path("", include("billing.api.urls")),
    path("", include("executions.api.urls")),
]
handler500 = "renum_site.error_pages.server_error"
urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("favicon.ico", favicon, name="favicon"),
    path("api/docs", show_api_docs, name="api-docs"),
    path("api/v1/", include((api_urls, "api"))),
    path("accounts/", include("teams.pages.account_urls")),
    path("i18n/setlang/", choose_language, name="set_language"),
    path("admin/doctor/", admin.site.admin_view(show_doctor), name="doctor"),
    path("admin/workflow/check/", admin.site.admin_view(check_for_staff), name="staff-team-check"),
    path("admin/workflow/drawing/", admin.site.admin_view(draw_for_staff), name="staff-team-drawing"),
    path("admin/workflow/<uuid:team_id>/run/", admin.site.admin_view(run_as_staff), name="staff-team-run"),
    path(
        "admin/workflow/<uuid:team_id>/versions/",
        admin.site.admin_view(show_versions),
        name="staff-team-versions",
    ),
    path(
        "admin/workflow/<uuid:team_id>/export/",
        admin.site.admin_view(export_as_staff),
        name="staff-team-export",
    ),
    path("admin/costs/", admin.site.admin_view(review_costs), name="staff-costs"),
    path("admin/costs/rows/", admin.site.admin_view(review_cost_rows), name="staff-cost-rows"),
    path("admin/costs/csv/", admin.site.admin_view(export_costs), name="staff-cost-csv"),
    path("admin/costs/unpriced/", admin.site.admin_view(list_unpriced), name="staff-unpriced"),
    path("admin/costs/reprice/", admin.site.admin_view(reprice_as_staff), name="staff-reprice"),
    path("admin/login/", sign_in_to_admin, name="admin-login"),
    path("admin/", admin.site.urls),
    path("", include("renum_site.help.urls")),
    path("", include("teams.pages.urls")),
    path("", include("executions.pages.urls")),
    path("", include("executions.pages.cost_urls")),
    path("", include("billing.pages.urls")),
    path("", include("teams.pages.own_account_urls")),
    path("", include("teams.pages.token_urls")),
]
