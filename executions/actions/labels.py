"""Labels of an execution: people's own words, by which they find it again."""

import hashlib
import json
import unicodedata
from collections.abc import Sequence

from teams.actions.refusal import Refusal, input_problem

MAX_LABELS = 10
LABEL_CHARS = 40
POINTER = "/labels"
# Control, format (bidi marks, zero-width) and surrogate characters make two labels look like one.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs"})


def clean_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the labels in NFC with single spaces, each once, in the order given; case is kept.

    Raises InvalidInput. A comma stands between labels where people write several into one field.
    """
    cleaned = tuple(dict.fromkeys(_clean(label) for label in labels))
    if len(cleaned) > MAX_LABELS:
        raise input_problem(POINTER, "too_many", f"An execution has at most {MAX_LABELS} labels.")
    return cleaned


def split_labels(text: str) -> list[str]:
    """Return the labels of a text in which commas stand between them."""
    return [part for part in text.split(",") if part.strip()]


def labels_mark(labels: Sequence[str]) -> str:
    """Return the mark of the labels: what two people who change them compare."""
    return hashlib.sha256(json.dumps(["labels", *labels]).encode()).hexdigest()[:24]


def is_about_labels(refusal: Refusal) -> bool:
    """Whether all that was refused are labels."""
    return bool(refusal.problems) and all(problem.pointer == POINTER for problem in refusal.problems)


def _clean(label: str) -> str:
    cleaned = unicodedata.normalize("NFC", " ".join(label.split()))
    if not cleaned:
        raise input_problem(POINTER, "required", "A label has at least one character.")
    if len(cleaned) > LABEL_CHARS:
        raise input_problem(POINTER, "too_large", f"A label has at most {LABEL_CHARS} characters.")
    if "," in cleaned or any(unicodedata.category(char) in _REFUSED_CATEGORIES for char in label):
        raise input_problem(POINTER, "invalid_value", "A label has no commas and no control characters.")
    return cleaned
