"""What a run left behind in its thread's rows: the final answer and the model calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from executions.agent_service import ModelResponse, RunResult
from executions.suna.wire.messages import Message
from executions.suna.wire.native_calls import find_native_call, has_native_marks, read_plain_text
from executions.suna.wire.usage import build_response
from executions.suna.wire.values import short_text
from executions.suna.wire.xml_calls import FinalCall, find_final_call, strip_calls

_RESPONSE_ENDS = frozenset({"assistant_response_end", "llm_response_end"})
"""Written after each model call: the first until 3 October 2025, the second from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How an assistant's row is read: the call that ended the run, if it has it, and what it says beside."""

    find_call: Callable[[Message], FinalCall | None]
    read_plain: Callable[[Message], str]


XML = Reading(
    find_call=lambda message: find_final_call(message.text or ""),
    read_plain=lambda message: strip_calls(message.text or ""),
)
"""Tool calls inside the text, as they were until 24 November 2025."""


def _find_either(message: Message) -> FinalCall | None:
    found = find_native_call(message)
    return found if found is not None or has_native_marks(message) else XML.find_call(message)


def _read_either(message: Message) -> str:
    return read_plain_text(message) if has_native_marks(message) else XML.read_plain(message)


EITHER = Reading(find_call=_find_either, read_plain=_read_either)
"""Both, row by row: a version whose last builds call natively (suna-contract §1, 24 November 2025)."""


def build_result(messages: Sequence[Message], *, run_id: str, reading: Reading = XML) -> RunResult:
    """Build a run's result from its rows, oldest first.

    A run that went on after what it said last has that as `partial`: its model failed then, as `error` says,
    or it is `unsettled`. `structured` stays None: Suna's agents submit text, and a text that
    holds JSON is the engine's to read.
    """
    answers = [message for message in messages if message.type == "assistant"]
    responses = build_responses(messages, run_id=run_id)
    complete = _is_usage_complete(messages)
    if not answers:
        # Without a word from Suna this is no error: an agent may end without an answer.
        error = _find_error(messages)
        return RunResult(text=None, error=error, responses=responses, usage_complete=complete)
    error = _find_error(messages[messages.index(answers[-1]) + 1 :])
    final = reading.find_call(answers[-1])
    text = final.text if final is not None else None
    if text is None:
        # The tool complete may come without a text: then what the agent wrote beside it is the answer,
        # and before that what it wrote last.
        text = next((plain for plain in map(reading.read_plain, reversed(answers)) if plain), None)
    if error is not None or (final is None and not _ends_with_answer(messages)):
        # It went on after what it said last: to an error, or to something that nobody wrote down.
        return RunResult(
            text=None,
            partial=text,
            error=error,
            responses=responses,
            usage_complete=complete,
            unsettled=error is None,
        )
    asked = final is not None and final.tool == "ask"
    return RunResult(
        text=text,
        asked=asked,
        options=final.options if final is not None and asked else (),
        attachments=final.attachments if final is not None and asked else (),
        responses=responses,
        usage_complete=complete,
        cleaned=final is not None and final.cleaned,
    )


def settle(result: RunResult) -> RunResult:
    """Take what an unsettled run said last for its answer: it met no error."""
    return replace(result, text=result.partial, partial=None, unsettled=False) if result.unsettled else result


def build_responses(messages: Sequence[Message], *, run_id: str) -> tuple[ModelResponse, ...]:
    """Build one entry for each model call of a run that Suna wrote down."""
    asked_models = {
        response_id: short_text(message.content.get("model"), max_chars=255)
        for message in messages
        if message.type == "llm_response_start"
        and (response_id := short_text(message.content.get("llm_response_id"))) is not None
    }
    ends = [message for message in messages if is_response_end(message)]
    return tuple(
        build_response(
            end.content,
            source_id=end.message_id or f"{run_id}:{number}",
            asked_model=asked_models.get(short_text(end.content.get("llm_response_id")) or ""),
        )
        for number, end in enumerate(ends, start=1)
    )


def count_begun(messages: Sequence[Message]) -> int:
    """Return how many model calls began."""
    return sum(
        message.type == "llm_response_start" or message.status_type == "assistant_response_start"
        for message in messages
    )


def is_response_end(message: Message) -> bool:
    """Whether a row tells that a model call is over, and its tokens."""
    return message.type in _RESPONSE_ENDS


def _is_usage_complete(messages: Sequence[Message]) -> bool:
    """Tell whether every model call that began has its row: those of a stopped run never get one (§9.28)."""
    return count_begun(messages) <= sum(map(is_response_end, messages))


def _ends_with_answer(messages: Sequence[Message]) -> bool:
    """Tell whether the agent has the last word, as where a run ended by itself (suna-contract §5)."""
    said = [message.type for message in messages if message.type in ("user", "assistant", "tool")]
    return said[-1:] == ["assistant"]


def _find_error(messages: Sequence[Message]) -> str | None:
    for message in reversed(messages):
        if message.type == "status" and message.status_type == "error":
            return short_text(message.content.get("message"), max_chars=20_000) or short_text(
                message.content.get("error"), max_chars=20_000
            )
    return None
