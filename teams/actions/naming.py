"""Names that people give: tidied, bounded, and free of characters that make one name look like another."""

import hashlib
import unicodedata

from django.utils.text import slugify

from teams.actions.refusal import input_problem

NAME_CHARS = 100
SLUG_CHARS = 110

# Control, format (bidi marks, zero-width) and surrogate characters. The joiners U+200C and U+200D are format
# characters too, but several scripts and most family emoji are written with them.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs"})
_JOINERS = frozenset("\u200c\u200d")


def clean_name(name: str, *, pointer: str = "/name") -> str:
    """Return the name in NFC with single spaces. Raises InvalidInput for an empty or odd one."""
    cleaned = unicodedata.normalize("NFC", " ".join(name.split()))
    if not cleaned.strip("".join(_JOINERS)):
        raise input_problem(pointer, "required", "Give it a name.")
    if len(cleaned) > NAME_CHARS:
        raise input_problem(pointer, "too_large", f"A name has at most {NAME_CHARS} characters.")
    if any(unicodedata.category(char) in _REFUSED_CATEGORIES and char not in _JOINERS for char in cleaned):
        raise input_problem(pointer, "invalid_value", "A name has no control or direction characters.")
    return cleaned


def check_slug(slug: str, *, pointer: str) -> None:
    """Raise InvalidInput where a slug is not one: scripts and addresses hold it as it is."""
    if slug != slugify(slug) or not 1 <= len(slug) <= SLUG_CHARS:
        message = "A slug has 1 to 110 lower-case letters, digits and hyphens."
        raise input_problem(pointer, "invalid_value", message)


def slug_of(name: str) -> str:
    """Return a slug for a clean name. Names that ASCII cannot tell apart are told apart by a hash."""
    slug = slugify(name)
    decomposed = unicodedata.normalize("NFKD", name)
    if slug and not any(char.isalnum() and not char.isascii() for char in decomposed):
        return slug
    mark = hashlib.sha256(name.casefold().encode()).hexdigest()[:8]
    return f"{slug or 'team'}-{mark}"
