"""Hypothesis strategies for definitions: valid ones, and valid ones with something broken in them."""

import copy
from typing import Any

from hypothesis import strategies as st

Json = Any

DURATIONS = st.sampled_from([1, 90, 86400, 2.5, "1s", "90s", "0020m", "1440m", "24h", "86400s", "86399s"])
SERVICES = st.lists(st.sampled_from(["openai", "tavily", "a-b", "x" * 40]), max_size=3)
RETRIES = st.fixed_dictionaries(
    {},
    optional={
        "max_attempts": st.integers(1, 10),
        "backoff_coefficient": st.sampled_from([1, 2, 1.5, 100]),
        "initial_interval": st.sampled_from([1, "5s"]),
        "max_interval": st.sampled_from(["5m", 600]),
        "on": st.lists(st.sampled_from(["timeout", "denied", "crashed"]), max_size=3),
    },
)
QUESTIONS: st.SearchStrategy[Json] = st.sampled_from(
    [
        "human",
        "fail",
        {"policy": "fail", "x-why": 1},
        {"policy": "human", "timeout": "2h"},
        {"policy": "human", "on_timeout": "fail"},
        {"policy": "human", "timeout": 5, "on_timeout": "auto_answer", "answer": "Go on."},
        {"policy": "auto_answer"},
        {"policy": "auto_answer", "answer": "Choose.", "max_answers": 10},
    ]
)
SETTINGS: dict[str, st.SearchStrategy[Json]] = {
    "timeout": DURATIONS,
    "retry": RETRIES,
    "on_error": st.sampled_from(["fail", "continue"]),
    "services": SERVICES,
    "on_question": QUESTIONS,
}
PLAIN: dict[str, st.SearchStrategy[Json]] = {
    "role": st.sampled_from(["writer", "", "revisão"]),
    "instructions": st.sampled_from(["Be brief.", ""]),
    "model_name": st.just("some/model"),
    "output": st.sampled_from([{"schema": {"type": "object"}}, {"schema": True}]),
    "x-note": st.none() | st.integers(-5, 5),
    **SETTINGS,
}


def comparisons(fields: list[str]) -> st.SearchStrategy[Json]:
    field = st.sampled_from(fields)

    def made(operators: list[str], **keys: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
        return st.fixed_dictionaries({"field": field, "operator": st.sampled_from(operators), **keys})

    scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["x", "É", ""])
    return st.one_of(
        made(["equals", "not_equals", "contains", "not_contains"], value=scalars, ignore_case=st.booleans()),
        made(["in", "not_in"], value=st.lists(scalars, max_size=3)),
        made(["starts_with", "ends_with"], value=st.sampled_from(["", "x"])),
        made(["matches"], value=st.sampled_from(["^a+$", "", "(?i)x"])),
        made(["gt", "gte", "lt", "lte"], value=st.integers(-5, 5) | st.sampled_from(["2026-01-01", 0.5])),
        made(["between"], value=st.sampled_from([[1, 2], ["2026-01-01", "2026-01-02T10:00:00Z"]])),
        made(["exists", "not_exists", "is_empty", "is_true"]),
    )


def conditions(fields: list[str]) -> st.SearchStrategy[Json]:
    item = st.recursive(
        comparisons(fields),
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3).map(lambda items: {"any": items})
            | st.lists(inner, min_size=1, max_size=2).map(lambda items: {"all": items})
            | inner.map(lambda one: {"not": one})
        ),
        max_leaves=4,
    )
    return st.lists(item, max_size=3)


def sources(earlier: list[str], *, key: str) -> st.SearchStrategy[Json]:
    forms: list[st.SearchStrategy[Json]] = [
        st.just({key: "initial_prompt"}),
        st.just({key: "context", "key": "tone"}),
    ]
    if earlier:
        name = st.sampled_from(earlier)
        forms.append(name.map(lambda step: {key: "agent_result", "agent_id": step}))
        forms.append(name.map(lambda step: {key: "agent_result", "step": step}))
    return st.one_of(forms)


def inputs(earlier: list[str]) -> st.SearchStrategy[Json]:
    items = st.lists(sources(earlier, key="type") | sources(earlier, key="source"), min_size=1, max_size=3)
    return sources(earlier, key="source") | items.map(lambda these: {"source": "combined", "sources": these})


