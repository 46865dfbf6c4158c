"""The addresses of the help."""

from django.urls import path

from renum_site.help.pages import list_codes, show_code, show_glossary, show_help, show_workflow_help

urlpatterns = [
    path("help/", show_help, name="help"),
    path("help/glossary/", show_glossary, name="help-glossary"),
    path("help/workflow/", show_workflow_help, name="help-workflow"),
    path("help/codes/", list_codes, name="help-codes"),
    path("help/codes/<slug:code>/", show_code, name="help-code"),
]
