"""Every address of the site. Each app brings its own addresses; nothing is decided here."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, URLResolver, include, path

from renum_site.api_schema import OpenApiDocument, show_api_docs
from renum_site.doctor.page import show_doctor
from renum_site.favicon import favicon
from renum_site.health import healthz, readyz
from renum_site.metrics import metrics
from teams.pages.sign_in_form import SignInForm

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
    path(
        "accounts/login/",
        LoginView.as_view(redirect_authenticated_user=True, authentication_form=SignInForm),
        name="login",
    ),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/doctor/", admin.site.admin_view(show_doctor), name="doctor"),
    path("admin/", admin.site.urls),
    path("", include("renum_site.help.urls")),
    path("", include("teams.pages.urls")),
    path("", include("executions.pages.urls")),
    path("", include("executions.pages.cost_urls")),
    path("", include("billing.pages.urls")),
    path("", include("teams.pages.token_urls")),
]
