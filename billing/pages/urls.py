"""The addresses of the pages about a person's keys."""

from django.urls import path

from billing.pages.change_keys import remove_key, store_key
from billing.pages.show_keys import show_keys

urlpatterns = [
    path("keys/", show_keys, name="keys"),
    path("keys/store/", store_key, name="key-store"),
    path("keys/<str:service>/delete/", remove_key, name="key-delete"),
]
