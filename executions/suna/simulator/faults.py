"""Faults on demand: rules that match requests and say what goes wrong with them.

Here is the matching and the state (counters, barriers); what a fault does to an answer is in
`fault_effects`.
"""

import asyncio
from hashlib import sha256
from typing import Any, Literal

import msgspec

from executions.suna.simulator.agents.roles import find_role, part_of
from executions.suna.simulator.call import Call
from executions.suna.simulator.run import Thread

Kind = Literal[
    "latency",
    "barrier",
    "too_many",
    "payment",
    "status",
    "error",
    "hang",
    "drop",
    "malformed",
    "wrong_types",
    "replace",
    "html",
    "empty",
    "redirect",
    "huge",
    "gzip_bomb",
    "unknown_status",
    "cut_stream",
    "half_open",
    "trickle",
    "bad_events",
    "unordered_chunks",
    "expired_stream",
    "early_replay",
    "timeout",
    "model_denied",
    "raw",
    "late_run",
    "vanish",
]


class Effect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a rule does.

    - `latency`: waits `seconds`, then all goes on. `barrier`: waits until `name` is released.
    - `too_many`: the profile's own 429, with a `retry_after` header if given. `payment`: its 402, with an
      `error_code` if given. `model_denied`: its refusal of the model that was asked for. `status`: any
      `status` (500) with `body` as detail. `raw`: `body` as it stands, with `status` and `content_type`.
    - `error`: plain text 500. `hang`: no answer ever. `drop`: the connection breaks.
    - `malformed`, `html`, `empty`, `huge`, `gzip_bomb` (of `megabytes`), `redirect` (to `to`): an answer
      that is none, with a `status` of its own if given. `wrong_types`, `replace` (`fields`),
      `unknown_status` (`word`): the answer, falsified. `trickle`: the answer, a byte every `seconds`.
    - `half_open`: half of an answer, or `events` of a stream, and then neither more nor an end.
    - `cut_stream`: ends a stream after `events` events, as `how` says: the connection breaks, it closes
      without a word, or it lies that the run is completed. `bad_events`: puts lines that are no events
      behind `events` of them, and goes on. `unordered_chunks`: chunks change places in pairs, as they
      may in the list (suna-contract §9.22). `expired_stream`: as if the list of events had expired.
      `early_replay`: what is pushed behind the run's `completed` is not in the list yet (§9.24).
    - `late_run`: the start fails as `answer` says, and the run appears `seconds` later, or once the barrier
      `until` is released. `timeout`: 408 at once, and the operation is done `seconds` later all the same.
      `vanish`: 404; on a start, the run is gone once it is answered.

    `when` says whether the operation itself is done `before` (the default: not at all) or `after`, that is
    once its effect is in the database.
    """

    kind: Kind
    when: Literal["before", "after"] = "before"
    seconds: float = 0.0
    name: str = "default"
    until: str = ""
    status: int | None = None
    content_type: str | None = None
    body: Any = None
    retry_after: str | None = None
    error_code: str | None = None
    to: str = "http://127.0.0.1:9/elsewhere"
    megabytes: float = 50.0
    word: str = "pondering"
    events: int = 1
    how: Literal["break", "close", "lie"] = "break"
    fields: dict[str, Any] = {}
    answer: Literal["error", "drop", "hang"] = "error"


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which requests are hit. Everything left out matches all.

    `contains` is a text in the newest prompt of the thread, `role` the part that its role line gives.
    `path` is a text in the request's path. `nth` names the matching calls that are hit, counted from 1 for
    this rule; `times` is how often it hits at most. `probability` is drawn from `seed` and the count, so
    that a run can be repeated.
    """

    do: Effect
    operation: str = "*"
    path: str | None = None
    thread: str | None = None
    run: str | None = None
    agent: str | None = None
    role: str | None = None
    contains: str | None = None
    nth: int | tuple[int, ...] | None = None
    times: int | None = None
    probability: float = 1.0
    seed: int = 0


class Faults:
    """The rules in force, how often each matched and hit, and the barriers."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Drop all rules and open all barriers."""
        for barrier in getattr(self, "_barriers", {}).values():
            barrier.set()
        self._rules: list[Rule] = []
        self._matched: list[int] = []
        self._hit: list[int] = []
        self._barriers: dict[str, asyncio.Event] = {}
        self.waiting: dict[str, int] = {}

    def add(self, rules: list[Rule]) -> None:
        """Put rules in force, behind those that already are."""
        self._rules.extend(rules)
        self._matched.extend(0 for _ in rules)
        self._hit.extend(0 for _ in rules)

    def describe(self) -> list[dict[str, Any]]:
        """Return the rules with their counts."""
        return [
            {"rule": rule, "matched": matched, "hit": hit}
            for rule, matched, hit in zip(self._rules, self._matched, self._hit, strict=True)
        ]

    def effects_on(self, call: Call, *, thread: Thread | None, agent_id: str | None) -> list[Effect]:
        """Return what goes wrong with this call, in the order of the rules; counts it."""
        effects = []
        for index, rule in enumerate(self._rules):
            if not _matches(rule, call, thread=thread, agent_id=agent_id):
                continue
            self._matched[index] += 1
            if self._hits(index, rule):
                self._hit[index] += 1
                effects.append(rule.do)
        return effects

    async def wait_at(self, name: str) -> None:
        """Wait until the barrier is released."""
        barrier = self._barriers.setdefault(name, asyncio.Event())
        self.waiting[name] = self.waiting.get(name, 0) + 1
        try:
            await barrier.wait()
        finally:
            if name in self.waiting:
                self.waiting[name] -= 1

    def release(self, name: str, *, close_again: bool) -> int:
        """Let all who wait at a barrier go, and later ones too unless it closes again; how many waited."""
        waiting = self.waiting.get(name, 0)
        self._barriers.setdefault(name, asyncio.Event()).set()
        if close_again:
            del self._barriers[name]
        return waiting

    def _hits(self, index: int, rule: Rule) -> bool:
        count = self._matched[index]
        numbers = (rule.nth,) if isinstance(rule.nth, int) else rule.nth
        if numbers is not None and count not in numbers:
            return False
        if rule.times is not None and self._hit[index] >= rule.times:
            return False
        if rule.probability >= 1.0:
            return True
        drawn = int.from_bytes(sha256(f"{rule.seed}:{count}".encode()).digest()[:8], "big") / 2**64
        return drawn < rule.probability


def _matches(rule: Rule, call: Call, *, thread: Thread | None, agent_id: str | None) -> bool:
    if rule.operation not in ("*", call.operation):
        return False
    if rule.path is not None and rule.path not in call.path:
        return False
    if rule.thread is not None and (thread is None or thread.id != rule.thread):
        return False
    if rule.run is not None and call.path_params.get("agent_run_id") != rule.run:
        return False
    if rule.agent is not None and agent_id != rule.agent:
        return False
    if rule.role is None and rule.contains is None:
        return True
    prompt = _prompt_of(call, thread)
    if rule.contains is not None and rule.contains not in prompt:
        return False
    role = find_role(prompt) if rule.role is not None else None
    return rule.role is None or (role is not None and role.part == part_of(rule.role))


def _prompt_of(call: Call, thread: Thread | None) -> str:
    # On its way in the prompt is not on the thread yet.
    if call.operation in ("messages.add", "agent.start"):
        given = call.given_fields()
        for name in ("prompt", "content", "initial_prompt"):
            if isinstance(given.get(name), str):
                return str(given[name])
    messages = thread.messages if thread else []
    return next((message.text for message in reversed(messages) if message.kind == "user"), "")
