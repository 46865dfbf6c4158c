"""What each code means and what to do about it: the sentences of executions/wording, each with an advice.

A code can stand in several places (a step, an execution, a refusal, a test of a connection) and mean
something else in each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from executions.wording import execution_sentence, reason_sentence, refusal_sentence
from executions.wording.connection_tests import OUTCOME_CODES, outcome_words
from executions.wording.executions import EXECUTION_CODES
from executions.wording.refusals import REFUSAL_CODES
from executions.wording.steps import STEP_CODES

_PLACES: Mapping[str, Any] = {
    "step": gettext_lazy("Beside a step"),
    "execution": gettext_lazy("Beside an execution"),
    "refusal": gettext_lazy("When something was not done"),
    "connection": gettext_lazy("When a connection was tested"),
}
_ADVICE: Mapping[str, Any] = {
    "none": gettext_lazy("Nothing has to be done."),
    "wait": gettext_lazy("Nothing has to be done: Renum goes on by itself."),
    "answer": gettext_lazy("Open the inbox, or the execution, and answer the question."),
    "resume": gettext_lazy("Resume the execution when it shall go on."),
    "connection": gettext_lazy(
        "Whoever owns the connection opens it, tests it, and does what the test says. Then retry the "
        "execution."
    ),
    "credential": gettext_lazy(
        "Whoever owns the connection opens it, stores a new credential and tests it. Then retry the "
        "execution."
    ),
    "credits": gettext_lazy("Fill up the account in Suna that the connection belongs to."),
    "keys": gettext_lazy("Whoever pays stores the key anew. Then retry the execution."),
    "answer_form": gettext_lazy(
        "Look at what the agent answered. Say in the step's instructions more exactly what the answer must "
        "look like, then run the team again."
    ),
    "retry": gettext_lazy("Retry the execution: what is finished is kept, and only the rest is done again."),
    "time": gettext_lazy("Give the step or the workflow more time, then retry the execution."),
    "look_in_suna": gettext_lazy(
        "Look in Suna whether the agent runs. If it does not, start the step again on the page of "
        "the execution; "
        "otherwise give the start up."
    ),
    "staff": gettext_lazy("Ask whoever runs Renum here: the reason is written down for them."),
    "other_step": gettext_lazy("Look at the other step: what happened there decided over this one."),
    "condition": gettext_lazy(
        "The workflow is written like that. If it surprises you, look at the conditions and at the "
        "answer that "
        "they look at."
    ),
    "budget": gettext_lazy("Raise the budget, or make the work smaller. Then retry the execution."),
    "review": gettext_lazy("Look at what the execution did, then resume it or cancel it."),
    "again": gettext_lazy("Look at the page again: something has changed meanwhile."),
    "said": "",
}
_OF_STEPS: Mapping[str, str] = {
    "agent_failed": "retry",
    "agent_service_error": "retry",
    "bad_output": "answer_form",
    "bad_response": "connection",
    "budget_exceeded": "budget",
    "budget_reserved": "wait",
    "condition_false": "condition",
    "contract_changed": "connection",
    "crashed": "wait",
    "credential_refused": "credential",
    "credential_undecryptable": "credential",
    "deadline": "time",
    "denied": "connection",
    "empty_result": "answer_form",
    "end_in_doubt": "wait",
    "execution_cancelled": "none",
    "execution_failed": "other_step",
    "internal_error": "staff",
    "key_missing": "keys",
    "key_undecryptable": "keys",
    "max_parallel": "wait",
    "not_found": "retry",
    "paused": "resume",
    "payment_required": "credits",
    "question_answered": "wait",
    "question_open": "answer",
    "redirect_refused": "connection",
    "rejected": "connection",
    "result_expired": "retry",
    "result_too_large": "answer_form",
    "run_vanished": "retry",
    "start_abandoned": "wait",
    "start_in_turn": "wait",
    "start_uncertain": "wait",
    "start_unknown": "look_in_suna",
    "stopped": "none",
    "stopped_by_suna": "retry",
    "stopping": "wait",
    "suna_restarted": "retry",
    "throttled": "wait",
    "timeout": "time",
    "unavailable": "connection",
    "upstream_failed": "other_step",
    "upstream_skipped": "other_step",
    "service_agent_service_error": "wait",
    "service_bad_response": "wait",
    "service_contract_changed": "wait",
    "service_credential_refused": "credential",
    "service_credential_undecryptable": "credential",
    "service_denied": "connection",
    "service_not_found": "wait",
    "service_payment_required": "credits",
    "service_redirect_refused": "connection",
    "service_rejected": "wait",
    "service_result_expired": "retry",
    "service_result_too_large": "wait",
    "service_start_uncertain": "wait",
    "service_throttled": "wait",
    "service_unavailable": "wait",
    "service_unknown_suna": "connection",
}
_OF_EXECUTIONS: Mapping[str, str] = {
    "step_failed": "other_step",
    "deadline": "time",
    "budget_exceeded": "budget",
    "no_output": "other_step",
    "condition_undecidable": "answer_form",
    "no_branch_taken": "condition",
    "internal_error": "staff",
    "crashed": "staff",
    "needs_review": "review",
}
_AGAIN = {
    "already_over",
    "cancelling",
    "not_found",
    "not_paused",
    "not_quarantined",
    "question_closed",
    "start_decided",
    "start_not_in_doubt",
}
"""Refusals that tell that the reader's page is out of date; the other ones say what to do themselves."""

KNOWN_CODES = STEP_CODES | EXECUTION_CODES | REFUSAL_CODES | (OUTCOME_CODES - {""})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means in one place, in the reader's language."""

    place: str
    sentence: str
    advice: str


def meanings_of(code: str) -> tuple[Meaning, ...]:
    """Return what a code means in each place where it can stand; nothing for a code that there is not."""
    found = []
    if code in STEP_CODES:
        # What a sentence fills in is not known here: it says it in general.
        params = {"steps": [_("an earlier step")], "services": [_("a service")]}
        found.append(_meaning("step", reason_sentence(code, params), _ADVICE[_OF_STEPS[code]]))
    if code in EXECUTION_CODES:
        sentence = execution_sentence(status="failed", code=code, params={})
        found.append(_meaning("execution", sentence, _ADVICE[_OF_EXECUTIONS[code]]))
    if code in REFUSAL_CODES:
        advice = _ADVICE["again" if code in _AGAIN else "said"]
        found.append(_meaning("refusal", refusal_sentence(code=code, message=""), advice))
    if code in OUTCOME_CODES and code:
        words = outcome_words(code)
        found.append(_meaning("connection", *words))
    return tuple(found)


def _meaning(place: str, sentence: str, advice: object) -> Meaning:
    return Meaning(place=str(_PLACES[place]), sentence=sentence, advice=str(advice))
