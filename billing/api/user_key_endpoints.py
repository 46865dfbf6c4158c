"""A person's own keys for the services of their agents. A key goes in and never comes out."""

from typing import Any

from django.http import Http404
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.actions.delete_user_key import KeyNotFound, delete_user_key
from billing.actions.key_use import uses_of_key
from billing.actions.store_user_key import (
    InvalidKey,
    InvalidService,
    check_service_name,
    store_user_key,
)
from billing.models import UserApiKey
from teams.api.authentication import person
from teams.api.declared import NOTHING, Answer, page
from teams.api.endpoint import PAGE, Endpoint, page_of, read_body
from teams.api.fields import InputSerializer, Text
from teams.models import SunaConnection, Team

MAX_CONNECTIONS = 100


class UserKeyInput(InputSerializer):
    """A key; the action judges its form."""

    key = Text(allow_blank=True)


class UserKeyOutput(serializers.ModelSerializer[UserApiKey]):
    """What people see of a key."""

    service = serializers.CharField(source="service_name")

    class Meta:
        model = UserApiKey
        fields = [
            "service",
            "fingerprint",
            "created_at",
            "updated_at",
            "last_used_at",
            "last_used_execution_id",
        ]


class TeamOfUseOutput(serializers.ModelSerializer[Team]):
    """A team, named."""

    class Meta:
        model = Team
        fields = ["id", "name"]


class KeyUseOutput(serializers.Serializer[Any]):
    """The steps of one team that the key goes along with; not yet, where `is_sent` is false."""

    team = TeamOfUseOutput()
    steps = serializers.ListField(child=serializers.CharField())
    is_sent = serializers.BooleanField()


class UserKeyDetailOutput(UserKeyOutput):
    """A key, and in `used_by` the steps of the teams that its owner pays for which are given it."""

    used_by = serializers.SerializerMethodField()

    class Meta(UserKeyOutput.Meta):
        fields = [*UserKeyOutput.Meta.fields, "used_by"]

    @extend_schema_field(KeyUseOutput(many=True))
    def get_used_by(self, row: UserApiKey) -> list[dict[str, Any]]:
        """Return its use by team."""
        return list(KeyUseOutput(uses_of_key(row.user, row.service_name), many=True).data)


class StoredKeyOutput(UserKeyDetailOutput):
    """A key that was stored just now; `trimmed` where spaces around it were taken off."""

    trimmed = serializers.BooleanField()

    class Meta(UserKeyDetailOutput.Meta):
        fields = [*UserKeyDetailOutput.Meta.fields, "trimmed"]


class SentOnOutput(serializers.Serializer[object]):
    """The connections to which keys may be sent at all."""

    sent_on = serializers.ListField(child=serializers.UUIDField())


class UserKeyList(Endpoint):
    """All keys of a person."""

    query = PAGE
    answers = {"GET": page(UserKeyOutput, beside=SentOnOutput)}

    def get(self, request: Request) -> Response:
        """List them, newest first. `sent_on` are the connections to which any key may be sent at all."""
        sent_on = SunaConnection.objects.visible_to(person(request)).filter(sends_user_keys=True)
        ids = [
            str(pk) for pk in sent_on.order_by("created_at").values_list("pk", flat=True)[:MAX_CONNECTIONS]
        ]
        rows = UserApiKey.objects.for_user(person(request))
        return page_of(rows, request, UserKeyOutput, sent_on=ids)


class UserKey(Endpoint):
    """A person's key for one service."""

    throttle_kinds = {"PUT": "key_changes", "DELETE": "key_changes"}
    inputs = {"PUT": UserKeyInput}
    answers = {
        "GET": Answer(body=UserKeyDetailOutput),
        "PUT": Answer(body=StoredKeyOutput),
        "DELETE": NOTHING,
    }
    refuses = {
        "GET": (InvalidService,),
        "PUT": (InvalidService, InvalidKey),
        "DELETE": (InvalidService, KeyNotFound),
    }

    def get(self, request: Request, service: str) -> Response:
        """Show that it is there, which it is, and which steps are given it."""
        name = check_service_name(service)
        row = UserApiKey.objects.for_user(person(request)).filter(service_name=name).first()
        if row is None:
            raise Http404
        return Response(UserKeyDetailOutput(row).data)

    @sensitive_variables()
    def put(self, request: Request, service: str) -> Response:
        """Store it, in place of the one that was there. `trimmed` tells whether spaces were taken off."""
        key = read_body(request, UserKeyInput)["key"]
        stored = store_user_key(user=person(request), service=service, key=key, now=timezone.now())
        return Response({**UserKeyDetailOutput(stored.row).data, "trimmed": stored.trimmed})

    def delete(self, request: Request, service: str) -> Response:
        """Delete it."""
        delete_user_key(user=person(request), service=check_service_name(service))
        return Response(status=204)
