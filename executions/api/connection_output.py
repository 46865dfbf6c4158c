"""What clients get about connections: never a credential, and of the site's own no address."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from executions.actions.connection_rights import may_manage
from executions.wording.connection_tests import findings_in_words, outcome_words, sync_words
from teams.api.authentication import person
from teams.api.null_text import TextOrNull
from teams.models import SunaConnection
from teams.wording.connections import connection_notices

VERBS = ("edit", "delete", "test", "sync")


class ConnectionOutput(serializers.ModelSerializer[SunaConnection]):
    """A connection; load it with its owner.

    What only its owner, or for the site's staff, may know is null for others: where it leads (`base_url`),
    how its credential is recognised, and what its test found.
    """

    base_url = serializers.SerializerMethodField()
    shared = serializers.SerializerMethodField()
    credential = serializers.SerializerMethodField()
    wire_profile = serializers.CharField()
    reads_user_keys = serializers.SerializerMethodField()
    paused_code = TextOrNull()
    notices = serializers.SerializerMethodField()
    test = serializers.SerializerMethodField()
    sync_code = TextOrNull()
    sync_message = serializers.SerializerMethodField()
    can = serializers.SerializerMethodField()

    class Meta:
        model = SunaConnection
        fields = [
            "id",
            "name",
            "shared",
            "base_url",
            "credential",
            "wire_profile",
            "sends_user_keys",
            "reads_user_keys",
            "limits",
            "throttled_until",
            "unreachable_at",
            "paused_code",
            "notices",
            "checked_at",
            "tested_at",
            "test",
            "synced_at",
            "sync_code",
            "sync_message",
            "can",
            "created_at",
        ]

    def get_base_url(self, connection: SunaConnection) -> str | None:
        """Return the address, to those who may change it."""
        return connection.base_url if self._may_manage(connection) else None

    def get_shared(self, connection: SunaConnection) -> bool:
        """Whether it is the whole site's."""
        return connection.owner_id is None

    def get_credential(self, connection: SunaConnection) -> dict[str, Any] | None:
        """Return what the parts of the credential are recognised by, and when its token runs out."""
        if not self._may_manage(connection):
            return None
        marks = connection.credential_marks
        return {
            "bearer": marks.get("bearer"),
            "api_key": marks.get("api_key"),
            "bearer_expires_at": connection.bearer_expires_at,
        }

    def get_reads_user_keys(self, connection: SunaConnection) -> bool | None:
        """Whether this Suna reads users' own keys; null where it is not known which one it is."""
        reads = connection.capabilities.get("honours_user_keys")
        return reads if isinstance(reads, bool) else None

    def get_notices(self, connection: SunaConnection) -> list[dict[str, Any]]:
        """Return what holds it up, or will, with who can mend it."""
        return [
            {"code": notice.code, "message": notice.message, "holds_up": notice.holds_up}
            for notice in connection_notices(connection, now=timezone.now())
        ]

    def get_test(self, connection: SunaConnection) -> dict[str, Any] | None:
        """Return what the last test found, to those who may test it."""
        result = connection.test_result
        if not result or not self._may_manage(connection):
            return None
        message, remedy = outcome_words(result["code"])
        return {
            "code": result["code"] or None,
            "message": message,
            "remedy": remedy or None,
            "reason": result["reason"] or None,
            "profile": result["profile"] or None,
            "evidence": result["evidence"],
            "identity": result["identity"],
            "latency_ms": result.get("latency_ms"),
            "clock_ahead_s": result.get("clock_ahead_s"),
            "findings": [
                {"name": found.name, "state": found.state, "code": found.code, "message": found.message}
                for found in findings_in_words(result)
            ],
        }

    def get_sync_message(self, connection: SunaConnection) -> str | None:
        """Return why its agents are not listed."""
        return sync_words(connection.sync_code) or None

    def get_can(self, connection: SunaConnection) -> list[str]:
        """Return what whoever asks may do with it, beside using it."""
        if not self._may_manage(connection):
            return []
        # Which agents a Suna lists can be asked once it is known which one it is.
        return [verb for verb in VERBS if verb != "sync" or connection.wire_profile]

    def _may_manage(self, connection: SunaConnection) -> bool:
        return may_manage(person(self.context["request"]), connection)
