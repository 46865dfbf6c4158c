"""Executions that do not go on by themselves, and what each of them waits for: what staff look at first."""

from enum import StrEnum

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from executions.engine.state import ExecutionStatus, StepStatus
from executions.models import Execution, ExecutionStep
from executions.orchestrator.claim import list_stuck
from executions.orchestrator.wishes import NEEDS_REVIEW

STUCK_AFTER_S = 60.0
"""Waiting longer for a driver is what the alerts in docs/operations.md warn of."""


class Waits(StrEnum):
    """What brings it forward: a driver, or one of four things that only people can do."""

    STUCK = "stuck"
    QUARANTINED = "quarantined"
    NEEDS_REVIEW = "needs_review"
    START_UNCERTAIN = "start_uncertain"
    ANSWER = "answer"


_BEGUN = ("running", "paused", "cancelling")
_STEPS = {Waits.START_UNCERTAIN: StepStatus.START_UNCERTAIN, Waits.ANSWER: StepStatus.WAITING_INPUT}


def only_waiting(executions: QuerySet[Execution], waits: Waits) -> QuerySet[Execution]:
    """Return those of them that wait for this."""
    if waits is Waits.STUCK:
        return executions.filter(pk__in=list_stuck(longer_than_s=STUCK_AFTER_S))
    return executions.filter(_condition(waits))


def count_waiting() -> dict[Waits, int]:
    """Return how many of all executions wait for each, in two queries that indexes bound."""
    by_people = [waits for waits in Waits if waits is not Waits.STUCK]
    # The condition of the index execution_begun.
    begun = Execution.objects.filter(status__in=[*_BEGUN, ExecutionStatus.QUARANTINED]).order_by()
    counts = begun.aggregate(**{waits.value: Count("pk", filter=_condition(waits)) for waits in by_people})
    return {
        Waits.STUCK: len(list_stuck(longer_than_s=STUCK_AFTER_S)),
        **{waits: counts[waits.value] for waits in by_people},
    }


def _condition(waits: Waits) -> Q:
    if waits is Waits.QUARANTINED:
        return Q(status=ExecutionStatus.QUARANTINED)
    if waits is Waits.NEEDS_REVIEW:
        return Q(status=ExecutionStatus.PAUSED, code=NEEDS_REVIEW)
    steps = ExecutionStep.objects.filter(execution=OuterRef("pk"), status=_STEPS[waits])
    return Q(status__in=_BEGUN) & Q(Exists(steps))
