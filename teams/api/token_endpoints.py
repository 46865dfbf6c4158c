"""Tokens of API clients: made with a name and a password, shown once, revoked by themselves."""

import datetime as dt

from django.conf import settings
from django.views.decorators.debug import sensitive_variables
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from teams.actions.issue_token import EmailNotConfirmed, TooManyTokens, WrongCredentials, issue_token
from teams.actions.revoke_token import revoke_token
from teams.actions.second_factor import MAX_CODE_CHARS, CodeRequired, WrongCode
from teams.actions.sign_in_limit import TooManyTries
from teams.api.authentication import token_of
from teams.api.declared import NOTHING, Answer, Refused
from teams.api.endpoint import Endpoint, read_body
from teams.api.fields import Choice, InputSerializer, Text, WholeNumber
from teams.api.permissions import ScopeAllows
from teams.api.problems import ApiError
from teams.models import ApiTokenScope

MAX_DAYS = 3650


class NewTokenInput(InputSerializer):
    """Who asks for a token, and for which. Without `expires_in_days` it lives as long as the site says.

    `username` may be a confirmed e-mail address; `code` is needed from who has a second factor.
    """

    username = Text(max_length=254)
    password = Text(max_length=1000)
    code = Text(max_length=MAX_CODE_CHARS, allow_blank=True, default="")
    name = Text(max_length=100, allow_blank=True, default="")
    scope = Choice(choices=ApiTokenScope.values, default=ApiTokenScope.READ.value)
    expires_in_days = WholeNumber(min_value=1, max_value=MAX_DAYS, required=False)


class NewTokenOutput(serializers.Serializer[object]):
    """A token, this once, and what it is good for."""

    token = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    scope = serializers.ChoiceField(choices=ApiTokenScope.values)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)


class Token(Endpoint):
    """The token of whoever asks."""

    scopes = {"DELETE": "read"}
    inputs = {"POST": NewTokenInput}
    answers = {"POST": Answer(status=201, body=NewTokenOutput), "DELETE": NOTHING}
    refuses = {
        "POST": (
            WrongCredentials,
            EmailNotConfirmed,
            CodeRequired,
            WrongCode,
            TooManyTries,
            TooManyTokens,
        ),
        "DELETE": (Refused(status=400, code="no_token"),),
    }

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Take a password instead of a token where a token is asked for."""
        return [] if self.request.method == "POST" else super().get_authenticators()

    def get_permissions(self) -> list[BasePermission]:
        """Let anybody ask for a token."""
        return [AllowAny()] if self.request.method == "POST" else [IsAuthenticated(), ScopeAllows()]

    def get_throttles(self) -> list[BaseThrottle]:
        """Leave the tries to the action, which bounds them wherever somebody signs in."""
        return [] if self.request.method == "POST" else super().get_throttles()

    @sensitive_variables()
    def post(self, request: Request) -> Response:
        """Make a token; the answer is the only place that it is ever shown."""
        body = read_body(request, NewTokenInput)
        default: dt.timedelta = settings.REST_KNOX["TOKEN_TTL"]
        days = body.get("expires_in_days")
        issued = issue_token(
            request=request._request,  # noqa: SLF001  what Django's authenticate takes
            username=body["username"],
            password=body["password"],
            code=body["code"],
            name=body["name"],
            scope=ApiTokenScope(body["scope"]),
            lifetime=dt.timedelta(days=days) if days else default,
        )
        answer = {
            "token": issued.token,
            "name": issued.row.name,
            "scope": issued.row.scope,
            "created_at": issued.row.created,
            "expires_at": issued.row.expiry,
        }
        return Response(answer, status=201)

    def delete(self, request: Request) -> Response:
        """Revoke the token that this request came with."""
        token = token_of(request)
        if token is None:
            raise ApiError(400, "no_token", "This request came without a token: there is nothing to revoke.")
        revoke_token(token=token)
        return Response(status=204)
