"""When each step waited, started and worked, as bars on one scale."""

import datetime as dt

from executions.pages.timeline import (
    SCALE,
    Phase,
    StepTimes,
    Timeline,
    Worked,
    build_timeline,
    find_critical_path,
)

BEGAN = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    return BEGAN + dt.timedelta(seconds=seconds)


def worked(
    made: float, started: float | None, finished: float | None, *, attempt: int = 1, is_good: bool = True
) -> Worked:
    return Worked(
        attempt=attempt,
        made_at=at(made),
        started_at=None if started is None else at(started),
        finished_at=None if finished is None else at(finished),
        is_good=is_good,
    )


def step(
    name: str, *runs: Worked, after: tuple[str, ...] = (), over: float | None = None, is_asking: bool = False
) -> StepTimes:
    finished_at = None if over is None else at(over)
    return StepTimes(step_id=name, depends=after, finished_at=finished_at, runs=runs, is_asking=is_asking)


def build(*steps: StepTimes, ended: float | None = None, now: float = 100) -> Timeline:
    timeline = build_timeline(steps, began=BEGAN, ended=None if ended is None else at(ended), now=at(now))
    assert timeline is not None
    return timeline


def phases(timeline: Timeline, number: int = 0) -> list[tuple[Phase, int, int]]:
    return [(bar.phase, bar.left, bar.width) for bar in timeline.rows[number].bars]


def test_nothing_is_drawn_before_it_began():
    assert build_timeline([step("a")], began=None, ended=None, now=BEGAN) is None


def test_a_step_waits_for_its_place_starts_and_works():
    timeline = build(step("a", worked(10, 20, 100), over=100), ended=100)

    assert phases(timeline) == [
        (Phase.WAITING, 0, 100), (Phase.STARTING, 100, 100), (Phase.WORKING, 200, 800),
    ]  # fmt: skip
    assert (timeline.rows[0].waited_s, timeline.rows[0].worked_s) == (10, 80)
    assert timeline.marks == (0, 25, 50, 75, 100)


def test_a_step_that_waits_for_another_has_no_bar_before_that_has_ended():
    timeline = build(
        step("a", worked(0, 0, 40), over=40),
        step("b", worked(50, 50, None), after=("a",)),
        step("c", after=("b",)),
    )

    assert phases(timeline, 1) == [(Phase.WAITING, 400, 100), (Phase.WORKING, 500, 500)]
    assert phases(timeline, 2) == []


def test_a_failed_attempt_its_pause_and_the_next_one_stand_in_a_row():
    timeline = build(
        step("a", worked(0, 0, 20, is_good=False), worked(50, 50, 100, attempt=2), over=100), ended=100
    )

    assert phases(timeline) == [(Phase.FAILED, 0, 200), (Phase.PAUSE, 200, 300), (Phase.WORKING, 500, 500)]
    assert [bar.attempt for bar in timeline.rows[0].bars] == [1, 2, 2]


def test_a_step_that_waits_for_its_next_attempt_shows_the_pause_so_far():
    assert phases(build(step("a", worked(0, 0, 50, is_good=False))))[-1] == (Phase.PAUSE, 500, 500)


def test_a_question_shows_how_long_a_person_was_waited_for():
    answered = build(step("a", worked(0, 0, 20), worked(80, 80, 100), over=100), ended=100)
    open_still = build(step("a", worked(0, 0, 20), is_asking=True))

    assert phases(answered)[1] == (Phase.ASKING, 200, 600)
    assert phases(open_still)[1] == (Phase.ASKING, 200, 800)


def test_a_start_in_doubt_is_starting_until_now():
    assert phases(build(step("a", worked(0, None, None)))) == [(Phase.STARTING, 0, 1000)]


def test_a_skipped_or_cancelled_step_shows_only_how_long_it_waited():
    timeline = build(
        step("a", worked(0, 0, 50), over=50),
        step("skipped", after=("a",), over=50),
        step("cancelled", over=80),
        ended=100,
    )

    assert phases(timeline, 1) == []
    assert phases(timeline, 2) == [(Phase.WAITING, 0, 800)]


def test_what_took_no_time_to_speak_of_can_still_be_seen_and_nothing_leaves_the_scale():
    timeline = build(
        step("a", worked(0, 0, 3600), over=3600),
        step("b", worked(3600, 3600, 3600.1), over=3600.1),
        ended=3600.1,
    )

    bar = timeline.rows[1].bars[-1]
    assert bar.width > 0
    for row in timeline.rows:
        assert all(0 <= bar.left <= bar.left + bar.width <= SCALE for bar in row.bars)


def test_the_critical_path_goes_back_over_whatever_held_each_step_up():
    steps = [
        step("a", worked(0, 0, 10), over=10),
        step("slow", worked(10, 10, 60), after=("a",), over=60),
        step("quick", worked(10, 10, 20), after=("a",), over=20),
        step("last", worked(60, 60, 70), after=("quick", "slow"), over=70),
    ]

    assert find_critical_path(steps) == {"a", "slow", "last"}
    assert find_critical_path([step("a"), step("skipped", over=3)]) == frozenset()


def test_what_goes_on_is_the_end_of_the_critical_path_so_far():
    steps = [step("over", worked(0, 0, 90), over=90), step("on", worked(0, 0, None))]

    assert find_critical_path(steps) == {"on"}
