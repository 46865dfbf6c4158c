"""Events folded into spans, the longest path, and the ticks of an axis."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from executions.timeline import (
    Fact,
    Span,
    StepTime,
    Timeline,
    build_ticks,
    build_timeline,
    find_critical_path,
)

BEGAN = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    return BEGAN + dt.timedelta(seconds=seconds)


def fold(
    *facts: tuple[float, str] | tuple[float, str, int],
    finished: float | None = None,
    ended: float | None = None,
    now: float = 100,
) -> Timeline:
    """Fold facts of one step; a kind of an execution is nobody's."""
    return build_timeline(
        facts=[
            Fact(
                kind=fact[1],
                step_id="" if fact[1].startswith("execution") else "one",
                at=at(fact[0]),
                attempt=fact[2] if len(fact) > 2 else None,
            )
            for fact in facts
        ],
        steps=[StepTime(step_id="one", finished_at=None if finished is None else at(finished))],
        began_at=BEGAN,
        ended_at=None if ended is None else at(ended),
        now=at(now),
    )


def spans(timeline: Timeline) -> list[tuple[str, int, float, float]]:
    return [
        (
            one.phase,
            one.attempt,
            (one.begin - BEGAN).total_seconds(),
            (one.end - BEGAN).total_seconds(),
        )
        for one in timeline.spans["one"]
    ]


BEGUN = ((0, "step_ready"), (2, "step_starting", 1), (3, "step_running", 1))

CASES = {
    "completed": (
        (*BEGUN, (10, "step_completed")),
        10,
        [("waiting", 1, 0, 2), ("starting", 1, 2, 3), ("running", 1, 3, 10)],
    ),
    "retried": (
        (
            *BEGUN,
            (5, "step_retrying", 1),
            (8, "step_starting", 2),
            (9, "step_running", 2),
            (12, "step_completed"),
        ),
        12,
        [
            ("waiting", 1, 0, 2),
            ("starting", 1, 2, 3),
            ("running", 1, 3, 5),
            ("retrying", 1, 5, 8),
            ("starting", 2, 8, 9),
            ("running", 2, 9, 12),
        ],
    ),
    "in doubt and adopted": (
        ((1, "step_starting", 1), (2, "start_in_doubt", 1), (6, "run_adopted", 1), (9, "step_completed")),
        9,
        [("starting", 1, 1, 2), ("unsure", 1, 2, 6), ("running", 1, 6, 9)],
    ),
    "asked": (
        (
            (0, "step_running", 1),
            (4, "question_asked"),
            (20, "question_answered"),
            (21, "step_starting", 1),
            (22, "step_running", 1),
            (30, "step_completed"),
        ),
        30,
        [
            ("running", 1, 0, 4),
            ("asking", 1, 4, 20),
            ("waiting", 1, 20, 21),
            ("starting", 1, 21, 22),
            ("running", 1, 22, 30),
        ],
    ),
    "put back": (
        ((0, "step_starting", 1), (1, "start_put_back", 1), (5, "step_starting", 1), (7, "step_failed", 1)),
        7,
        [("starting", 1, 0, 1), ("waiting", 1, 1, 5), ("starting", 1, 5, 7)],
    ),
    "skipped": (((4, "step_skipped"),), 4, []),
    "reused": ((), 0, []),
    "cancelled before it began": (
        ((0, "step_ready"), (4, "step_cancelled")),
        4,
        [("waiting", 1, 0, 4)],
    ),
    "cancelled at work": (
        ((0, "step_running", 1), (4, "step_cancelled"), (6, "run_stopped")),
        4,
        [("running", 1, 0, 4), ("stopping", 1, 4, 6)],
    ),
    "its row is over without an event that says so": (
        ((0, "step_running", 1),),
        9,
        [("running", 1, 0, 9)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_steps_events_become_spans(name: str) -> None:
    facts, finished, expected = CASES[name]

    assert spans(fold(*facts, finished=finished, ended=40)) == expected


def test_what_goes_on_lasts_until_now_and_says_that_it_is_open() -> None:
    timeline = fold(*BEGUN, now=50)

    last = timeline.spans["one"][-1]
    assert (last.phase, last.end, last.is_open) == ("running", at(50), True)
    assert timeline.end == at(50)


def test_pauses_are_those_of_the_execution_and_the_last_may_be_open() -> None:
    timeline = fold((1, "execution_paused"), (4, "execution_resumed"), (9, "execution_paused"), now=20)

    assert [(one.begin, one.end, one.is_open) for one in timeline.pauses] == [
        (at(1), at(4), False),
        (at(9), at(20), True),
    ]


def test_a_clock_that_is_behind_makes_no_span_that_ends_before_it_begins() -> None:
    timeline = fold((30, "step_running", 1), now=10)

    assert spans(timeline) == [("running", 1, 30, 30)]


def ran(begin: float, end: float) -> tuple[Span, ...]:
    return (Span(phase="running", attempt=1, begin=at(begin), end=at(end)),)


def test_the_longest_path_leads_from_the_last_step_through_those_that_were_last_before_it() -> None:
    depends = {"a": (), "b": (), "skipped": ("b",), "c": ("a", "skipped"), "d": ("a",)}
    times = {"a": ran(0, 5), "b": ran(0, 8), "skipped": (), "c": ran(8, 12), "d": ran(5, 11)}

    assert find_critical_path(depends, times) == ("b", "c")
    assert find_critical_path(depends, {}) == ()


@pytest.mark.parametrize(
    ("span_s", "expected"),
    [
        (4, ["12:00:01", "12:00:02", "12:00:03", "12:00:04"]),
        (61, ["12:00:15", "12:00:30", "12:00:45", "12:01:00"]),
        (3_600, ["12:15:00", "12:30:00", "12:45:00", "13:00:00"]),
    ],
)
def test_ticks_stand_at_round_times(span_s: float, expected: list[str]) -> None:
    ticks = build_ticks(at(0.5), at(0.5 + span_s), zone=dt.UTC)

    assert [f"{tick.at:%H:%M:%S}" for tick in ticks] == expected


def test_ticks_are_round_on_the_readers_clock() -> None:
    # Kathmandu is 5:45 ahead.
    ticks = build_ticks(at(0), at(6 * 3600), zone=ZoneInfo("Asia/Kathmandu"))

    assert [f"{tick.at:%H:%M}" for tick in ticks] == ["18:00", "20:00", "22:00"]


def test_no_time_has_no_ticks_and_years_have_few() -> None:
    assert build_ticks(BEGAN, BEGAN, zone=dt.UTC) == ()
    assert 0 < len(build_ticks(BEGAN, at(86_400 * 3000), zone=dt.UTC)) <= 5
