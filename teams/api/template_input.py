"""What clients send to make a team of a template."""

from rest_framework import serializers

from teams.api.fields import Id, InputSerializer, Text


class TemplateUseInput(InputSerializer):
    """Ids of the connection's agents by role; a name of its own if the template's is not wanted."""

    agents = serializers.DictField(child=Text(max_length=128))
    name = Text(allow_blank=True, default="")
    connection = Id(required=False, allow_null=True)
