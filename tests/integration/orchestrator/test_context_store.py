"""The shared context: Redis is really read, by version, and PostgreSQL is what it is made from again."""

import json
from typing import Any

import pytest
import redis
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executions.context.rebuild import rebuild_context
from executions.context.store import apply_to_context, key_of, read_context
from executions.context.stored_form import in_stored_form
from executions.models import ContextChange, ContextSnapshot, Execution
from tests.integration.orchestrator.rows import AT, make_rows

PLANTED = {"k:note": json.dumps("planted in Redis")}


@pytest.fixture
def execution(db: None, clean_redis: "redis.Redis") -> Execution:
    """Give an execution whose context is at version 3, with a snapshot at version 2."""
    execution = make_rows().open_execution
    for version, (key, value) in enumerate(
        [("note", "first"), ("note", "second"), ("list", [1, 2.5])], start=1
    ):
        ContextChange.objects.create(
            execution=execution, version=version, key=key, value=value, author="system", created_at=AT
        )
    ContextSnapshot.objects.create(execution=execution, version=2, values={"note": "second"}, created_at=AT)
    return execution


def test_value_in_redis_is_what_is_read_when_its_version_is_the_executions(execution, clean_redis):
    clean_redis.hset(key_of(execution.pk), mapping={"v": "3", **PLANTED})

    assert read_context(execution.pk, version=3) == {"note": "planted in Redis"}


@pytest.mark.parametrize("version", ["2", "4", "nonsense", None])
def test_context_is_rebuilt_and_put_back_when_redis_holds_another_version(execution, clean_redis, version):
    clean_redis.hset(key_of(execution.pk), mapping={**({"v": version} if version else {}), **PLANTED})

    assert read_context(execution.pk, version=3) == {"list": [1, 2.5], "note": "second"}
    assert clean_redis.hgetall(key_of(execution.pk)) == {
        "v": "3",
        "k:note": '"second"',
        "k:list": "[1, 2.5]",
    }


@pytest.mark.parametrize("spoilt", [b'{"half": ', b"\xff\xfe", b""], ids=["cut off", "no text", "empty"])
def test_context_is_rebuilt_and_put_back_when_a_value_of_the_right_version_is_spoilt(
    execution, clean_redis, spoilt
):
    clean_redis.hset(key_of(execution.pk), mapping={b"v": b"3", b"k:note": spoilt})

    assert read_context(execution.pk, version=3) == {"list": [1, 2.5], "note": "second"}
    assert clean_redis.hget(key_of(execution.pk), "k:note") == '"second"'


def test_rebuild_starts_from_the_newest_snapshot_that_is_not_too_new(execution, django_assert_num_queries):
    # Only the snapshot can hold this: no change ever wrote it.
    ContextSnapshot.objects.create(
        execution=execution, version=1, values={"note": "first", "from": "snapshot 1"}, created_at=AT
    )

    with django_assert_num_queries(2) as queries:
        at_three = rebuild_context(execution.pk, version=3)
    assert at_three == {"list": [1, 2.5], "note": "second"}
    assert '"version" > 2' in queries[1]["sql"]
    assert rebuild_context(execution.pk, version=1) == {"note": "first", "from": "snapshot 1"}
    assert rebuild_context(execution.pk, version=0) == {}


def test_copy_moves_on_with_a_write_that_follows_it_and_is_dropped_by_one_that_does_not(
    execution, clean_redis
):
    read_context(execution.pk, version=3)

    apply_to_context(execution.pk, from_version=3, to_version=4, values={"more": None})
    assert clean_redis.hget(key_of(execution.pk), "v") == "4"
    assert read_context(execution.pk, version=4)["more"] is None

    apply_to_context(execution.pk, from_version=6, to_version=7, values={"more": 1})
    assert not clean_redis.exists(key_of(execution.pk))


def test_copy_does_not_outlive_a_day_without_writes(execution, clean_redis):
    read_context(execution.pk, version=3)

    assert 86_000 < clean_redis.ttl(key_of(execution.pk)) <= 86_400


LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aäü€ ", max_size=5)
)
JSON = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abé", max_size=3), inner),
    max_leaves=8,
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)
@given(value=JSON)
def test_value_reads_the_same_whether_redis_or_postgresql_gave_it(db: None, value: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb::text", [json.dumps(value)])
        from_postgres = json.loads(cursor.fetchone()[0])
    from_redis = json.loads(json.dumps(value))

    assert repr(in_stored_form(from_redis)) == repr(in_stored_form(from_postgres))
