"""The whole shape of a plan's answer; `plan_output` builds it."""

from rest_framework import serializers

from teams.api.findings import FindingOutput

_BASES = ["history", "prompt_size", "steps"]


class MoneyOutput(serializers.Serializer[object]):
    """US dollars as decimal texts. `samples` counts executions, 0 where the basis is none of them."""

    median = serializers.RegexField(r"^[0-9]+(\.[0-9]+)?$")
    p90 = serializers.RegexField(r"^[0-9]+(\.[0-9]+)?$", allow_null=True)
    basis = serializers.ChoiceField(choices=_BASES)
    samples = serializers.IntegerField()


class DurationOutput(serializers.Serializer[object]):
    """Seconds; otherwise as money."""

    median = serializers.FloatField()
    p90 = serializers.FloatField(allow_null=True)
    basis = serializers.ChoiceField(choices=_BASES)
    samples = serializers.IntegerField()


class ReasonOutput(serializers.Serializer[object]):
    """A code for programs and its sentence."""

    code = serializers.CharField()
    message = serializers.CharField()


class AssumptionOutput(ReasonOutput):
    """What an estimate takes for granted, in words and as facts."""

    params = serializers.DictField(child=serializers.IntegerField())


class StepEstimateOutput(serializers.Serializer[object]):
    """What a step may cost and take; of what is null, why."""

    cost_usd = MoneyOutput(allow_null=True)
    cost_missing = ReasonOutput(allow_null=True)
    duration_s = DurationOutput(allow_null=True)
    duration_missing = ReasonOutput(allow_null=True)


class WholeEstimateOutput(StepEstimateOutput):
    """What the whole may cost and take."""

    assumptions = AssumptionOutput(many=True)


class CutOutput(serializers.Serializer[object]):
    """A text that would be cut: the number of its block, and how much of it would be left."""

    block = serializers.IntegerField()
    original_bytes = serializers.IntegerField()
    kept_bytes = serializers.IntegerField()


class PromptOutput(serializers.Serializer[object]):
    """A prompt in pieces, {"text"} or {"result_of"}; `parts` is null where the answer would be too large."""

    is_exact = serializers.BooleanField()
    known_bytes = serializers.IntegerField()
    parts = serializers.ListField(child=serializers.DictField(child=serializers.CharField()), allow_null=True)
    cuts = CutOutput(many=True)


class PlannedKeysOutput(serializers.Serializer[object]):
    """Names of services: whose keys would be sent, and which the payer does not have."""

    sent = serializers.ListField(child=serializers.CharField())
    missing = serializers.ListField(child=serializers.CharField())
    takes_all = serializers.BooleanField()


class PlannedStepOutput(serializers.Serializer[object]):
    """One step of a plan."""

    step = serializers.CharField()
    title = serializers.CharField()
    role = serializers.CharField(allow_null=True)
    agent_id = serializers.CharField()
    agent_name = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    after = serializers.ListField(child=serializers.CharField())
    join = serializers.CharField(allow_null=True)
    conditions = serializers.ListField(child=serializers.CharField())
    fate = serializers.ChoiceField(choices=["starts", "skipped", "depends"])
    code = serializers.CharField(allow_null=True)
    message = serializers.CharField(allow_null=True)
    prompt = PromptOutput(allow_null=True)
    keys = PlannedKeysOutput()
    timeout_s = serializers.FloatField()
    max_attempts = serializers.IntegerField()
    on_error = serializers.ChoiceField(choices=["fail", "continue"])
    estimate = StepEstimateOutput(allow_null=True)


class PlannedRunOutput(serializers.Serializer[object]):
    """A run as it would be; `waves` holds lists of steps that may start at the same time at the earliest."""

    type = serializers.CharField()
    max_parallel = serializers.IntegerField(allow_null=True)
    deadline_s = serializers.FloatField()
    waves = serializers.ListField(child=PlannedStepOutput(many=True))
    output_steps = serializers.ListField(child=serializers.CharField())
    estimate = WholeEstimateOutput()
    can_start = serializers.BooleanField()
    obstacles = ReasonOutput(many=True)
    warnings = FindingOutput(many=True)
