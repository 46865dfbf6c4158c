"""How wide a text will be in a picture, more or less: the reader's browser has the font, we have not.

Widths are in em of a sans-serif font, rounded up from those of DejaVu Sans, the widest that browsers fall
back to; so a text that fits here fits there.
"""

import unicodedata

_NARROW = frozenset("iljtfrI.,:;|'!()[]{} /\\-·")
_WIDE = frozenset("&OQGDNHUC")
_WIDEST = frozenset("mwMW@%—…")
_NARROW_EM, _USUAL_EM, _WIDE_EM, _WIDEST_EM = 0.39, 0.62, 0.8, 1.05
_ELLIPSIS = "…"
_BOLD = 1.08
"""Bold letters are so much wider."""


def measure(text: str, *, font_px: float, is_bold: bool = False) -> float:
    """Return the text's width in pixels."""
    return sum(map(_em, text)) * font_px * (_BOLD if is_bold else 1)


def cut_to_width(text: str, *, width_px: float, font_px: float, is_bold: bool = False) -> str:
    """Return the text, with an ellipsis for what of it has no room."""
    if measure(text, font_px=font_px, is_bold=is_bold) <= width_px:
        return text
    room_px = width_px - measure(_ELLIPSIS, font_px=font_px, is_bold=is_bold)
    end = 0
    for end, letter in enumerate(text):  # noqa: B007
        room_px -= measure(letter, font_px=font_px, is_bold=is_bold)
        if room_px < 0:
            break
    # What is drawn above the letter before it must not stand above the ellipsis.
    return text[:end].rstrip(" ·") + _ELLIPSIS


def _em(letter: str) -> float:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0.0
    if letter in _WIDEST or unicodedata.east_asian_width(letter) in ("W", "F"):
        return _WIDEST_EM
    if letter in _NARROW:
        return _NARROW_EM
    if letter in _WIDE:
        return _WIDE_EM
    # Nobody knows how wide what a font lacks will be.
    return _USUAL_EM if ord(letter) < 0x0600 else _WIDE_EM
