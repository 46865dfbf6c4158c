"""Why something that a person asked for was not done."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from teams.wording.problems import refused_words
from teams.workflow.problems import Problem

_REFUSALS: Mapping[str, Any] = {
    "agent_missing": _("Suna does not know this agent any more. List its agents again."),
    "already_over": _("The execution has ended already."),
    "cancelling": _("The execution is being cancelled."),
    "changed_meanwhile": _("Somebody changed the team meanwhile. Look at it again, then change it."),
    "connection_in_use": _(
        "Teams or executions need this connection. Give the teams another; its credential can be forgotten."
    ),
    "connection_moved": _("The connection got another address meanwhile. List its agents again."),
    "idempotency_key_reused": _("This form was used for another prompt. Reload the page and send it again."),
    "labels_changed": _("Somebody changed the labels meanwhile. Look at them again, then change them."),
    "name_taken": _("There is one of that name already. Choose another name."),
    "no_connection": _("The team has no connection to a Suna that is ready. Choose one and test it."),
    "no_profile": _("It is not known which Suna this is. Test the connection first."),
    "no_public_url": _("The site has no public address: its operator sets RENUM_PUBLIC_URL."),
    "no_workflow": _("The team has no workflow yet. Save one first."),
    "not_allowed": _("Your role in this team does not allow that. Ask its owner."),
    "not_found": _("The execution is not there any more."),
    "not_over": _("The execution has not ended yet. Only then can it be repeated."),
    "not_paused": _("The execution is not paused."),
    "not_quarantined": _("The execution is not set aside, so that there is nothing to release."),
    "nothing_to_retry": _("Nothing would come out differently. The execution can be run again as a whole."),
    "question_closed": _("The question is not open any more."),
    "quarantined": _("The execution is set aside after repeated crashes. Staff can release it."),
    "request_closed": _("The request does not wait for a reply any more."),
    "start_decided": _("Somebody has decided otherwise already."),
    "start_not_in_doubt": _("The step does not wait for a decision about its start any more."),
    "request_in_progress": _("The same is being carried out already. Look again in a moment."),
    "site_queue_full": _("Too many executions wait at present. Try again in a moment."),
    "takes_no_tools": _(
        "Agents of this Suna cannot be given tools from here. Add the server in Suna, by hand."
    ),
    "team_handed_over": _("The team got another owner in this very moment. Look at it, then start it again."),
    "team_inactive": _("The team is switched off. Its owner can switch it on."),
    "too_many_messages": _("The team of this execution has sent all the messages that it may."),
    "too_many_paused": _(
        "Too many executions are paused before they began. Resume or cancel some of them first."
    ),
    "too_many_queued": _("You have too many executions waiting. Start more when some of them have begun."),
}
_PROBLEMS: Mapping[tuple[str, str], Any] = {
    ("/name", "required"): _("Give it a name."),
    ("/api_key", "invalid_value"): _(
        "An API key is its public and its secret part, joined by a colon. Copy it again."
    ),
    ("/bearer", "invalid_value"): _("The token holds characters that cannot be sent. Copy it again."),
    ("/prompt", "required"): _("Say what the team should do."),
    ("/prompt", "too_large"): _("The prompt is too long: 256 KiB are the most."),
    ("/prompt", "surrogate"): _("The prompt holds a broken character. Remove it."),
    ("/prompt", "nul_character"): _("The prompt holds the character NUL. Remove it."),
    ("/labels", "required"): _("A label has at least one character."),
    ("/labels", "too_many"): _("An execution has at most 10 labels."),
    ("/labels", "too_large"): _("A label has at most 40 characters."),
    ("/labels", "invalid_value"): _("A label has no commas and no control characters."),
    ("/answer", "required"): _("Write an answer."),
    ("/answer", "too_large"): _("The answer is too long: 64 KiB are the most."),
    ("/answer", "surrogate"): _("The answer holds a broken character. Remove it."),
    ("/answer", "nul_character"): _("The answer holds the character NUL. Remove it."),
    ("/text", "required"): _("Write a message."),
    ("/text", "too_large"): _("The message is too long."),
    ("/text", "surrogate"): _("The message holds a broken character. Remove it."),
    ("/text", "nul_character"): _("The message holds the character NUL. Remove it."),
    ("/default", "too_large"): _("The default answer is too long."),
    ("/default", "unexpected_key"): _("Only a request has a default answer. Say how long it waits."),
    ("/to", "unknown_step"): _("The execution has no such step."),
    ("/to", "not_listening"): _("This step is told no messages: its workflow does not say so."),
    ("/reply_to", "unknown_message"): _("The execution has no such message."),
    ("/timeout_s", "out_of_range"): _("A request waits from 1 second to 24 hours."),
    ("/idempotency_key", "invalid_value"): _("This form is damaged. Reload the page and send it again."),
}
REFUSAL_CODES = frozenset(_REFUSALS)


def refusal_sentence(*, code: str, message: str, problems: Sequence[Problem] = ()) -> str:
    """Return the refusal in the reader's language; the action's own English words where there is no other."""
    if problems:
        return " ".join(_problem_words(problem) for problem in problems[:5])
    return str(_REFUSALS.get(code, message))


def _problem_words(problem: Problem) -> str:
    own = _PROBLEMS.get((problem.pointer, problem.code))
    return refused_words(problem) if own is None else str(own)
