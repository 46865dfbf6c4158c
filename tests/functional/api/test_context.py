"""The shared context through the API: whole, one key, at every version, and its changes."""

import copy
import uuid
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executions.context import history
from executions.context.rebuild import rebuild_context
from executions.context.stored_form import in_stored_form
from executions.models import ContextSnapshot, Execution
from executions.orchestrator.changes import Changes, ContextWrite, Event, Snapshot
from executions.orchestrator.commit import commit_batch
from tests.fixtures.site_rows import start
from tests.functional.api.conftest import assert_problem, token_for

EXECUTIONS = "/api/v1/executions"


def write(execution: Execution, *writes: tuple[str, Any], author: str = "step:research") -> None:
    """Write keys as the orchestrator does, in one transition."""
    context = [ContextWrite(key=key, value=value, author=author) for key, value in writes]
    commit_batch([Changes(execution_id=execution.pk, events=[Event(kind="note")], context=context)])


def test_the_context_is_shown_as_it_is_and_as_it_was(api, execution) -> None:
    write(execution, ("topic", "bikes"), ("found", {"n": 1.5, "all": [None, True]}))
    write(execution, ("topic", "trains"))
    path = f"{EXECUTIONS}/{execution.pk}/context"

    found = {"all": [None, True], "n": 1.5}
    assert api.get(path).json() == {
        "version": 3,
        "newest_version": 3,
        "values": {"found": found, "topic": "trains"},
        "left_out": [],
    }
    assert api.get(f"{path}?version=2").json()["values"] == {"found": found, "topic": "bikes"}
    assert api.get(f"{path}?version=1").json()["values"] == {"topic": "bikes"}
    assert api.get(f"{path}?version=0").json()["values"] == {}
    refused = assert_problem(api.get(f"{path}?version=4"), 400, "invalid_parameter")
    assert refused["detail"] == "The context has reached version 3, not more."


def test_a_key_says_who_set_it_when_and_at_which_version(api, execution) -> None:
    write(execution, ("a topic?", "bikes"), author="system")
    write(execution, ("a topic?", None), ("other", 1))
    path = f"{EXECUTIONS}/{execution.pk}/context/values"

    shown = api.get(f"{path}/a topic%3F").json()
    then = api.get(f"{path}/a topic%3F?version=1").json()

    assert (shown["value"], shown["version"], shown["author"]) == (None, 2, "step:research")
    assert (then["value"], then["version"], then["author"]) == ("bikes", 1, "system")
    assert then["created_at"].endswith("Z")
    for key in ("topic", "A topic%3F", "history", "k" * 300, "%00"):
        assert_problem(api.get(f"{path}/{key}"), 404, "not_found")
    assert_problem(api.get(f"{path}/other?version=1"), 404, "not_found")


def test_a_key_may_have_a_slash(owner, execution) -> None:
    write(execution, ("notes/first", 1), ("history", 2))
    client = Client(headers={"authorization": f"Bearer {token_for(owner)}"})
    path = f"{EXECUTIONS}/{execution.pk}/context/values"

    shown = [client.get(f"{path}/{key}").json()["value"] for key in ("notes/first", "history")]

    assert shown == [1, 2]


def test_the_changes_are_told_in_pages_each_with_what_it_followed(api, execution) -> None:
    write(execution, ("topic", "bikes"), ("empty", None), ("topic", "trains"), ("topic", "bikes"))
    path = f"{EXECUTIONS}/{execution.pk}/context/history"

    first = api.get(f"{path}?limit=3").json()
    rest = api.get(f"{path}?after={first['last_version']}").json()
    over = api.get(f"{path}?after={rest['last_version']}").json()

    bikes, empty, trains, again = first["results"] + rest["results"]
    assert (first["last_version"], rest["last_version"], rest["newest_version"]) == (3, 4, 4)
    assert over == {"last_version": 4, "newest_version": 4, "results": []}
    assert [one["version"] for one in (bikes, empty, trains, again)] == [1, 2, 3, 4]
    assert [one["previous_version"] for one in (bikes, empty, trains, again)] == [None, None, 1, 3]
    assert [one["previous_digest"] for one in (bikes, empty, trains, again)] == [
        None,
        None,
        bikes["digest"],
        trains["digest"],
    ]
    assert again["digest"] == bikes["digest"] != trains["digest"]
    assert (bikes["size_bytes"], empty["size_bytes"], bikes["author"]) == (7, 4, "step:research")
    assert "value" not in bikes


