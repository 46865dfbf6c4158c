"""Characters that deceive: they turn the direction of text, or nobody sees them, or they drive a terminal."""

import re

_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]"  # colours and movements
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)"  # titles and links
    r"|\x1b[ -/]{0,8}[0-~]"
)
_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# The joiners U+200C and U+200D and the selectors U+FE00 to U+FE0F stay: Persian, Hindi and emoji need them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def make_visible(text: str) -> str:
    """Return the text without terminal codes and with each deceiving character named, as in ⟨U+202E⟩.

    Each end of a line becomes a line feed. Ordinary text comes back as it was.
    """
    return _HIDDEN.sub(_name, _ENDS.sub("\n", _ANSI.sub("", text)))


def _name(found: re.Match[str]) -> str:
    return f"⟨U+{ord(found[0]):04X}⟩"
