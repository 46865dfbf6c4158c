"""What an estimate is drawn from, and why there is none, in words for people."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

_MISSING: Mapping[str, Callable[[], str]] = {
    "no_history": lambda: _("Too few executions of the team are there to tell."),
    "model_unknown": lambda: _("It is not known which model the agent uses."),
    "unpriced": lambda: _("No price of the model is known."),
}
_ASSUMPTIONS: Mapping[str, Callable[[], str]] = {
    "every_step_runs": lambda: _("Every step runs that is not certain to be skipped, each once."),
    "one_call_per_step": lambda: _(
        "The model is called once for each step. What the agent says to it by itself, its tools and further "
        "calls come on top: it may cost many times as much."
    ),
    "size_of_texts": lambda: _(
        "A token has %(bytes_per_token)s bytes, and a result that is not there yet has "
        "%(tokens_per_result)s tokens."
    ),
}
MISSING_CODES = frozenset(_MISSING)
ASSUMPTION_CODES = frozenset(_ASSUMPTIONS)


def missing_sentence(code: str) -> str:
    """Return why there is no estimate."""
    return _MISSING[code]()


def assumption_sentence(code: str, params: Mapping[str, int]) -> str:
    """Return what an estimate takes for granted."""
    return _ASSUMPTIONS[code]() % params
