"""What is wrong with a workflow, in the reader's language: one sentence for each code."""

from collections.abc import Callable, Mapping

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from teams.workflow.plan import Json
from teams.workflow.problems import Problem

SAID_BY_THE_LANGUAGE = frozenset(
    {
        "invalid_schema",
        "invalid_regex",
        "unsupported_regex",
        "invalid_value",
        "unexpected_key",
        "out_of_range",
    }
)
"""Codes whose English sentence tells more than code and parameters: readers of English get that one."""

_BY_CODE: Mapping[str, Callable[[], str]] = {
    "required": lambda: _("Something is missing here: “%(key)s”. Fill it in."),
    "unknown_field": lambda: _("“%(key)s” is not known here. Correct its name or remove it."),
    "wrong_type": lambda: _("This is another kind of value than belongs here. Write %(expected)s instead."),
    "out_of_range": lambda: _("This number or time is too small or too large."),
    "too_large": lambda: _("This is more than fits. Shorten it or use fewer parts."),
    "too_many_agents": lambda: _(
        "The workflow has %(count)s steps, and %(max)s are the most. Split it over several teams."
    ),
    "empty": lambda: _("Nothing is here yet. Add something, or take it out."),
    "unknown_type": lambda: _("“%(value)s” is not known here. Use one of: %(allowed)s."),
    "invalid_id": lambda: _(
        "“%(value)s” cannot be a name here. Use letters, digits, dots, hyphens and underscores, and begin "
        "with a letter or a digit."
    ),
    "duplicate_id": lambda: _("Two steps have the same name. Give this one a name of its own."),
    "unknown_reference": lambda: _("There is no step “%(name)s”. Choose one that is there, or add it."),
    "ambiguous_reference": lambda: _(
        "Several steps use the agent “%(name)s”. Choose the step by its own name instead."
    ),
    "self_reference": lambda: _("A step cannot wait for itself. Choose another step."),
    "forward_reference": lambda: _(
        "The step “%(step)s” comes later, so it has no result yet. Move it up, or choose an earlier step."
    ),
    "parallel_reference": lambda: _(
        "Steps that start together have no result of one another. Choose the shape “graph”, or another "
        "source."
    ),
    "unexpected_key": lambda: _("“%(key)s” does not belong here. Remove it."),
    "not_supported_yet": lambda: _("“%(key)s” is not obeyed yet. Remove it."),
    "cycle": lambda: _("These steps wait for one another: %(path)s. Remove one of the links between them."),
    "invalid_path": lambda: _("“%(path)s” does not say where a value is found. Choose it from the list."),
    "unknown_operator": lambda: _("There is no comparison “%(value)s”. Use one of: %(allowed)s."),
    "invalid_value": lambda: _("This value does not suit its place. Choose or write another one."),
    "invalid_regex": lambda: _("This is no pattern. Correct it."),
    "unsupported_regex": lambda: _("This pattern uses something that Renum does not take. Simplify it."),
    "else_without_group": lambda: _(
        "“Otherwise” needs a step with conditions before it. Move this step below it, or remove “otherwise”."
    ),
    "invalid_schema": lambda: _("The expected fields are not described in a way that can be checked."),
    "unknown_service": lambda: _("There is no service “%(service)s”. Choose one that is there."),
    "malformed_json": lambda: _(
        "This is not JSON. Look for a missing comma, quotation mark or bracket here."
    ),
    "too_deep": lambda: _("Lists and objects stand too deep within one another. Flatten this part."),
    "too_many_items": lambda: _("One list or object has too many members. Use fewer."),
    "duplicate_key": lambda: _("The same name stands twice in one object. Keep one of them."),
    "number_out_of_range": lambda: _(
        "This whole number loses digits in browsers. Write a smaller one or a text."
    ),
    "not_finite": lambda: _("This number is none that can be stored. Write a smaller one."),
    "nul_character": lambda: _("The text holds a character that cannot be stored (U+0000). Remove it."),
    "surrogate": lambda: _("The text holds half of a character. Write the whole character."),
    "type_missing": lambda: _("The workflow does not say its shape, so its steps run one after the other."),
    "unknown_agent": lambda: _(
        "Suna does not list this agent. Choose another one, or look at the connection."
    ),
    "not_exhaustive": lambda: _(
        "Where none of the conditions holds, no step runs. Add a step for “otherwise” to be safe."
    ),
    "wider_than_connection": lambda: _(
        "More steps may be ready at the same time than the connection runs. Some will wait."
    ),
    "unused_result": lambda: _("No other step uses the result of this step."),
}
# Without its parameter a sentence would have a hole.
_WITHOUT_PARAMS: Mapping[str, Callable[[], str]] = {
    "required": lambda: _("Something is missing here. Fill it in."),
    "unknown_field": lambda: _("Something here is not known. Correct its name or remove it."),
    "wrong_type": lambda: _("This is another kind of value than belongs here."),
    "too_many_agents": lambda: _("The workflow has too many steps. Split it over several teams."),
    "unknown_type": lambda: _("This kind is not known here. Use another one."),
    "invalid_id": lambda: _(
        "This cannot be a name here. Use letters, digits, dots, hyphens and underscores, and begin with a "
        "letter or a digit."
    ),
    "unknown_reference": lambda: _("What is named here is not there. Choose something that is."),
    "ambiguous_reference": lambda: _("Several steps use this agent. Choose the step by its own name."),
    "forward_reference": lambda: _("A later step has no result yet. Choose an earlier one."),
    "unexpected_key": lambda: _("This does not belong here. Remove it."),
    "not_supported_yet": lambda: _("This is not obeyed yet. Remove it."),
    "cycle": lambda: _("These steps wait for one another. Remove one of the links between them."),
    "invalid_path": lambda: _("This does not say where a value is found."),
    "unknown_operator": lambda: _("There is no such comparison. Use another one."),
    "unknown_service": lambda: _("There is no such service."),
}
_KINDS: Mapping[str, Callable[[], str]] = {
    "an object": lambda: _("an object"),
    "a list": lambda: _("a list"),
    "a text": lambda: _("a text"),
    "a whole number": lambda: _("a whole number"),
    "a number": lambda: _("a number"),
    "a duration": lambda: _("a duration"),
    "true or false": lambda: _("true or false"),
    "a decimal number as a text": lambda: _("a decimal number as a text"),
    "a JSON Schema: an object, true or false": lambda: _("a JSON Schema: an object, true or false"),
}
WORDED_CODES = frozenset(_BY_CODE)
WORDED_KINDS = frozenset(_KINDS)


def problem_words(problem: Problem) -> str:
    """Return a problem or a warning of the workflow language as a sentence.

    Findings of other codes, such as those about the catalogue, are in the reader's language already.
    """
    template = _BY_CODE.get(problem.code)
    if template is None or (problem.code in SAID_BY_THE_LANGUAGE and _is_english()):
        return problem.message
    params = {name: _plain(value) for name, value in problem.params.items()}
    try:
        return template() % params
    except KeyError:
        # The same code is written at several places, not all of which have all parameters.
        return _WITHOUT_PARAMS[problem.code]()


def refused_words(problem: Problem) -> str:
    """Return what an action did not take as a sentence.

    Readers of English get the action's own where it has no parameters: it says what this one value lacks.
    """
    return problem.message if _is_english() and not problem.params else problem_words(problem)


def _is_english() -> bool:
    return (get_language() or "en").startswith("en")


def _plain(value: Json) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value)
    text = str(value)
    kind = _KINDS.get(text)
    return text if kind is None else kind()
