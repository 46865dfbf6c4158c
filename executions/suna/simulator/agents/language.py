"""Which of the two languages a prompt is written in, and its words without accents."""

import re
import unicodedata
from typing import Literal

Language = Literal["en", "pt"]

_WORD = re.compile(r"[^\W\d_]{2,}")
_ACCENT = re.compile("[\u0300-\u036f]")
# Short frequent words that are not words of the other language.
_ENGLISH = (
    "the and of to is my for in with this that are was it you we have not please how what can from on be "
    "about our your"
)
_PORTUGUESE = (
    "que nao uma para com os da em esta meu minha por favor voce um na dos das e ao como mais se foi "
    "pelo pela sobre nos tem preciso sao mensagem ela ele pertence diz desde"
)
_ENGLISH_WORDS, _PORTUGUESE_WORDS = frozenset(_ENGLISH.split()), frozenset(_PORTUGUESE.split())


def fold(text: str) -> str:
    """Return `text` in lower case without accents."""
    if text.isascii():
        return text.lower()
    return _ACCENT.sub("", unicodedata.normalize("NFKD", text.lower()))


def words_of(text: str) -> list[str]:
    """Return the folded words of `text`, two letters or more, in order."""
    return _WORD.findall(fold(text))


def find_language(text: str) -> Language:
    """Return the language of `text`; English where nothing speaks for Portuguese."""
    words = words_of(text[:20_000])
    english = sum(word in _ENGLISH_WORDS for word in words)
    portuguese = sum(word in _PORTUGUESE_WORDS for word in words)
    return "pt" if portuguese > english else "en"
