"""What a connection takes at once, learned from refusals; who may use how much of it."""

import uuid

import pytest

from executions.orchestrator.gate_shares import Demand, find_share
from executions.orchestrator.start_limit import FIRST_WINDOW, LONGEST_WAIT_S, OPEN_WINDOW, Refusal, StartLimit

EVER = float("inf")


def make_limit(*, is_open: bool = True) -> StartLimit:
    limit = StartLimit(growth_s=10, jitter=lambda low, high: high)
    for _ in range(OPEN_WINDOW if is_open else 0):
        limit.started()
    return limit


def refusal(
    *, limit: int | None = None, retry_after_s: float | None = None, granted_at: float = 0.0
) -> Refusal:
    return Refusal(limit=limit, retry_after_s=retry_after_s, granted_at=granted_at)


def free(limit: StartLimit, now: float, *, own: int = 0, others: int = 0, unanswered: int = 0) -> float:
    return limit.free(own=own, others=others, share=None, unanswered=unanswered, now=now)


def test_nothing_is_limited_when_many_starts_were_taken_and_none_refused():
    assert free(make_limit(), 0, own=1000) == EVER


def test_where_nothing_is_known_few_starts_are_unanswered_at_once_and_one_more_after_each_that_is_taken():
    limit = make_limit(is_open=False)
    seen = []
    for _ in range(5):
        seen.append(free(limit, 0, own=1000))
        limit.started()

    assert seen == [FIRST_WINDOW + number for number in range(5)]
    assert free(limit, 0, unanswered=FIRST_WINDOW + 5) == 0


def test_a_limit_that_is_known_from_elsewhere_needs_no_feeling_its_way():
    limit = make_limit(is_open=False)

    limit.learn(9, told=False)

    assert free(limit, 0) == 9


@pytest.mark.parametrize(
    ("told", "in_flight", "cap"), [(3, 9, 3), (0, 9, 1), (None, 9, 4), (None, 1, 1), (None, 0, 1)]
)
def test_the_cap_is_what_suna_told_or_half_of_what_was_in_flight_and_at_least_one(told, in_flight, cap):
    limit = make_limit()

    limit.refused(refusal(limit=told), in_flight=in_flight, now=1)

    assert limit.cap == cap
    assert free(limit, 100, own=cap) == 0
    assert free(limit, 100, own=cap - 1) == 1


def test_refusals_of_starts_that_left_together_are_one_lesson():
    limit = make_limit()
    for _ in range(8):
        limit.refused(refusal(granted_at=1), in_flight=8, now=2)
    assert limit.cap == 4
    assert limit.until == pytest.approx(2 + 0.75)

    limit.refused(refusal(granted_at=3), in_flight=4, now=4)

    assert limit.cap == 2
    assert limit.until == pytest.approx(4 + 1.5)


@pytest.mark.parametrize(("asked_s", "waits_s"), [(7, 14), (0, 0), (100_000, LONGEST_WAIT_S)])
def test_no_start_goes_before_suna_wants_one(asked_s, waits_s):
    limit = make_limit()

    limit.refused(refusal(limit=2, retry_after_s=asked_s), in_flight=2, now=10)

    assert free(limit, 10 + waits_s - 0.01) == 0
    assert free(limit, 10 + waits_s) == 1


def test_after_a_refusal_only_one_start_is_unanswered_at_once_and_one_more_after_each_that_is_taken():
    limit = make_limit()
    limit.refused(refusal(limit=3), in_flight=8, now=1)
    seen = []
    for _ in range(4):
        seen.append((free(limit, 50), free(limit, 50, unanswered=1)))
        limit.started()

    # When as many were taken as the cap allows, the cap alone counts.
    assert seen == [(1, 0), (2, 1), (3, 2), (3, 3)]


def test_the_cap_grows_by_one_each_interval_while_starts_wait_for_it():
    limit = make_limit()
    limit.refused(refusal(), in_flight=4, now=0)
    grown = [at for at in range(5, 60) if limit.grow(is_wanted=True, in_flight=limit.cap or 0, now=float(at))]

    assert grown == [15, 25, 35, 45, 55]
    assert limit.cap == 7


def test_the_cap_does_not_grow_while_nobody_waits_or_there_is_room():
    limit = make_limit()
    limit.refused(refusal(limit=2), in_flight=2, now=0)

    assert not any(limit.grow(is_wanted=at % 9 != 0, in_flight=2, now=float(at)) for at in range(5, 400))
    assert not any(limit.grow(is_wanted=True, in_flight=1, now=float(at)) for at in range(400, 800))
    # What Suna itself told is tried to be exceeded more seldom.
    assert [at for at in range(800, 900) if limit.grow(is_wanted=True, in_flight=2, now=float(at))] == [860]


DRIVERS = sorted(uuid.uuid4() for _ in range(3))


def shares(cap: int, *totals: int, turn: int = 0) -> list[int]:
    demands = {
        driver: Demand(in_flight=0, waiting=total) for driver, total in zip(DRIVERS, totals, strict=False)
    }
    return [find_share(demands, cap=cap, driver_id=driver, turn=turn) for driver in DRIVERS[: len(totals)]]


@pytest.mark.parametrize(
    ("cap", "totals", "expected"),
    [
        (6, (100, 100, 100), [2, 2, 2]),
        (6, (1, 100, 100), [1, 3, 2]),
        (6, (1, 1, 100), [1, 1, 4]),
        (6, (100,), [6]),
        (100, (3, 4, 5), [3, 4, 5]),
        (1_000_000, (3, 4, 5), [3, 4, 5]),
    ],
)
def test_drivers_share_a_limit_and_lend_what_they_do_not_need(cap, totals, expected):
    assert shares(cap, *totals) == expected


def test_a_place_that_cannot_be_divided_goes_round():
    turns = [shares(1, 9, 9, 9, turn=turn) for turn in range(6)]

    assert turns == [[1, 0, 0], [0, 1, 0], [0, 0, 1]] * 2


def test_a_driver_that_has_nothing_may_take_what_the_others_leave():
    assert find_share({}, cap=4, driver_id=DRIVERS[0], turn=0) == 4
