"""What a step that could start is waiting for."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from teams.workflow.plan import Json

Params = Mapping[str, Json]

# Before that it may well be chance.
SAY_HOW_OFTEN = 3


def _max_parallel(params: Params) -> str:
    limit = params.get("limit")
    if not isinstance(limit, int):
        return _("Waits for a free place.")
    return ngettext(
        "Waits for a free place: the workflow lets %(limit)s step run at once.",
        "Waits for a free place: the workflow lets %(limit)s steps run at once.",
        limit,
    ) % {"limit": limit}


def _throttled(params: Params) -> str:
    place = params.get("place")
    sentence = _limited(params)
    if not isinstance(place, int):
        return sentence
    in_line = _("It is number %(place)s in line.") % {"place": place}
    return f"{sentence} {in_line}"


def _limited(params: Params) -> str:
    limit = params.get("limit")
    if not isinstance(limit, int):
        return _("Waits because Suna takes no more runs at present.")
    return ngettext(
        "Waits for a free place: Suna allows %(limit)s run at once.",
        "Waits for a free place: Suna allows %(limit)s runs at once.",
        limit,
    ) % {"limit": limit}


def _start_abandoned(params: Params) -> str:
    attempt, abandoned = params.get("attempt"), params.get("abandoned")
    if isinstance(abandoned, int) and abandoned >= SAY_HOW_OFTEN:
        return _(
            "%(count)s starts led to no run in Suna; the step is tried again after longer and longer waits."
        ) % {"count": abandoned}
    if attempt is None:
        return _("A start led to no run in Suna; the step is started again.")
    return _("Start %(attempt)s led to no run in Suna; the step is started again.") % {"attempt": attempt}


def _stopping(params: Params) -> str:
    match params.get("because"):
        case "timeout":
            sentence = _("The agent took longer than the step allows. Suna has not confirmed the stop yet.")
        case "bad_response":
            sentence = _("Suna's answers make no sense. It has not confirmed the stop of the run yet.")
        case _:
            sentence = _("The run is being stopped. Suna has not confirmed it yet.")
    hindered = WAITING.get(f"service_{params.get('service')}")
    return sentence if hindered is None else f"{sentence} {hindered({})}"


def _question_answered(params: Params) -> str:
    if params.get("from_person"):
        return _("The answer is there; the agent goes on with it.")
    return _("The step's own answer is given; the agent goes on with it.")


def _start_unknown(params: Params) -> str:
    if params.get("because") == "moved":
        return _(
            "Suna did not confirm the start, and the connection has another address since. Look at the old"
            " one: if there is no run, start the step again; or give the start up."
        )
    return _(
        "Suna did not confirm the start, and this version of Suna cannot tell whether there is a run."
        " Look there: if there is none, start the step again; or give the start up."
    )


def _budget_reserved(params: Params) -> str:
    match params.get("scope"):
        case "team":
            return _("Waits because steps that run may need what is left of the team's budget.")
        case "user":
            return _("Waits because steps that run may need what is left of the budget of whoever pays.")
        case _:
            return _("Waits because steps that run may need what is left of the site's budget.")


WAITING: Mapping[str, Callable[[Params], str]] = {
    "budget_reserved": _budget_reserved,
    "end_in_doubt": lambda params: _(
        "Suna says that the run failed, but may be mistaken. Renum asks for some minutes more."
    ),
    "paused": lambda params: _("Waits because the execution is paused."),
    "max_parallel": _max_parallel,
    "question_answered": _question_answered,
    "question_open": lambda params: _("The agent waits for an answer from a person."),
    "start_abandoned": _start_abandoned,
    "start_in_turn": lambda params: _(
        "Waits for its turn: as long as it is not known how many runs Suna allows, few are started at once."
    ),
    "start_uncertain": lambda params: _(
        "Suna did not confirm the start. Renum looks whether there is a run."
    ),
    "start_unknown": _start_unknown,
    "stopping": _stopping,
    "service_agent_service_error": lambda params: _("Suna answers with errors. Renum keeps asking."),
    "service_bad_response": lambda params: _("Suna's answers make no sense at present. Renum keeps asking."),
    "service_credential_refused": lambda params: _(
        "Waits because Suna refuses the connection's credential. Its owner has to renew it."
    ),
    "service_credential_undecryptable": lambda params: _(
        "Waits because the connection's stored credential cannot be read. Its owner has to store it again."
    ),
    "service_denied": lambda params: _("Waits because Suna denies the connection's account this call."),
    "service_not_found": lambda params: _("Suna does not find the run at present. Renum keeps asking."),
    "service_payment_required": lambda params: _(
        "Waits because the account behind the connection to Suna has no credits."
    ),
    "service_redirect_refused": lambda params: _(
        "Waits because the connection's base URL redirects elsewhere; its owner must correct it."
    ),
    "service_rejected": lambda params: _("Suna refuses to say how the run stands. Renum keeps asking."),
    "service_result_expired": lambda params: _("Suna does not keep the run's answer any more."),
    "service_result_too_large": lambda params: _(
        "Suna's answer is larger than Renum takes. Renum keeps asking."
    ),
    "service_start_uncertain": lambda params: _("Suna did not confirm a call. Renum keeps asking."),
    "service_throttled": _throttled,
    "service_contract_changed": lambda params: _(
        "This Suna has changed: Renum is finding out which version it is now."
    ),
    "service_unknown_suna": lambda params: _(
        "Waits because another program answers in place of this Suna. The connection's owner has to look."
    ),
    "service_unavailable": lambda params: _("Suna cannot be reached at present. Renum keeps trying."),
}
