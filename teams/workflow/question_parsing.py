"""Reading what shall happen when an agent asks a question."""

from typing import Literal, cast

from teams.workflow.plan import QuestionPolicy
from teams.workflow.shapes import Node

WORDS = ("human", "fail")
"""The policies that a single word names; the third needs to say more."""

POLICIES = ("human", "fail", "auto_answer")
ON_TIMEOUT = ("fail", "auto_answer")
KEYS = ("policy", "timeout", "on_timeout", "answer", "max_answers")
MAX_ANSWERS = 10

_OF_POLICY = {
    "human": ("timeout", "on_timeout", "answer"),
    "fail": (),
    "auto_answer": ("answer", "max_answers"),
}
_UNSAID = QuestionPolicy()


def read_question_policy(node: Node) -> QuestionPolicy | None:
    """Return the policy, with the language's defaults for what it leaves out."""
    if isinstance(node.value, str):
        word = cast("Literal['human', 'fail'] | None", node.choice(WORDS))
        return QuestionPolicy(policy=word) if word else None
    if not node.is_object(KEYS, "A policy for questions"):
        return None
    named = node.required("policy", "A policy for questions")
    policy = cast("Literal['human', 'fail', 'auto_answer'] | None", named.choice(POLICIES) if named else None)
    timeout, given = node.member("timeout"), node.member("on_timeout")
    answer, most = node.member("answer"), node.member("max_answers")
    timeout_s = timeout.duration() if timeout else None
    on_timeout = cast("Literal['fail', 'auto_answer'] | None", given.choice(ON_TIMEOUT) if given else None)
    text = answer.text() if answer else None
    max_answers = most.integer(1, MAX_ANSWERS) if most else None
    if policy is None:
        return None
    _refuse_what_does_not_belong(node, policy)
    return QuestionPolicy(
        policy=policy,
        timeout_s=timeout_s or _UNSAID.timeout_s,
        on_timeout=on_timeout or _UNSAID.on_timeout,
        answer=text or _UNSAID.answer,
        max_answers=max_answers or _UNSAID.max_answers,
    )


def _refuse_what_does_not_belong(node: Node, policy: str) -> None:
    for key in KEYS[1:]:
        if node.member(key) is not None and key not in _OF_POLICY[policy]:
            node.unexpected(
                key, f'"{key}" says nothing where the policy is "{policy}". Remove it.', policy=policy
            )
    on_timeout = node.member("on_timeout")
    if policy == "human" and (on_timeout is None or on_timeout.value == "fail") and node.member("answer"):
        node.unexpected(
            "answer",
            'Nobody would ever get this answer. Remove it, or add "on_timeout": "auto_answer".',
            policy=policy,
        )
