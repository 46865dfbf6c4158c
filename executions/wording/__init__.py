"""Why something stands where it stands, in words for people: codes and parameters become sentences.

Pure functions of plain values; gettext gives the language of whoever reads. Nothing is decided here, and
nothing is marked as safe: what agents wrote may be part of a sentence, and templates escape it.
"""

from executions.wording.awaited import awaited_by_step
from executions.wording.events import event_words
from executions.wording.executions import execution_sentence
from executions.wording.refusals import refusal_sentence
from executions.wording.statuses import status_words
from executions.wording.steps import NO_NAMES, reason_sentence, step_sentence

__all__ = [
    "NO_NAMES",
    "awaited_by_step",
    "event_words",
    "execution_sentence",
    "reason_sentence",
    "refusal_sentence",
    "status_words",
    "step_sentence",
]
