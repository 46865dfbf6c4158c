"""What there is to say about a body or a workflow, as clients get it."""

from rest_framework import serializers


class FindingOutput(serializers.Serializer[object]):
    """One problem or warning: where (RFC 6901), which rule, in words, and the words' parameters."""

    pointer = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()
    params = serializers.DictField()
