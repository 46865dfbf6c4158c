"""A step's conditions in words: what must hold for it to run."""

import json
from collections.abc import Callable, Mapping, Sequence

from django.utils.translation import gettext as _

from teams.wording.fields import field_words
from teams.wording.lists import in_words
from teams.workflow.plan import AllOf, AnyOf, Comparison, Condition, Json, Not, PlanStep

_REQUIREMENTS: Mapping[str, Callable[[], str]] = {
    "equals": lambda: _("must be %(value)s"),
    "not_equals": lambda: _("must not be %(value)s"),
    "in": lambda: _("must be one of %(value)s"),
    "not_in": lambda: _("must be none of %(value)s"),
    "contains": lambda: _("must contain %(value)s"),
    "not_contains": lambda: _("must not contain %(value)s"),
    "starts_with": lambda: _("must start with %(value)s"),
    "ends_with": lambda: _("must end with %(value)s"),
    "matches": lambda: _("must match %(value)s"),
    "gt": lambda: _("must be greater than %(value)s"),
    "gte": lambda: _("must be at least %(value)s"),
    "lt": lambda: _("must be less than %(value)s"),
    "lte": lambda: _("must be at most %(value)s"),
    "between": lambda: _("must lie between %(value)s"),
    "exists": lambda: _("must be there"),
    "not_exists": lambda: _("must not be there"),
    "is_empty": lambda: _("must be empty"),
    "is_true": lambda: _("must be true"),
}
OPERATORS_IN_WORDS = frozenset(_REQUIREMENTS)
NO_NAMES: Mapping[str, str] = {}


def requirement_words(operator: str, value: Json) -> str:
    """Return what a comparison asks of its field: 'must be "technical"'."""
    words = _REQUIREMENTS.get(operator)
    if words is None:
        return f"{operator} {value_words(value)}"
    return words() % {"value": _operand_words(operator, value)}


def condition_words(condition: Condition, names: Mapping[str, str] = NO_NAMES) -> str:
    """Return one condition of a plan in words; nested ones in brackets. `names` are words for step ids."""
    match condition:
        case Comparison(path=path):
            requirement = requirement_words(condition.operator, condition.value)
            return f"{field_words(path.text, names)} {requirement}"
        case AnyOf(items=items):
            return _bracketed(items, _("or"), names)
        case AllOf(items=items):
            return _bracketed(items, _("and"), names)
        case Not(item=item):
            return _("not: %(condition)s") % {"condition": condition_words(item, names)}


def step_conditions_words(step: PlanStep, titles: Mapping[str, str]) -> tuple[str, ...]:
    """Return what must hold for a step to run, besides its join; `titles` are words for step ids."""
    if step.else_group is not None:
        group = in_words([titles[name] for name in step.else_group], last=_("or"))
        return (_("only if none of these runs: %(steps)s") % {"steps": group},)
    return tuple(condition_words(condition, titles) for condition in step.conditions)


def value_words(value: Json) -> str:
    """Return a value as a reader sees it: text in quotation marks, anything else as JSON."""
    if isinstance(value, str):
        return f"“{value}”"
    return json.dumps(value, ensure_ascii=False)


def _operand_words(operator: str, value: Json) -> str:
    if isinstance(value, list) and operator in ("in", "not_in"):
        return in_words([value_words(item) for item in value], last=_("or"))
    if isinstance(value, list) and operator == "between":
        return in_words([value_words(item) for item in value])
    return value_words(value)


def _bracketed(items: Sequence[Condition], word: str, names: Mapping[str, str]) -> str:
    words = [condition_words(item, names) for item in items]
    return words[0] if len(words) == 1 else f"({in_words(words, last=word)})"
