"""How an action says no: one shape for every interface. Each action's own refusals stand beside it."""

from collections.abc import Sequence

from teams.workflow.problems import Problem


class Refusal(Exception):
    """An action was not carried out, and nothing was changed.

    `code` is stable, for programs; `message` says what is wrong and what to do; `status` is the HTTP status
    that the API answers with; `problems` name each place of the input that is wrong. `retry_after_s` is set
    where the same will be done later.
    """

    code = "refused"
    status = 409
    retry_after_s: int | None = None

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.status = status or self.status
        self.problems = tuple(problems)


class NotAllowed(Refusal):
    """The person sees the object but their role does not allow this."""

    code = "not_allowed"
    status = 403


class InvalidInput(Refusal):
    """The input itself is wrong: `problems` say where."""

    code = "validation_error"
    status = 422


def input_problem(pointer: str, code: str, message: str) -> InvalidInput:
    """Build the refusal of one wrong field: 400, where 422 is for a workflow that cannot be."""
    problem = Problem(pointer=pointer, code=code, message=message, params={})
    return InvalidInput(message, status=400, problems=[problem])
