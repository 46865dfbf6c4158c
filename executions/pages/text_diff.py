"""Two texts compared line by line, for a page: what is gone, what came, and a few lines around it."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MAX_LINES = 2_000
"""Of both texts together; comparing more could take seconds."""
MAX_CHARS = 100_000
CONTEXT_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """One line; "gap" stands for lines left out that are the same in both."""

    kind: Literal["same", "gone", "new", "gap"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDiff:
    """What differs. `lines` is None where the texts are too long to be compared line by line."""

    is_same: bool
    lines: Sequence[DiffLine] | None


def diff_texts(before: str, after: str) -> TextDiff:
    """Compare two texts."""
    if before == after:
        return TextDiff(is_same=True, lines=())
    old, new = before.splitlines(), after.splitlines()
    if len(old) + len(new) > MAX_LINES or len(before) + len(after) > MAX_CHARS:
        return TextDiff(is_same=False, lines=None)
    lines: list[DiffLine] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for group in matcher.get_grouped_opcodes(CONTEXT_LINES):
        if lines or group[0][1] > 0:
            lines.append(DiffLine(kind="gap", text="…"))
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                lines += [DiffLine(kind="same", text=line) for line in old[old_from:old_to]]
                continue
            lines += [DiffLine(kind="gone", text=line) for line in old[old_from:old_to]]
            lines += [DiffLine(kind="new", text=line) for line in new[new_from:new_to]]
    return TextDiff(is_same=False, lines=lines)