def test_values_that_are_too_large_together_are_left_out_and_told_one_by_one(
    api, execution, monkeypatch
) -> None:
    monkeypatch.setattr(history, "MAX_TOGETHER_BYTES", 20)
    write(execution, ("long", "x" * 30), ("short", "ab"), ("other", "abcdefghi"), ("third", "abcdefghij"))
    path = f"{EXECUTIONS}/{execution.pk}/context"

    body = api.get(path).json()

    assert (body["values"], body["left_out"]) == ({"short": "ab", "other": "abcdefghi"}, ["long", "third"])
    assert api.get(f"{path}/values/long").json()["value"] == "x" * 30


def test_the_context_is_told_while_redis_holds_nothing_or_something_else(api, execution, clean_redis) -> None:
    write(execution, ("topic", "bikes"))
    path = f"{EXECUTIONS}/{execution.pk}/context"
    clean_redis.flushdb()
    clean_redis.hset(f"renum:context:{execution.pk}", mapping={"v": "1", "k:topic": '"planted"'})

    assert api.get(path).json()["values"] == {"topic": "bikes"}


LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    LEAF | st.text("aé€=\n\u2028", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text("abé", max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
)
TRANSITION = st.tuples(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "agent_x_result", "Ü 1?"]), VALUES), min_size=1, max_size=3
    ),
    st.sampled_from(["snapshot", "stale snapshot", "none"]),
)
BATCHES = st.lists(st.lists(TRANSITION, min_size=1, max_size=3), min_size=1, max_size=4)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(batches=BATCHES)
def test_every_version_is_told_as_it_was_seen_however_it_was_written(
    batches: Any, api: Any, team: Any
) -> None:
    execution = start(team)
    seen: list[dict[str, Any]] = [{}]
    authors: list[str] = []
    for batch in batches:
        changes = []
        for writes, kept in batch:
            base = len(seen) - 1
            author = f"step:{uuid.uuid4()}"
            for key, value in writes:
                seen.append({**copy.deepcopy(seen[-1]), key: value})
                authors.append(author)
            stale = {"base_version": base - 1, "values": {"from": "an older version"}}
            snapshots = {"snapshot": {"base_version": base, "values": seen[-1]}, "stale snapshot": stale}
            changes.append(
                Changes(
                    execution_id=execution.pk,
                    events=[Event(kind="note")],
                    context=[ContextWrite(key=key, value=value, author=author) for key, value in writes],
                    snapshot=Snapshot(**snapshots[kept]) if kept in snapshots else None,
                )
            )
        commit_batch(changes)
    path = f"{EXECUTIONS}/{execution.pk}/context"

    newest = len(seen) - 1
    for version, values in enumerate(seen):
        expected = in_stored_form(values)
        assert history.context_at(execution.pk, version=version).values == expected
        assert in_stored_form(rebuild_context(execution.pk, version=version)) == expected
    for key, value in in_stored_form(seen[newest // 2]).items():
        assert api.get(f"{path}/values/{quote(key)}?version={newest // 2}").json()["value"] == value
    assert api.get(path).json()["values"] == in_stored_form(seen[newest])
    changes = api.get(f"{path}/history?limit=100").json()
    assert [one["author"] for one in changes["results"]] == authors
    assert changes["newest_version"] == newest
    digests = {one["version"]: one["digest"] for one in changes["results"]}
    for one in changes["results"]:
        if one["previous_version"] is not None:
            assert one["previous_digest"] == digests[one["previous_version"]]
            before = in_stored_form(seen[one["previous_version"]][one["key"]])
            if one["previous_digest"] == one["digest"]:
                assert before == in_stored_form(seen[one["version"]][one["key"]])
    assert ContextSnapshot.objects.filter(execution=execution).count() == sum(
        kept == "snapshot" for batch in batches for _, kept in batch
    )


@pytest.mark.parametrize("where", ["context", "context/history", "context/values/topic"])
def test_a_strangers_context_is_not_there(where, outsider, as_person, execution) -> None:
    write(execution, ("topic", "bikes"))

    assert_problem(as_person(outsider).get(f"{EXECUTIONS}/{execution.pk}/{where}"), 404, "not_found")
