"""Where values stand in a text: for any JSON, cutting at the places gives the values back."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from teams.workflow.json_places import find_places, line_and_column, place_of
from teams.workflow.plan import Json
from teams.workflow.problems import pointer_text

LEAVES = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


def leaves_of(value: Json, at: tuple[str | int, ...] = ()) -> dict[str, Json]:
    if isinstance(value, dict):
        return {k: v for key, one in value.items() for k, v in leaves_of(one, (*at, key)).items()}
    if isinstance(value, list):
        return {k: v for place, one in enumerate(value) for k, v in leaves_of(one, (*at, place)).items()}
    return {pointer_text(at): value}


# On a busy machine the first values take long to make.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(value=VALUES, indent=st.sampled_from([None, 2]), is_ascii=st.booleans())
def test_every_value_stands_where_it_is_said_to_stand(
    value: Json, indent: int | None, is_ascii: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)

    places = find_places(text)

    for pointer, leaf in leaves_of(value).items():
        start, end = places[pointer]
        assert json.loads(text[start:end]) == leaf


def test_a_missing_member_is_shown_where_it_is_missing() -> None:
    text = '{\n  "agents": [\n    {"id": "a"},\n    {"agent_id": "b"}\n  ]\n}'
    places = find_places(text)

    assert line_and_column(text, place_of("/agents/0/agent_id", places)[0]) == (3, 5)
    assert line_and_column(text, place_of("/agents/1/agent_id", places)[0]) == (4, 18)
    assert place_of("/type", places)[0] == 0
