"""Lists of names as part of a sentence."""

from collections.abc import Sequence

from django.utils.translation import gettext as _


def in_words(names: Sequence[str], *, last: str | None = None) -> str:
    """Return the names joined by commas, the last one by "and" (or by the word given)."""
    if len(names) < 2:
        return "".join(names)
    joined = ", ".join(names[:-1])
    return f"{joined} {last or _('and')} {names[-1]}"
