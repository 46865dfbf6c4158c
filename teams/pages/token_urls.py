"""The addresses of the pages about a person's tokens for the API."""

from django.urls import path

from teams.pages.tokens import end_token, list_tokens, make_token

urlpatterns = [
    path("account/tokens/", list_tokens, name="tokens"),
    path("account/tokens/make/", make_token, name="token-make"),
    path("account/tokens/<uuid:token_id>/revoke/", end_token, name="token-revoke"),
]
