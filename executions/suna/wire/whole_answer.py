"""Whether a run's rows tell that it has nothing left to do, where the run itself does not tell it.

From 22 September to 23 November 2025 a Suna without keys for Langfuse leaves every run that ends normally at
`running`, and no event tells its end; its rows are all there (suna-contract §9.16).
"""

from collections.abc import Sequence

from executions.suna.wire.messages import Message
from executions.suna.wire.results import XML, Reading, count_begun, is_response_end

_CALL_OPENS = ("<function_calls", "<invoke")


def holds_whole_answer(messages: Sequence[Message], *, reading: Reading = XML) -> bool:
    """Tell whether one run's rows, oldest first, end in a whole answer of which the tokens are told.

    Not where the last answer calls a tool that does not end a run, since the tool may be at work; not where
    a model call began that did not end; not where anybody wrote after it. Whether the rows stay as they are
    is the caller's to see.
    """
    last = max((at for at, row in enumerate(messages) if row.type == "assistant"), default=None)
    if last is None:
        return False
    answer, later = messages[last], messages[last + 1 :]
    if reading.find_call(answer) is None and (_calls_tool(answer) or not reading.read_plain(answer)):
        return False
    if any(row.type == "user" or row.status_type == "error" for row in later):
        return False
    is_told = any(is_response_end(row) for row in later)
    return is_told and count_begun(messages) <= sum(is_response_end(row) for row in messages)


def _calls_tool(answer: Message) -> bool:
    """Tell whether an answer calls a tool. One that only writes about calls counts as well: it must wait."""
    return bool(answer.content.get("tool_calls")) or any(tag in (answer.text or "") for tag in _CALL_OPENS)
