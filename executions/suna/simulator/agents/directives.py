"""Test directives: `@@sim{...json...}` inside a prompt scripts that run exactly.

They are for tests. An answer never contains them, so a directive in the initial prompt acts on the steps
that are given the initial prompt, and one in a step's instructions on that step.
"""

import json
import re
from hashlib import sha256
from typing import Any

import msgspec

from executions.suna.simulator.agents.roles import find_role, part_of

MARK = "@@sim"
_MAX_KEYS = 50_000
_REQUEST = re.compile(r"^<<<<BLOCK [0-9]+: Request ([0-9a-f]{12}) from ", re.MULTILINE)


class Directive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run shall do. Everything left out is as usual.

    - `text`: the answer, as it stands; `{request}` in it is the mark of the prompt's last request of the
      team. `chars`: the answer's length. `output`: a structured result.
    - `complete`, `ask`: the answer is given, or a question put, through that tool. `then` is the directive
      for the run on the next message, which answers the question: `{answer}` in its texts is that message.
    - `fail`: the model refuses; `partial` lets it say half of its answer first, and it does so
      in the model call `fails_at`, counted from 1; those before go well. `crash`: the worker raises.
      `shutdown`: the instance goes away. `stopped`: the budget runs out. `raw_status`: ends in that word.
    - `slow_tool`: nearly all of the time goes to the tools (in the versions with tool calls in XML).
    - `takes`: seconds until the end. `hang`: no end. `pickup`: seconds until a worker takes the run; a stop
      before that is lost.
    - `responses`: number of model calls. `model`, `tokens` [in, out] and `cached`: what they report.
    - `role`: act only on that role. `attempts`: what the first, second, ... run with this `key` does; the
      last entry holds for all later ones.
    """

    key: str | None = None
    role: str | None = None
    attempts: tuple[dict[str, Any], ...] | None = None
    text: str | None = None
    chars: int | None = None
    output: Any = None
    complete: str | None = None
    ask: str | None = None
    then: dict[str, Any] | None = None
    fail: str | None = None
    partial: bool = False
    fails_at: int = 1
    crash: str | None = None
    shutdown: bool = False
    stopped: str | None = None
    raw_status: str | None = None
    slow_tool: bool = False
    takes: float | None = None
    hang: bool = False
    pickup: float = 0.0
    responses: int = 1
    model: str | None = None
    tokens: tuple[int, int] | None = None
    cached: int | None = None


def pick_directive(texts: list[str], *, counts: dict[str, int]) -> Directive | None:
    """Return the directive that acts on a run whose prompt is the last of `texts`, the first that applies.

    `counts` is how often each key was seen; it is raised here. A directive that cannot be read becomes one
    that fails the run and says why.
    """
    role = next((found for text in reversed(texts) if (found := find_role(text))), None)
    part = role.part if role else "assistant"
    for given in _found_in(texts[-1])[0]:
        try:
            directive = _read(given, counts=counts, part=part)
        except msgspec.ValidationError as error:
            return Directive(fail=f"bad directive: {error}")
        if directive is not None:
            return directive
    return None


def follow_up(then: dict[str, Any], *, answer: str) -> Directive:
    """Return the directive for the run that gets an answer; one that cannot be read says so."""
    try:
        return msgspec.convert(_filled_in(then, answer), Directive)
    except msgspec.ValidationError as error:
        return Directive(fail=f"bad directive: {error}")


def find_request(prompt: str) -> str:
    """Return the mark of the last request of the team that stands in the prompt, "" without one."""
    marks = _REQUEST.findall(prompt)
    return marks[-1] if marks else ""


def _filled_in(value: Any, answer: str) -> Any:
    if isinstance(value, str):
        return value.replace("{answer}", answer)
    if isinstance(value, dict):
        # What comes after the next question is filled in with the answer to that one.
        return {name: item if name == "then" else _filled_in(item, answer) for name, item in value.items()}
    return [_filled_in(item, answer) for item in value] if isinstance(value, list) else value


def without_directives(text: str) -> str:
    """Return a prompt as the agent reads it."""
    return _found_in(text)[1] if MARK in text else text


def _read(found: dict[str, Any], *, counts: dict[str, int], part: str) -> Directive | None:
    directive = msgspec.convert(found, Directive)
    if directive.role is not None and part_of(directive.role) != part:
        return None
    if not directive.attempts:
        return directive
    key = directive.key or sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    if key not in counts and len(counts) >= _MAX_KEYS:
        counts.pop(next(iter(counts)))
    counts[key] = counts.get(key, 0) + 1
    entry = directive.attempts[min(counts[key], len(directive.attempts)) - 1]
    usual = {name: value for name, value in found.items() if name != "attempts"}
    return msgspec.convert({**usual, **entry}, Directive)


def _found_in(text: str) -> tuple[list[dict[str, Any]], str]:
    found: list[dict[str, Any]] = []
    rest: list[str] = []
    decoder = json.JSONDecoder()
    position = 0
    while (start := text.find(MARK, position)) >= 0:
        rest.append(text[position:start])
        try:
            value, position = decoder.raw_decode(text, start + len(MARK))
            found.append(value if isinstance(value, dict) else {"fail": "bad directive: not an object"})
        except ValueError as error:
            found.append({"fail": f"bad directive: {error}"})
            position = start + len(MARK)
    rest.append(text[position:])
    return found, "".join(rest)
