"""How an execution stands or ended, in one or two plain sentences."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from executions.wording.steps import NO_NAMES, Names, Params
from teams.wording import in_words


def _step_failed(params: Params, names: Names) -> str:
    step = params.get("step")
    if step is None:
        return _("A step failed, which ended the execution.")
    return _("%(step)s failed, which ended the execution.") % {"step": names.get(str(step), str(step))}


_CODES: Mapping[str, Callable[[Params, Names], str]] = {
    "step_failed": _step_failed,
    "deadline": lambda params, names: _("It was not through when its time was up."),
    "budget_exceeded": lambda params, names: _("The budget was used up before it was through."),
    "no_output": lambda params, names: _("A step failed, and none that gives the answer completed."),
    "condition_undecidable": lambda params, names: _(
        "No step that gives the answer ran, because a condition could not be decided."
    ),
    "no_branch_taken": lambda params, names: _("No branch of the workflow applied, so there is no answer."),
    "internal_error": lambda params, names: _(
        "Renum made an error and could not carry it on. Staff can see why."
    ),
    "crashed": lambda params, names: _(
        "Set aside, because it crashed its driver again and again. Staff can look into it and release it."
    ),
    "needs_review": lambda params, names: _(
        "A backup was restored while it was under way. Look at what it did since, then resume or cancel it."
    ),
}
EXECUTION_CODES = frozenset(_CODES)

_STATUSES: Mapping[str, Any] = {
    "queued": gettext_lazy("Waits until a driver takes it."),
    "running": gettext_lazy("The team is at work."),
    "paused": gettext_lazy("Paused: nothing new is started."),
    "cancelling": gettext_lazy("The runs that are under way are being stopped."),
    "quarantined": gettext_lazy("Set aside after repeated crashes. Staff can release it."),
    "completed": gettext_lazy("The team is through."),
    "partial": gettext_lazy("A step failed; the answer holds what there is."),
    "failed": gettext_lazy("The execution failed."),
    "cancelled": gettext_lazy("Cancelled. What was finished is kept."),
}


_PAUSE_WANTED: Mapping[str, Any] = {
    "queued": gettext_lazy("Paused before it began."),
    "running": gettext_lazy("It is being paused: what runs goes on to its end, and nothing new is started."),
}
_ASKING = gettext_lazy("The team waits for an answer from a person.")
_GOES_ON = gettext_lazy("It goes on as soon as a driver takes it.")


def execution_sentence(
    *,
    status: str,
    code: str,
    params: Params,
    names: Names = NO_NAMES,
    is_pause_wanted: bool | None = None,
    is_asking: bool = False,
) -> str:
    """Return how an execution stands; `names` gives the words by which a reader knows a step id.

    `is_pause_wanted` is the wish that a driver may not have seen yet; None where it does not matter.
    `is_asking` says that nothing of it goes on before a person answers a question.
    """
    if is_pause_wanted and not code and status in _PAUSE_WANTED:
        sentence = str(_PAUSE_WANTED[status])
    elif is_pause_wanted is False and status in ("paused", "quarantined"):
        sentence = str(_GOES_ON)
    elif is_asking and not code and status == "running":
        sentence = str(_ASKING)
    elif code in _CODES:
        sentence = _CODES[code](params, names)
    elif code:
        sentence = _("The reason is %(code)s.") % {"code": code}
    else:
        sentence = str(_STATUSES.get(status, ""))
    missing = params.get("missing_output")
    if isinstance(missing, list) and missing:
        absent = in_words([str(name) for name in missing])
        sentence += " " + _("The answer lacks %(names)s.") % {"names": absent}
    return sentence
