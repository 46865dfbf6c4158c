"""What becomes of an agent's question, and what the agent is told with the answer. Pure.

A further run of an attempt goes into the place of the run that asked, and there the answer alone is enough.
A new place knows nothing: its agent is told what it was asked to do, and then each question and its answer,
in blocks like those of `step_input`:

    You have worked on this before and asked the questions below. ...

    <<<<BLOCK 1: What you were asked to do | 3f9ac21b07d4>>>>
    ...
    <<<<BLOCK 2: Your question 1 | 3f9ac21b07d4>>>>
    ...
    <<<<BLOCK 3: The answer to question 1 | 3f9ac21b07d4>>>>
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from executions.engine.prompt_cut import count_bytes, fit
from executions.engine.results import clean_text
from executions.engine.step_input import MAX_PROMPT_BYTES, choose_tag, frame
from teams.workflow.plan import QuestionPolicy

GO_ON = (
    "You have worked on this before and asked the questions below. "
    "Go on with their answers; do not ask them again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question of a step's agent and the answer that it got. `attempt` is the one that asked."""

    attempt: int
    question: str
    answer: str
    is_automatic: bool = False


def judge_question(
    policy: QuestionPolicy, exchanges: Sequence[Exchange], *, attempt: int
) -> Literal["ask", "answer", "fail"]:
    """Return what to do with a further question of an attempt: ask a person, answer it, or fail."""
    match policy.policy:
        case "human":
            return "ask"
        case "fail":
            return "fail"
        case "auto_answer":
            answered = sum(one.is_automatic and one.attempt == attempt for one in exchanges)
            return "answer" if answered < policy.max_answers else "fail"


def build_conversation(prompt: str, exchanges: Sequence[Exchange]) -> str:
    """Return what a new place is told: the prompt itself where nothing was asked yet."""
    if not exchanges:
        return prompt
    blocks = [("What you were asked to do", prompt)]
    for number, exchange in enumerate(exchanges, start=1):
        blocks.append((f"Your question {number}", clean_text(exchange.question)[0]))
        blocks.append((f"The answer to question {number}", clean_text(exchange.answer)[0]))
    tag = choose_tag([text for _, text in blocks])
    frames = [frame(number, heading, tag) for number, (heading, _) in enumerate(blocks, start=1)]
    room = MAX_PROMPT_BYTES - count_bytes(GO_ON) - sum(count_bytes(a + z) + 2 for a, z in frames)
    fitted = fit([text for _, text in blocks], max_bytes=room, tag=tag)
    framed = [a + short.text + z for (a, z), short in zip(frames, fitted, strict=True)]
    return "\n\n".join([GO_ON, *framed])
