"""What a person may ask of an execution: each verb has an address that takes a POST."""

import uuid
from collections.abc import Callable
from typing import ClassVar

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from executions.actions.accept_execution import Started
from executions.actions.cancel_execution import cancel_execution
from executions.actions.execution_rights import AlreadyOver, Cancelling, NotOver, Quarantined
from executions.actions.give_up_start import give_up_start
from executions.actions.pause_execution import pause_execution
from executions.actions.queue_limit import SiteQueueFull, TooManyPaused, TooManyQueued
from executions.actions.release_execution import NotQuarantined, release_execution
from executions.actions.resume_execution import NotPaused, resume_execution
from executions.actions.retry_execution import NothingToRetry, retry_execution
from executions.actions.run_again_execution import run_again_execution
from executions.actions.start_decision import StartDecided, StartNotInDoubt
from executions.actions.start_step_again import start_step_again
from executions.api.accepted import ACCEPTED, ACCEPTING, IDEMPOTENCY_KEY, accepted_answer
from executions.api.execution_input import NothingInput
from executions.api.execution_output import ExecutionOutput
from executions.api.executions_seen import find_execution, find_releasable
from executions.api.step_output import step_detail, steps_with_origin
from executions.api.waiting import WAIT, read_wait
from executions.api.whole_output import StepWholeOutput
from executions.models import Execution
from teams.actions.refusal import NotAllowed
from teams.api.authentication import person
from teams.api.declared import Answer, Refusals
from teams.api.endpoint import Endpoint, read_body
from teams.models import User

QUEUE_FULL: Refusals = (TooManyQueued, SiteQueueFull)


class _Wish(Endpoint):
    """A wish that is written down; the driver that holds the execution obeys it. Asking again is harmless."""

    scopes = {"POST": "run"}
    inputs = {"POST": NothingInput}
    answers = {"POST": Answer(status=202, body=ExecutionOutput)}
    ask: ClassVar[Callable[..., Execution]]

    def find(self, user: User, execution_id: uuid.UUID) -> Execution:
        """Return the execution as the user may see it; Http404 otherwise."""
        return find_execution(user, execution_id)

    def post(self, request: Request, execution_id: uuid.UUID) -> Response:
        """Ask for it, and show the execution as it stands."""
        execution = self.find(person(request), execution_id)
        read_body(request, NothingInput)
        self.ask(execution=execution, by=person(request))
        asked = self.find(person(request), execution_id)
        return Response(ExecutionOutput(asked, context={"request": request}).data, status=202)


class ExecutionCancellation(_Wish):
    """The wish that an execution ends: its runs are stopped from then on."""

    refuses = {"POST": (NotAllowed, AlreadyOver)}
    ask = staticmethod(cancel_execution)


class ExecutionPause(_Wish):
    """The wish that an execution starts nothing new; what runs goes on to its end."""

    refuses = {"POST": (NotAllowed, AlreadyOver, Cancelling, Quarantined, TooManyPaused)}
    ask = staticmethod(pause_execution)


class ExecutionResumption(_Wish):
    """The wish that a paused execution goes on."""

    refuses = {"POST": (NotAllowed, AlreadyOver, Cancelling, Quarantined, NotPaused, *QUEUE_FULL)}
    ask = staticmethod(resume_execution)


class ExecutionRelease(_Wish):
    """The wish of staff that a quarantined execution goes on, whosever it is."""

    refuses = {"POST": (NotAllowed, AlreadyOver, Cancelling, NotQuarantined, *QUEUE_FULL)}
    ask = staticmethod(release_execution)

    def find(self, user: User, execution_id: uuid.UUID) -> Execution:
        """Return the execution, to such staff whosever it is."""
        return find_releasable(user, execution_id)


class _StepWish(Endpoint):
    """A decision about one step's start that is in doubt. The same decision again is harmless."""

    scopes = {"POST": "run"}
    inputs = {"POST": NothingInput}
    answers = {"POST": Answer(status=202, body=StepWholeOutput)}
    refuses = {"POST": (NotAllowed, AlreadyOver, Cancelling, Quarantined, StartNotInDoubt, StartDecided)}
    ask: ClassVar[Callable[..., Execution]]

    def post(self, request: Request, execution_id: uuid.UUID, step_id: str) -> Response:
        """Decide it, and show the step as it stands."""
        execution = find_execution(person(request), execution_id, large=("plan",))
        if not execution.steps.filter(step_id=step_id).exists():
            raise Http404
        read_body(request, NothingInput)
        self.ask(execution=execution, step_id=step_id, by=person(request))
        step = steps_with_origin(execution).get(step_id=step_id)
        return Response(step_detail(execution, step, request), status=202)


class StepStartAgain(_StepWish):
    """The decision that a step is started again, whatever became of its start."""

    ask = staticmethod(start_step_again)


class StepStartGivenUp(_StepWish):
    """The decision that a step's start is given up: its attempt fails."""

    ask = staticmethod(give_up_start)


class _Repeat(Endpoint):
    """A new execution made from one that ended. It is committed when this answers."""

    post_query = (WAIT,)
    throttle_kinds = {"POST": "starts"}
    scopes = {"POST": "run"}
    request_headers = {"POST": (IDEMPOTENCY_KEY,)}
    inputs = {"POST": NothingInput}
    answers = {"POST": ACCEPTED}
    refuses = {"POST": (*ACCEPTING, NotOver)}
    ask: ClassVar[Callable[..., Started]]

    def post(self, request: Request, execution_id: uuid.UUID) -> Response:
        """Accept it. The same Idempotency-Key answers with the execution that it made."""
        execution = find_execution(person(request), execution_id)
        read_body(request, NothingInput)
        read_wait(request)
        started = self.ask(
            execution=execution,
            by=person(request),
            idempotency_key=request.headers.get(IDEMPOTENCY_KEY),
        )
        return accepted_answer(started, request)


class ExecutionRetry(_Repeat):
    """An execution retried from what failed: what is finished stands and costs nothing."""

    refuses = {"POST": (*ACCEPTING, NotOver, NothingToRetry)}
    ask = staticmethod(retry_execution)


class ExecutionRunAgain(_Repeat):
    """An execution run again as a whole."""

    ask = staticmethod(run_again_execution)