@st.composite
def valid_definitions(draw: st.DrawFn) -> Json:
    """A definition without problems: every step names earlier steps only."""
    kind = draw(st.sampled_from(["sequential", "parallel", "conditional", "pipeline", "graph"]))
    ids = [f"s.{n}" if n % 3 == 2 else f"s{n}" for n in range(draw(st.integers(1, 5)))]
    steps: list[Json] = []
    grouped = False
    for position, step_id in enumerate(ids):
        earlier = [] if kind == "parallel" else ids[:position]
        fields = ["initial_prompt", "context.k", *(f"steps.{other}.data.k.0" for other in earlier)]
        step = {"agent_id": step_id, **draw(st.fixed_dictionaries({}, optional=PLAIN))}
        if draw(st.booleans()):
            step["input"] = draw(inputs(earlier))
        if kind != "parallel" and draw(st.booleans()):
            listed = draw(conditions(fields))
            step["conditions"] = "else" if grouped and draw(st.booleans()) else listed
            grouped = step["conditions"] != "else" and (grouped or bool(listed))
        if kind in ("conditional", "graph"):
            step |= draw(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "depends_on": st.lists(st.sampled_from(earlier), max_size=3)
                        if earlier
                        else st.just([]),
                        "join": st.sampled_from(["all_success", "none_failed", "all_done", "any_success"]),
                    },
                )
            )
        steps.append(step)
    document = {"type": kind, "agents": steps}
    return document | draw(
        st.fixed_dictionaries(
            {},
            optional={
                "defaults": st.fixed_dictionaries({}, optional=SETTINGS),
                "limits": st.fixed_dictionaries(
                    {}, optional={"max_parallel": st.integers(1, 50), "deadline": DURATIONS}
                ),
                "output": st.dictionaries(
                    st.sampled_from(["a", "b-1", "c_d"]),
                    st.sampled_from([f"steps.{step_id}.text" for step_id in ids]),
                    min_size=1,
                ),
                "version": st.just(1),
                "$schema": st.just("workflow.json"),
                "x-note": st.just({"any": ["thing"]}),
            },
        )
    )


ODD_VALUES: list[Json] = [
    None,
    True,
    0,
    1.0,
    -1,
    51,
    2.5,
    "",
    "else",
    "s0",
    "0s",
    "25h",
    "1441m",
    "86401s",
    "9" * 13 + "s",
    "90s\n",
    "no such thing",
    "steps.s0.data",
    "agent_s0_result",
    "a b",
    [],
    {},
    [1],
    ["s0"],
    {"source": "agent_result", "agent_id": "s0"},
    {"field": "steps.s0.text", "operator": "exists"},
    {"any": []},
    "auto_answer",
    {"policy": "human", "answer": "Lost."},
    {"policy": "human", "on_timeout": "fail", "answer": "Lost."},
]
ODD_KEYS = [
    "id",
    "type",
    "agents",
    "retries",
    "x-",
    "x-ok",
    "input",
    "value",
    "step",
    "agent_id",
    "key",
    "sources",
    "conditions",
    "depends_on",
    "join",
    "ignore_case",
    "any",
    "not",
    "operator",
    "max_attempts",
    "on_question",
    "policy",
    "on_timeout",
    "answer",
    "max_answers",
]


def places(document: Json) -> list[tuple[Json, str | int]]:
    """Return every (container, key) of a document."""
    found: list[tuple[Json, str | int]] = []
    waiting = [document]
    while waiting:
        node = waiting.pop()
        pairs = list(node.items()) if isinstance(node, dict) else list(enumerate(node))
        for key, value in pairs:
            found.append((node, key))
            if isinstance(value, (dict, list)):
                waiting.append(value)
    return found


@st.composite
def broken_definitions(draw: st.DrawFn) -> Json:
    """A valid definition with one to three places replaced, removed, doubled or added to."""
    document = copy.deepcopy(draw(valid_definitions()))
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from(places(document)))
        change = draw(st.sampled_from(["replace", "remove", "add"]))
        odd = copy.deepcopy(draw(st.sampled_from(ODD_VALUES)))
        if change == "replace":
            holder[key] = odd
        elif change == "remove":
            del holder[key]
        elif isinstance(holder, dict):
            holder[draw(st.sampled_from(ODD_KEYS))] = odd
        else:
            holder.append(odd)
        if not document:
            break
    return document
