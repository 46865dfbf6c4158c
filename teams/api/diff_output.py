"""What clients get about two definitions that were compared."""

from rest_framework import serializers

from teams.api.team_output import VersionOutput


class ChangeOutput(serializers.Serializer[object]):
    """One value that came, went or is another; the pointer leads into the later definition unless it went."""

    kind = serializers.ChoiceField(choices=["added", "removed", "changed"])
    pointer = serializers.CharField(allow_blank=True)
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class StepDiffOutput(serializers.Serializer[object]):
    """One step that differs, with pointers to it in both definitions; null where it is not there.

    `role` is what the later definition calls its part, "" where nothing does.
    """

    step = serializers.CharField()
    role = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(choices=["added", "removed", "changed", "moved"])
    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)
    changes = ChangeOutput(many=True)


class DiffOutput(serializers.Serializer[object]):
    """All that differs. `document` are changes outside the steps; `text` a unified diff, null if too long."""

    is_same = serializers.BooleanField()
    steps = StepDiffOutput(many=True)
    document = ChangeOutput(many=True)
    text = serializers.CharField(allow_null=True, allow_blank=True)


class VersionDiffOutput(DiffOutput):
    """Two saved workflows compared; `before` is null where the first one is compared with nothing."""

    before = VersionOutput(allow_null=True)
    after = VersionOutput()
