"""Live readers are shared among the executions that are watched, and are not moved without need."""

import uuid

from hypothesis import given, settings
from hypothesis import strategies as st

from executions.orchestrator.live_shares import share_readers

BIG, SMALL, OTHER = (uuid.UUID(int=n) for n in (1, 2, 3))


def runs(execution: uuid.UUID, count: int) -> dict[uuid.UUID, uuid.UUID]:
    return {uuid.UUID(int=execution.int * 1000 + n): execution for n in range(count)}


def counts(chosen: set[uuid.UUID], watched: dict[uuid.UUID, uuid.UUID]) -> dict[uuid.UUID, int]:
    of = [watched[run] for run in chosen]
    return {execution: of.count(execution) for execution in set(watched.values())}


def test_one_execution_with_many_runs_leaves_its_share_to_one_that_comes_later() -> None:
    watched = runs(BIG, 50)
    first = share_readers(watched, open_now=(), most=50)
    assert counts(first, watched) == {BIG: 50}

    watched |= runs(SMALL, 3) | runs(OTHER, 40)
    second = share_readers(watched, open_now=first, most=50)

    assert counts(second, watched) == {BIG: 24, SMALL: 3, OTHER: 23}
    assert share_readers(watched, open_now=second, most=50) == second


def test_what_is_read_already_is_not_closed_for_another_execution_s_equal_turn() -> None:
    watched = runs(OTHER, 1) | runs(SMALL, 1) | runs(BIG, 1)
    open_now = set(runs(BIG, 1)) | set(runs(SMALL, 1))

    assert share_readers(watched, open_now=open_now, most=2) == open_now
    assert share_readers(watched, open_now=open_now, most=0) == set()


@settings(deadline=None)
@given(
    st.dictionaries(st.uuids(), st.sampled_from([BIG, SMALL, OTHER]), max_size=30),
    st.integers(0, 12),
    st.data(),
)
def test_nobody_has_two_more_than_somebody_who_wants_one_and_nothing_moves_twice(watched, most, data) -> None:
    open_now = data.draw(st.sets(st.sampled_from(sorted(watched)))) if watched else set()
    chosen = share_readers(watched, open_now=open_now, most=most)

    assert len(chosen) == min(most, len(watched))
    has = counts(chosen, watched)
    wants = [execution for run, execution in watched.items() if run not in chosen]
    assert all(has[other] <= has[execution] + 1 for execution in wants for other in has)
    assert share_readers(watched, open_now=chosen, most=most) == chosen
