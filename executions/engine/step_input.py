"""The prompt that a step's agent gets (language, section 5). Agents read it, and so does the simulator.

Its parts, in this order, with one empty line between them:

1. the step's instructions, if any, as they stand;
2. if the step has a role, the line `Your role: <role>`;
3. one block for each source:

       <<<<BLOCK 1: Result of researcher | 3f9ac21b07d4>>>>
       the text, on as many lines as it has
       <<<<END BLOCK 1 | 3f9ac21b07d4>>>>

   The headings are `Initial prompt`, `Result of <role or id>` and `Context value <key>`. The tag behind the
   bar is the same in all lines of one prompt and occurs in none of its texts, so that no text can close its
   block or open another. A source without a result has one line instead of a text: `(skipped:
   condition_false)`, `(failed: timeout)`, `(cancelled: execution_failed)`, `(not finished)`, `(not set)`.

A step with `tools: team` has two kinds of blocks more, `How to write to your team` and one for each of its
messages (`team_mail`): each is a block of its own, so that no message can pretend to be another's.

A step with neither instructions nor role, whose only source is the initial prompt, gets the initial prompt
itself. Texts are inserted once and never interpreted.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from executions.engine.context import context_of
from executions.engine.outcome import written, written_result
from executions.engine.prompt_cut import Shortened, count_bytes, fit
from executions.engine.results import clean_text
from executions.engine.state import ExecutionState, StepState, StepStatus
from executions.engine.team_mail import HOW_HEADING, Mail, how_to_write, mail_heading
from teams.workflow.plan import Plan, PlanStep, Source

MAX_PROMPT_BYTES = 256 * 1024
MAX_HEADING_CHARS = 120
_TAG_CHARS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One text that had to be cut: the number of its block, what it was, and how much of it is left."""

    block: int
    heading: str
    original_bytes: int
    kept_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPrompt:
    """The prompt of one step, and what was left out of it."""

    prompt: str
    cuts: tuple[Cut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    heading: str
    text: str


def build_prompt(plan: Plan, state: ExecutionState, step_id: str, *, mail: Sequence[Mail] = ()) -> StepPrompt:
    """Return the prompt of a step as the state stands; it is frozen when the step starts.

    `mail` are the messages for a step with `tools: team`, oldest first.
    """
    step = plan.step(step_id)
    sources = _list_sources(plan, state, step)
    blocks = [_build_block(plan, state, source, sources) for source in sources]
    if step.tools == "team":
        blocks.append(_Block(heading=HOW_HEADING, text=how_to_write(plan, step_id)))
        blocks += [_Block(heading=_short(mail_heading(one)), text=clean_text(one.text)[0]) for one in mail]
    bare = (
        step.tools != "team"
        and not step.instructions
        and not step.role
        and [source.kind for source in sources] == ["initial_prompt"]
    )
    said = [step.instructions or "", step.role or "", *(block.heading for block in blocks)]
    tag = choose_tag([*said, *(block.text for block in blocks)])
    if bare:
        fitted = fit([blocks[0].text], max_bytes=MAX_PROMPT_BYTES, tag=tag)
        return StepPrompt(prompt=fitted[0].text, cuts=_list_cuts(blocks, fitted))
    head = []
    if step.instructions:
        head.append(clean_text(step.instructions)[0])
    if step.role:
        head.append(f"Your role: {_one_line(step.role)}")
    frames = [frame(number, block.heading, tag) for number, block in enumerate(blocks, start=1)]
    fixed = [*head, *(opening + closing for opening, closing in frames)]
    room = MAX_PROMPT_BYTES - sum(count_bytes(part) + 2 for part in fixed)
    fitted = fit([block.text for block in blocks], max_bytes=room, tag=tag)
    written_blocks = [
        opening + shortened.text + closing
        for (opening, closing), shortened in zip(frames, fitted, strict=True)
    ]
    return StepPrompt(prompt="\n\n".join([*head, *written_blocks]), cuts=_list_cuts(blocks, fitted))


def _list_sources(plan: Plan, state: ExecutionState, step: PlanStep) -> tuple[Source, ...]:
    """Return the step's sources; in a chain without any, the nearest earlier result or the initial prompt."""
    if step.sources is not None:
        return step.sources
    nearest = None
    for earlier in plan.steps:
        if earlier.id == step.id:
            break
        if state.steps[earlier.id].status is StepStatus.COMPLETED:
            nearest = earlier.id
    if nearest is None:
        return (Source(kind="initial_prompt"),)
    return (Source(kind="agent_result", step=nearest),)


def _build_block(plan: Plan, state: ExecutionState, source: Source, sources: Sequence[Source]) -> _Block:
    if source.kind == "initial_prompt":
        return _Block(heading="Initial prompt", text=clean_text(state.initial_prompt)[0])
    if source.kind == "context":
        key = source.key or ""
        context = context_of(plan, state)
        text = written(context[key]) if key in context else "(not set)"
        return _Block(heading=f"Context value {_short(key)}", text=clean_text(text)[0])
    step_id = source.step or ""
    stands = state.steps[step_id]
    heading = f"Result of {_name(plan, step_id, sources)}"
    if stands.status is StepStatus.COMPLETED:
        return _Block(heading=heading, text=clean_text(written_result(stands))[0])
    return _Block(heading=heading, text=_say_why(stands))


def _say_why(step: StepState) -> str:
    if not step.is_final:
        return "(not finished)"
    return f"({step.status})" if step.reason is None else f"({step.status}: {step.reason.code})"


def _name(plan: Plan, step_id: str, sources: Sequence[Source]) -> str:
    """Return the step's role, with its id where another source has the same role; without a role, its id."""
    role = plan.step(step_id).role
    if not role:
        return step_id
    others = {source.step for source in sources if source.step is not None and source.step != step_id}
    is_shared = any(plan.step(other).role == role for other in others)
    return f"{_short(role)} ({step_id})" if is_shared else _short(role)


def frame(number: int, heading: str, tag: str) -> tuple[str, str]:
    """Return the line that opens a block and the one that closes it."""
    return f"<<<<BLOCK {number}: {heading} | {tag}>>>>\n", f"\n<<<<END BLOCK {number} | {tag}>>>>"


def choose_tag(texts: Sequence[str]) -> str:
    """Return a tag that follows from the texts and occurs in none of them."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(hashlib.sha256(text.encode("utf-8", "replace")).digest())
    while True:
        tag = digest.hexdigest()[:_TAG_CHARS]
        if not any(tag in text for text in texts):
            return tag
        digest.update(b"again")


def _one_line(text: str) -> str:
    return " ".join(clean_text(text)[0].split())


def _short(text: str) -> str:
    line = _one_line(text)
    return line if len(line) <= MAX_HEADING_CHARS else line[:MAX_HEADING_CHARS] + "…"


def _list_cuts(blocks: Sequence[_Block], fitted: Sequence[Shortened]) -> tuple[Cut, ...]:
    return tuple(
        Cut(
            block=number,
            heading=block.heading,
            original_bytes=shortened.original_bytes,
            kept_bytes=shortened.kept_bytes,
        )
        for number, (block, shortened) in enumerate(zip(blocks, fitted, strict=True), start=1)
        if shortened.is_cut
    )
