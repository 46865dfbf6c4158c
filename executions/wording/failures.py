"""Why an attempt or a step failed."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from teams.wording import in_words
from teams.workflow.plan import Json

Params = Mapping[str, Json]


def _with_message(sentence: str, params: Params) -> str:
    message = str(params.get("message") or "").strip()
    if not message:
        return sentence
    return _("%(sentence)s It said: %(message)s") % {"sentence": sentence, "message": message}


def _agent_failed(params: Params) -> str:
    if params.get("expired"):
        return _("The agent asked a question, and nobody answered it in time.")
    if params.get("asked"):
        return _with_message(_("The agent asked a question instead of giving an answer."), params)
    return _with_message(_("The agent failed."), params)


def _bad_output(params: Params) -> str:
    where = params.get("pointer")
    found = params.get("message")
    if where and found:
        return _("The answer does not have the form that the step asks for, at %(where)s: %(found)s") % {
            "where": where,
            "found": found,
        }
    if found:
        return _("The answer does not have the form that the step asks for: %(found)s") % {"found": found}
    return _("The answer does not have the form that the step asks for.")


def _key_missing(params: Params) -> str:
    services = params.get("services")
    names = in_words([str(name) for name in services]) if isinstance(services, list) else "?"
    return _("The payer has stored no key for %(services)s. Store one and run the team again.") % {
        "services": names
    }


def _result_expired(params: Params) -> str:
    return _("The run ended, but Suna does not keep its answer any more.")


def _run_vanished(params: Params) -> str:
    match params.get("because"):
        case "given_up":
            return _("It was never known whether Suna had started the agent, and somebody gave it up.")
        case "moved":
            return _(
                "The run was started at another address, and at the connection's new one it is not there."
            )
        case "result_expired":
            return _result_expired(params)
        case _:
            return _("The run is not there in Suna any more.")


def _timeout(params: Params) -> str:
    if params.get("because") == "start_unknown":
        return _("It was not known whether Suna had started the agent until the step's time was over.")
    return _("The agent took longer than the step allows.")


FAILURES: Mapping[str, Callable[[Params], str]] = {
    "agent_failed": _agent_failed,
    "agent_service_error": lambda params: _with_message(_("Suna answered with an error."), params),
    "bad_output": _bad_output,
    "bad_response": lambda params: _with_message(_("Suna's answer made no sense."), params),
    "crashed": lambda params: _("The attempt was lost when its process crashed."),
    "credential_refused": lambda params: _("Suna refused the connection's credential."),
    "credential_undecryptable": lambda params: _(
        "The connection's stored credential cannot be read any more. Its owner has to store it again."
    ),
    "denied": lambda params: _with_message(
        _("Suna does not allow this to the connection's account."), params
    ),
    "empty_result": lambda params: _("The agent finished without an answer."),
    "internal_error": lambda params: _("Renum made an error and could not carry this on."),
    "key_missing": _key_missing,
    "key_undecryptable": lambda params: _(
        "A stored key of the payer cannot be read any more. Store it again."
    ),
    "not_found": lambda params: _("Suna does not know the run."),
    "payment_required": lambda params: _("The account behind the connection to Suna has no credits."),
    "redirect_refused": lambda params: _(
        "The connection's base URL redirects elsewhere. Its owner must correct it."
    ),
    "rejected": lambda params: _with_message(_("Suna refused the request."), params),
    "result_too_large": lambda params: _("The answer is larger than Renum takes."),
    "result_expired": _result_expired,
    "run_vanished": _run_vanished,
    "start_uncertain": lambda params: _("Suna did not confirm the start."),
    "stopped": lambda params: _("The run was stopped."),
    "stopped_by_suna": lambda params: _("Suna stopped the run."),
    "suna_restarted": lambda params: _("Suna was shut down while the agent was at work."),
    "throttled": lambda params: _("Suna takes no more runs at present."),
    "timeout": _timeout,
    "contract_changed": lambda params: _with_message(_("This Suna is another version now."), params),
    "unavailable": lambda params: _with_message(_("Suna could not be reached."), params),
}
