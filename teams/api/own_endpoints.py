"""Whoever asks: who they are to Renum, how they read it, and their tokens."""

import datetime as dt
import uuid
from typing import Any

from django.db.models import F
from django.http import Http404
from django.views.decorators.debug import sensitive_variables
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from teams.actions.edit_preferences import MAX_NAME_CHARS, edit_preferences
from teams.actions.issue_token import TooManyTokens, issue_own_token
from teams.actions.revoke_token import revoke_token
from teams.api.authentication import person, token_of
from teams.api.declared import NOTHING, Answer, page
from teams.api.endpoint import PAGE, Endpoint, page_of, read_body
from teams.api.fields import Choice, InputSerializer, Text, WholeNumber
from teams.api.null_text import TextOrNull
from teams.api.token_endpoints import MAX_DAYS
from teams.models import ApiToken, ApiTokenScope, User


class PreferencesInput(InputSerializer):
    """How somebody reads Renum, and what they are called; null leaves it to the browser and the site."""

    language = Text(max_length=10, allow_blank=True, allow_null=True, required=False)
    time_zone = Text(max_length=64, allow_blank=True, allow_null=True, required=False)
    first_name = Text(max_length=MAX_NAME_CHARS, allow_blank=True, allow_null=True, required=False)
    last_name = Text(max_length=MAX_NAME_CHARS, allow_blank=True, allow_null=True, required=False)


class OwnTokenInput(InputSerializer):
    """A token to be made. Without `expires_in_days` it lives as long as the site says."""

    name = Text(max_length=100)
    scope = Choice(choices=ApiTokenScope.values, default=ApiTokenScope.READ.value)
    expires_in_days = WholeNumber(min_value=1, max_value=MAX_DAYS, required=False)


class TokenOutput(serializers.ModelSerializer[ApiToken]):
    """A token without what opens anything; `starts_with` is what its owner recognises it by."""

    id = serializers.UUIDField(source="public_id")
    name = TextOrNull()
    starts_with = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(source="created")
    expires_at = serializers.DateTimeField(source="expiry", allow_null=True)

    class Meta:
        model = ApiToken
        fields = ["id", "name", "starts_with", "scope", "created_at", "expires_at", "last_used_at"]

    def get_starts_with(self, token: ApiToken) -> str:
        """Return the prefix and four characters; older rows keep more of them."""
        return str(token.token_key)[:8]


class MadeTokenOutput(TokenOutput):
    """A token that was made just now: the one time that it is shown."""

    token = serializers.CharField()

    class Meta(TokenOutput.Meta):
        fields = [*TokenOutput.Meta.fields, "token"]


class MeOutput(serializers.ModelSerializer[User]):
    """A person, as they see themselves, with the token that they ask with; null for a session."""

    email = TextOrNull()
    token = TokenOutput(allow_null=True)
    first_name = TextOrNull()
    last_name = TextOrNull()
    language = TextOrNull()
    time_zone = TextOrNull()

    class Meta:
        model = User
        fields = [
            "id",
            "username",
            "email",
            "first_name",
            "last_name",
            "language",
            "time_zone",
            "is_staff",
            "date_joined",
            "token",
        ]


class Me(Endpoint):
    """Whoever asks."""

    inputs = {"PATCH": PreferencesInput}
    answers = {"GET": Answer(body=MeOutput), "PATCH": Answer(body=MeOutput)}

    def get(self, request: Request) -> Response:
        """Show them, and the token that they ask with."""
        return Response(_shown(person(request), token_of(request)))

    def patch(self, request: Request) -> Response:
        """Change the language and the time zone in which they read pages, and their name."""
        given = {name: value or "" for name, value in read_body(request, PreferencesInput).items()}
        edit_preferences(user=person(request), **given)
        return Response(_shown(person(request), token_of(request)))


class Tokens(Endpoint):
    """The tokens of whoever asks."""

    query = PAGE
    inputs = {"POST": OwnTokenInput}
    answers = {"GET": page(TokenOutput), "POST": Answer(status=201, body=MadeTokenOutput)}
    refuses = {"POST": (TooManyTokens,)}

    def get(self, request: Request) -> Response:
        """List them, newest first, also those that have expired."""
        return page_of(_own(person(request)), request, TokenOutput)

    @sensitive_variables()
    def post(self, request: Request) -> Response:
        """Make one; the answer is the only place that it is ever shown."""
        body = read_body(request, OwnTokenInput)
        days = body.get("expires_in_days")
        issued = issue_own_token(
            by=person(request),
            using=token_of(request),
            name=body["name"],
            scope=ApiTokenScope(body["scope"]),
            lifetime=dt.timedelta(days=days) if days else None,
        )
        return Response({**TokenOutput(issued.row).data, "token": issued.token}, status=201)


class OneToken(Endpoint):
    """One token of whoever asks."""

    answers = {"GET": Answer(body=TokenOutput), "DELETE": NOTHING}

    def get(self, request: Request, token_id: uuid.UUID) -> Response:
        """Show it."""
        return Response(TokenOutput(_find(person(request), token_id)).data)

    def delete(self, request: Request, token_id: uuid.UUID) -> Response:
        """Revoke it, at once."""
        revoke_token(token=_find(person(request), token_id))
        return Response(status=204)


def _own(user: User) -> Any:
    # Lists are paged by `id`; the rows' own key is the hash.
    return user.auth_token_set.annotate(id=F("public_id"))


def _find(user: User, token_id: uuid.UUID) -> ApiToken:
    token: ApiToken | None = user.auth_token_set.filter(public_id=token_id).first()
    if token is None:
        raise Http404
    return token


def _shown(user: User, token: ApiToken | None) -> dict[str, Any]:
    user.token = token  # type: ignore[attr-defined]  # not a column: what the answer is made of
    return dict(MeOutput(user).data)
