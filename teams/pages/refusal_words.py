"""Why something that a person asked of a team was not done, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from teams.actions.refusal import Refusal
from teams.wording.problems import refused_words
from teams.workflow.problems import Problem

_REFUSALS: Mapping[str, Any] = {
    "agents_missing": _("The connection does not have all agents of the workflow. Say which ones to take."),
    "already_member": _("That person is in the team already."),
    "already_published": _("That version is the published one."),
    "changed_meanwhile": _("Somebody changed the team meanwhile. Look at it again, then change it."),
    "name_taken": _("There is one of that name already. Choose another name."),
    "no_workflow": _("The team has no workflow yet. Save one first."),
    "not_allowed": _("Your role in this team does not allow that. Ask its owner."),
    "not_found": _("That is not there any more."),
    "team_busy": _("Executions of the team are going on. Wait for their end or cancel them first."),
    "team_in_use": _("The team has run, and its history is kept. Switch it off instead."),
    "throttled": _("That was often. Wait a little, then try again."),
    "too_many_invitations": _("Too many invitations of the team are open. Withdraw some of them first."),
    "invalid_workflow": _("The workflow has problems and was not saved."),
}
_PROBLEMS: Mapping[tuple[str, str], Any] = {
    ("/name", "required"): _("Give it a name."),
    ("/name", "too_large"): _("A name has at most 100 characters."),
    ("/name", "invalid_value"): _("A name has no control or direction characters."),
    ("/slug", "invalid_value"): _("A slug has 1 to 110 lower-case letters, digits and hyphens."),
    ("/connection", "unknown_reference"): _("The team's owner has no such connection."),
    ("/username", "required"): _("Say who is invited."),
    ("/username", "invalid_value"): _("There are spaces or odd characters around it."),
    ("/email", "required"): _("Say who is invited."),
    ("/email", "invalid_value"): _("This is no e-mail address."),
    ("/language", "invalid_value"): _("Choose one of the languages."),
    ("/time_zone", "invalid_value"): _(
        "There is no time zone of that name. Write it like America/Sao_Paulo."
    ),
    ("/first_name", "invalid_value"): _("A name has at most 150 characters, and none that is no text."),
    ("/last_name", "invalid_value"): _("A name has at most 150 characters, and none that is no text."),
    ("/renum", "invalid_value"): _("This is no team's document that Renum reads."),
    ("/agents", "wrong_type"): _("“agents” is a list of 50 agents at most."),
    ("/agent_ids", "wrong_type"): _("“agent_ids” is an object of ids and the ids to take instead."),
    ("/document", "malformed_json"): _("This is no JSON. Copy it again, whole."),
    ("/document", "too_large"): _("The document is too large: 1 MB is the most."),
    ("/document", "required"): _("Paste a document or choose a file."),
    ("/document", "not_utf8"): _("The file is no text in UTF-8 or UTF-16."),
    ("/document", "wrong_type"): _("A team's document is a JSON object with a workflow in “definition”."),
}
REFUSAL_CODES = frozenset(_REFUSALS)


def refusal_words(refusal: Refusal) -> str:
    """Return the refusal in the reader's language, or the action's own English words."""
    if refusal.problems:
        return " ".join(input_words(problem) for problem in refusal.problems[:5])
    return str(_REFUSALS.get(refusal.code, refusal.message))


def input_words(problem: Problem) -> str:
    """Return one problem of what was sent, in the reader's language."""
    own = _PROBLEMS.get((problem.pointer, problem.code))
    return refused_words(problem) if own is None else str(own)


def words_by_field(refusal: Refusal) -> dict[str, str]:
    """Return the sentences by the name of the field that they are about."""
    return {
        problem.pointer.strip("/").partition("/")[0]: input_words(problem) for problem in refusal.problems
    }
