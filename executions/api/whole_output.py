"""The whole shape of answers that are put together from several rows; the functions beside them make these.

`execution_detail`, `step_rows` and `step_detail` build the answers in few queries. What they may hold is said
here, and the OpenAPI document has it from here.
"""

from rest_framework import serializers

from executions.api.connection_output import ConnectionOutput
from executions.api.execution_output import EventOutput, ExecutionOutput
from executions.api.plan_shape import MoneyOutput
from executions.api.question_output import QuestionOutput
from executions.api.step_output import VERBS, AgentRunOutput, StepDetailOutput, StepOutput
from teams.api.findings import FindingOutput


class UsageFigures(serializers.Serializer[object]):
    """Tokens of all answers of models; `unreported` are those of which Suna told none."""

    responses = serializers.IntegerField()
    tokens_input = serializers.IntegerField()
    tokens_output = serializers.IntegerField()
    tokens_cached = serializers.IntegerField()
    tokens_reasoning = serializers.IntegerField()
    unreported = serializers.IntegerField()


class CostFigures(serializers.Serializer[object]):
    """US dollars as a decimal text: the whole cost only where `unpriced` is 0."""

    cost_usd = serializers.RegexField(r"^-?[0-9]+(\.[0-9]+)?$")
    unpriced = serializers.IntegerField()


class Figures(serializers.Serializer[object]):
    """Tokens and their cost."""

    usage = UsageFigures()
    cost = CostFigures()


class TotalFigures(Figures):
    """The sums of all rows, and those of each step and of each agent by its id."""

    by_step = serializers.DictField(child=Figures())
    by_agent = serializers.DictField(child=Figures())


class TotalsBeside(serializers.Serializer[object]):
    """What stands beside the ledger's rows of an execution.

    `expected_cost_usd` is what a plan told before it began; null while it goes on, for a retry, and where
    there was no ground for an estimate.
    """

    totals = TotalFigures()
    usage_complete = serializers.BooleanField()
    expected_cost_usd = MoneyOutput(allow_null=True)


class AcceptedOutput(ExecutionOutput):
    """An execution that was accepted, with what there is to say of its team and connection."""

    warnings = FindingOutput(many=True)

    class Meta(ExecutionOutput.Meta):
        fields = [*ExecutionOutput.Meta.fields, "warnings"]


class StepRowOutput(StepOutput):
    """A step as its execution shows it: with its figures, and the question with which it waits."""

    usage = UsageFigures()
    cost = CostFigures()
    can = serializers.ListField(child=serializers.ChoiceField(VERBS))
    links = serializers.DictField(child=serializers.URLField())
    question = QuestionOutput(allow_null=True)

    class Meta(StepOutput.Meta):
        fields = [*StepOutput.Meta.fields, "usage", "cost", "can", "links", "question"]


class StepWholeOutput(StepDetailOutput):
    """One step with everything that is known of it."""

    usage = UsageFigures()
    cost = CostFigures()
    can = serializers.ListField(child=serializers.ChoiceField(VERBS))
    links = serializers.DictField(child=serializers.URLField())
    question = QuestionOutput(allow_null=True)
    questions = QuestionOutput(many=True)
    agent_runs = AgentRunOutput(many=True)

    class Meta(StepDetailOutput.Meta):
        fields = [
            *StepDetailOutput.Meta.fields,
            "usage",
            "cost",
            "can",
            "links",
            "question",
            "questions",
            "agent_runs",
        ]


class ExecutionDetailOutput(ExecutionOutput):
    """An execution with its prompt, its steps and its answer; `retries` were made from it."""

    retries = serializers.ListField(child=serializers.UUIDField())
    prompt = serializers.CharField()
    answer = serializers.JSONField(allow_null=True)
    result_text = serializers.CharField(allow_blank=True, allow_null=True)
    steps = StepRowOutput(many=True)

    class Meta(ExecutionOutput.Meta):
        fields = [*ExecutionOutput.Meta.fields, "retries", "prompt", "answer", "result_text", "steps"]


class EventsOutput(serializers.Serializer[object]):
    """A piece of the timeline; the next one begins after `last_seq`."""

    last_seq = serializers.IntegerField()
    results = EventOutput(many=True)


class ConnectionEditedOutput(ConnectionOutput):
    """A connection after a change; `credential_forgotten` where another address made Renum forget it."""

    credential_forgotten = serializers.BooleanField()

    class Meta(ConnectionOutput.Meta):
        fields = [*ConnectionOutput.Meta.fields, "credential_forgotten"]


class SyncedOutput(serializers.Serializer[object]):
    """How many agents there are, how many of them changed, went missing, or have no usable id."""

    present = serializers.IntegerField()
    changed = serializers.IntegerField()
    went_missing = serializers.IntegerField()
    left_out = serializers.IntegerField()
