"""Why a step stands where it stands, in one plain sentence."""

from collections.abc import Callable, Mapping, Sequence

from django.utils.translation import gettext as _

from executions.wording.failures import FAILURES
from executions.wording.waiting import WAITING
from teams.wording import field_words, in_words, requirement_words
from teams.wording.conditions import value_words
from teams.workflow.plan import Json

Params = Mapping[str, Json]
Names = Mapping[str, str]
NO_NAMES: Names = {}


def _named(ids: Json, names: Names) -> str:
    return in_words([names.get(str(one), str(one)) for one in ids]) if isinstance(ids, list) and ids else "?"


def _condition_false(params: Params, names: Names) -> str:
    if params.get("else"):
        return _("Skipped, because %(steps)s ran instead.") % {"steps": _named(params.get("matched"), names)}
    if params.get("field") is None:
        return _("Skipped: its conditions do not hold.")
    field = field_words(str(params["field"]), names)
    if params.get("missing"):
        return _("Skipped: there is no %(field)s.") % {"field": field}
    said = {
        "field": field,
        "seen": value_words(params.get("seen")),
        "requirement": requirement_words(str(params.get("operator")), params.get("value")),
    }
    if params.get("undecidable"):
        return _("Skipped: %(field)s is %(seen)s, which cannot be compared; it %(requirement)s.") % said
    return _("Skipped: %(field)s is %(seen)s, but %(requirement)s.") % said


_ENDED: Mapping[str, Callable[[Params, Names], str]] = {
    "condition_false": _condition_false,
    "upstream_failed": lambda params, names: (
        _("Skipped, because it needs %(steps)s, which failed.")
        % {"steps": _named(params.get("steps"), names)}
    ),
    "upstream_skipped": lambda params, names: (
        _("Skipped, because it needs %(steps)s, which was skipped.")
        % {"steps": _named(params.get("steps"), names)}
    ),
    "execution_cancelled": lambda params, names: _("Ended with the execution, which was cancelled."),
    "execution_failed": lambda params, names: _("Ended with the execution, because another step failed."),
    "deadline": lambda params, names: _("Ended with the execution, whose time was up."),
    "budget_exceeded": lambda params, names: _("Not run, because the budget was used up."),
}
STEP_CODES = frozenset(_ENDED) | frozenset(FAILURES) | frozenset(WAITING)


def reason_sentence(code: str, params: Params, *, names: Names = NO_NAMES) -> str:
    """Return the sentence for a step's reason; one that names the code where it is unknown here.

    `names` gives the words by which a reader knows a step id.
    """
    if code in _ENDED:
        return _ENDED[code](params, names)
    words = WAITING.get(code) or FAILURES.get(code)
    return _("The reason is %(code)s.") % {"code": code} if words is None else words(params)


def step_sentence(
    *, status: str, code: str, params: Params, awaited: Sequence[str] = (), names: Names = NO_NAMES
) -> str:
    """Return why a step stands as it does; "" for one that completed.

    `awaited` are the ids of the steps that a pending one waits for.
    """
    if code and status in ("failed", "retrying"):
        # The same code can name what is waited for and what went wrong; here it went wrong.
        words = FAILURES.get(code)
        sentence = words(params) if words is not None else reason_sentence(code, params, names=names)
        return (
            _("%(sentence)s Another attempt follows.") % {"sentence": sentence}
            if status == "retrying"
            else sentence
        )
    if code:
        return reason_sentence(code, params, names=names)
    match status:
        case "pending":
            if awaited:
                return _("Waits for %(steps)s.") % {"steps": _named(list(awaited), names)}
            return _("Waits to be looked at.")
        case "ready":
            return _("Waits for its start.")
        case "starting":
            return _("Suna is asked to start the agent.")
        case "running":
            return _("The agent is at work.")
        case "retrying":
            return _("Another attempt follows.")
        case "waiting_input":
            return _("The agent waits for an answer from a person.")
        case "start_uncertain":
            return reason_sentence("start_uncertain", params, names=names)
        case "failed":
            return _("It failed, and nothing says why.")
        case "skipped":
            return _("Skipped, and nothing says why.")
        case "cancelled":
            return _("It was stopped before its end.")
        case _:
            return ""
