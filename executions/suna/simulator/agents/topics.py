"""What a prompt is about: the words and numbers that the scripted answers are built from."""

import re
from collections import Counter
from dataclasses import dataclass

from executions.suna.simulator.agents.language import fold, words_of
from executions.suna.simulator.agents.phrases import COMMON_WORDS, LEADS

_MAX_READ = 12_000
_NUMBER = re.compile(r"(?<![\w.])(?:[$€£]\s?|R\$\s?)?\d+(?:[.,]\d+)*\s?%?")
# Lines that frame the text rather than belong to it: headings, fences, rules, marks of blocks.
_FRAME = re.compile(r"^\s*(?:[#=<>\[\]`*~|{}\-]|.{0,60}:\s*$)")
_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
# What a team's agents are told about writing to each other is no part of the request either.
_TEAM = re.compile(
    r"^<<<<BLOCK (\d+): How to write to your team .*?^<<<<END BLOCK \1 [^\n]*$"
    r"|^Your team's tools are on the MCP server .*\Z",
    re.DOTALL | re.MULTILINE,
)
_LIST_MARK = re.compile(r"^\s*(?:[-*]|\d+[.)])\s+")
# Every answer carries its mark; a later agent must not take it for a topic.
_MARK = re.compile(r"\[simulated by [^\]]*\]")
_SURFACE = re.compile(r"[^\W\d_][\w'-]{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """`words` always has four entries, most telling first; `subject` is one line of at most 140 letters."""

    subject: str
    words: tuple[str, str, str, str]
    numbers: tuple[str, ...]


def body_of(text: str) -> str:
    """Return the sentences of `text` in one line: no headings, marks of blocks, fences or list marks."""
    text = _MARK.sub("", _FENCE.sub("", _TEAM.sub("", text[:_MAX_READ])))
    lines = [_LIST_MARK.sub("", line).strip() for line in text.splitlines()]
    return " ".join(line for line in lines if line and not _FRAME.match(line)) or " ".join(text.split())


def find_topics(text: str) -> Topics:
    """Return what `text` is about."""
    body = body_of(text)
    surface: dict[str, str] = {}
    for word in _SURFACE.findall(body):
        surface.setdefault(fold(word), word)
    counted = Counter(word for word in words_of(body) if len(word) > 3 and word not in COMMON_WORDS)
    # A tie goes to the longer word, then to the one that came first.
    ranked = sorted(counted, key=lambda word: (-counted[word], -len(word)))
    names = [surface.get(word, word) for word in ranked[:4]]
    fillers = [
        word for word in ("the request", "the goal", "the details", "the context") if word not in names
    ]
    names.extend(fillers[: 4 - len(names)])
    subject = _without_leads(re.split(r"(?<=[.!?])\s", body, maxsplit=1)[0].strip().rstrip("."))
    subject = subject or "an empty request"
    return Topics(
        subject=subject if len(subject) <= 140 else f"{subject[:137]}...",
        words=(names[0], names[1], names[2], names[3]),
        numbers=tuple(dict.fromkeys(number.strip() for number in _NUMBER.findall(body)))[:3],
    )


def _without_leads(sentence: str) -> str:
    """Return a sentence without the words by which the agents before this one led in to it."""
    lead = next((lead for lead in LEADS if sentence.startswith(lead)), None)
    return sentence if lead is None else _without_leads(sentence.removeprefix(lead).strip())
