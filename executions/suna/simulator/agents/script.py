"""From a prompt to the script of a whole run: what is said, in how many model calls, and how it ends."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from executions.suna.simulator.agents.classifier import classify
from executions.suna.simulator.agents.directives import Directive, find_request, without_directives
from executions.suna.simulator.agents.language import Language, find_language
from executions.suna.simulator.agents.phrases import ANSWERED, NUMBERS, PHRASES
from executions.suna.simulator.agents.roles import Role, find_role, without_role_line
from executions.suna.simulator.agents.topics import Topics, body_of, find_topics
from executions.suna.simulator.agents.usage import (
    SYSTEM_PROMPT_TOKENS,
    cached_tokens,
    model_for,
    tokens_of_text,
)

Outcome = Literal["completed", "model_error", "crash", "shutdown", "out_of_budget", "raw", "nothing_to_do"]

_CHARACTERS_PER_RUN_TIME = 20_000
NO_MESSAGE_ERROR = "messages: at least one message is required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One model call. `tool` is the tool that it calls, with `argument`; None for plain text."""

    text: str
    tool: str | None
    argument: str
    tokens_input: int
    tokens_output: int
    tokens_cached: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A run, decided. `duration_s` None is a run that never ends; `error` is the bare text of a failure.

    `partial` says that a failing model had already said half of its answer. `structured` is a result given
    as an object, for the profile that can carry one.
    """

    role: Role | None
    model: str
    turns: tuple[Turn, ...]
    outcome: Outcome
    error: str | None
    partial: bool
    raw_status: str | None
    duration_s: float | None
    pickup_s: float
    structured: Any
    then: dict[str, Any] | None = None
    slow_tool: bool = False

    def fails_in(self, turn: int) -> bool:
        """Whether the model refuses in that turn, counted from 0: it is the last one then."""
        return self.outcome == "model_error" and turn == len(self.turns) - 1

    @property
    def asks(self) -> bool:
        """Whether the run ends with a question."""
        return bool(self.turns) and self.turns[-1].tool == "ask"

    @property
    def reports(self) -> bool:
        """Whether the run reports its tokens: a model call that fails does not."""
        return self.outcome in ("completed", "raw")


def build_script(
    *,
    prompts: list[str],
    answered: bool,
    questioned: bool = False,
    directive: Directive | None,
    model_name: str | None,
    run_seconds: float,
) -> Script:
    """Return the script of a run on a thread whose user messages are `prompts`, the newest last.

    `answered` says that the last word on the thread is the agent's: such a run ends at once. `questioned`
    says that the newest message answers a question of the agent.
    """
    directive = directive or Directive()
    prompt = without_directives(prompts[-1]) if prompts else ""
    role = next((found for text in reversed(prompts) if (found := find_role(text))), None)
    part = role.part if role else "assistant"
    model = directive.model or model_name or model_for(part)
    first = without_directives(prompts[0]) if prompts and questioned else None
    turns = _turns(prompt, role, directive, first=first) if prompts else ()
    if directive.fail is not None:
        turns = turns[: max(1, directive.fails_at)]
    outcome, error = _outcome(directive, has_prompt=bool(prompts), answered=answered)
    longest = sum(len(turn.text) + len(turn.argument) for turn in turns)
    duration = run_seconds * (1 + longest / _CHARACTERS_PER_RUN_TIME) if turns else run_seconds / 4
    if directive.takes is not None:
        duration = directive.takes
    return Script(
        role=role,
        model=model,
        turns=turns,
        outcome=outcome,
        error=error,
        partial=directive.partial,
        raw_status=directive.raw_status,
        duration_s=None if directive.hang else duration,
        pickup_s=directive.pickup,
        structured=directive.output,
        then=directive.then,
        slow_tool=directive.slow_tool,
    )


def answer_for(prompt: str, role: Role | None) -> str:
    """Return what the agent of that role says to a prompt, with the mark that says it is simulated."""
    text = without_role_line(prompt)
    language = find_language(body_of(text))
    part = role.part if role else "assistant"
    topics = find_topics(text)
    template = PHRASES.get((part, language)) or PHRASES["assistant", language]
    verdict = classify(text, language) if part == "classifier" else None
    said = template.format(
        subject=topics.subject,
        numbers=_numbers(topics, language),
        **dict(zip("abcd", topics.words, strict=True)),
        category=verdict.category if verdict else "",
        reason=verdict.reason if verdict else "",
    )
    if verdict:
        decided = {
            "category": verdict.category,
            "confidence": verdict.confidence,
            "reason": verdict.reason,
        }
        said += f"\n\n```json\n{json.dumps(decided, ensure_ascii=False)}\n```"
    return f"{said}\n\n[simulated by {role.name if role else 'assistant'}]"


def _turns(prompt: str, role: Role | None, directive: Directive, *, first: str | None) -> tuple[Turn, ...]:
    tool = "ask" if directive.ask is not None else "complete" if directive.complete is not None else None
    argument = directive.ask or directive.complete or ""
    text = _text(prompt, role, directive, first=first) if tool is None or directive.text is not None else ""
    tokens_input = SYSTEM_PROMPT_TOKENS + tokens_of_text(prompt)
    turns = []
    for number in range(1, max(1, directive.responses) + 1):
        last = number == directive.responses or directive.responses < 1
        turn_text = text if last else f"Looking further, step {number}."
        turn_tool = tool if last else "web_search"
        turn_argument = argument if last else find_topics(prompt).subject
        asked, told = directive.tokens or (tokens_input, tokens_of_text(turn_text + turn_argument))
        cached = cached_tokens(prompt, asked) if directive.cached is None else directive.cached
        turns.append(
            Turn(
                text=turn_text,
                tool=turn_tool,
                argument=turn_argument,
                tokens_input=asked,
                tokens_output=told,
                tokens_cached=min(cached, asked),
            )
        )
        tokens_input += told
    return tuple(turns)


def _text(prompt: str, role: Role | None, directive: Directive, *, first: str | None) -> str:
    if directive.text is not None:
        text = directive.text.replace("{request}", find_request(prompt))
    elif directive.output is not None:
        text = f"```json\n{json.dumps(directive.output, ensure_ascii=False)}\n```"
    elif first is None:
        text = answer_for(prompt, role)
    else:
        text = f"{ANSWERED[find_language(body_of(first))].format(answer=prompt)}\n\n{answer_for(first, role)}"
    if directive.chars is None:
        return text
    filler = (text or "x") + " "
    return (filler * (directive.chars // len(filler) + 1))[: directive.chars]


def _outcome(directive: Directive, *, has_prompt: bool, answered: bool) -> tuple[Outcome, str | None]:
    if answered:
        return "nothing_to_do", None
    if not has_prompt:
        return "model_error", NO_MESSAGE_ERROR
    if directive.fail is not None:
        return "model_error", directive.fail
    if directive.crash is not None:
        return "crash", directive.crash
    if directive.shutdown:
        return "shutdown", None
    if directive.stopped is not None:
        return "out_of_budget", directive.stopped
    return ("raw" if directive.raw_status else "completed"), None


def _numbers(topics: Topics, language: Language) -> str:
    return NUMBERS[language].format(list=", ".join(topics.numbers)) if topics.numbers else ""
