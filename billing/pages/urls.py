"""The addresses of the pages about a person's keys and statements."""

from django.urls import path

from billing.pages.change_keys import remove_key, store_key
from billing.pages.show_keys import show_keys
from billing.pages.show_statements import list_statements, show_statement

urlpatterns = [
    path("costs/statements/", list_statements, name="statement-list"),
    path("costs/statements/<uuid:statement_id>/", show_statement, name="statement"),
    path("keys/", show_keys, name="keys"),
    path("keys/store/", store_key, name="key-store"),
    path("keys/<str:service>/delete/", remove_key, name="key-delete"),
]
