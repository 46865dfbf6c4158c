"""Every I/O operation of a three-step execution, killed before and after it, refused, and its answer lost.

Points are (kind, name, how many of that name before), see crash_points/operations.py. A trial at a point that
its run did not reach, such as a fourth poll where three were enough, proves nothing and is not counted.

CI tries every HTTP operation and every commit, and a stride through the rest that begins elsewhere each day;
with RENUM_LONG_TESTS every operation is tried in all four ways. RENUM_SEED repeats the stride of a day.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from tests.faults.crash_points.operations import Moment, Point
from tests.faults.crash_points.trial import SETTINGS, THREE_STEPS, Rig, Trial
from tests.faults.history import check_history
from tests.faults.seeds import find_seed
from tests.fixtures.figures import Figure
from tests.fixtures.forked import open_nursery

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

KILLED = (Moment.KILLED_BEFORE, Moment.KILLED_AFTER)
SURVIVED = (Moment.REFUSED, Moment.ANSWER_LOST)
ALWAYS = ("http", "commit")
STRIDE = 20
FLOOR = 0.8
"""Of the points of each kind (http, commit, sql, ...) that are tried, how many must be reached."""
IS_LONG = bool(os.environ.get("RENUM_LONG_TESTS"))


@pytest.fixture
def rig(renum_on, tmp_path) -> Iterator[Rig]:
    renum = renum_on("2025-08")
    with open_nursery({**renum.env, **SETTINGS}, log=tmp_path / "children.log") as nursery:
        yield Rig(renum=renum, nursery=nursery, team=renum.make_team(THREE_STEPS), folder=tmp_path)


def choose(points: Sequence[Point], moments: Sequence[Moment], *, seed: int) -> list[tuple[Point, Moment]]:
    """Return what is tried in this run, in order."""
    rest = [point for point in points if point.kind not in ALWAYS]
    strided = set(rest if IS_LONG else rest[seed % STRIDE :: STRIDE])
    return [
        (point, moment)
        for point in points
        for moment in moments
        # In the quick set, before an operation is as good as after the one before it.
        if point in strided or (point.kind in ALWAYS and (IS_LONG or moment is moments[-1]))
    ]


def conclude(rig: Rig, figure: Figure, *, name: str) -> list[Trial]:
    """Recover what is left, fail with everything that does not hold, and return what was reached.

    The figures, under this name, are noted before anything fails.
    """
    rig.recover()
    violations = rig.judge()
    figure(f"{name}_points", sum(trial.reached for trial in rig.trials))
    figure(f"{name}_violations", len(violations))
    assert [str(trial) for trial in violations] == []
    check_history(rig.renum)
    reached = [trial for trial in rig.trials if trial.reached]
    tried, came = (Counter(trial.point.kind for trial in trials) for trials in (rig.trials, reached))
    for kind, number in sorted(tried.items()):
        figure(f"{name}_points_{kind}", came[kind])
        figure(f"{name}_points_{kind}_tried", number)
    missed = [str(trial.point) for trial in rig.trials if not trial.reached]
    # How often a run is polled and a lease beats differs, hardly anything else; of few one may be of those.
    assert [kind for kind, number in tried.items() if came[kind] < FLOOR * number - 1] == [], missed
    return reached


def test_nothing_is_lost_and_nothing_started_twice_when_the_driver_is_killed_at_any_operation(
    rig: Rig, figure: Figure
):
    points, seed = rig.list_points(), find_seed()
    figure("crash_points_seed", seed)
    figure("operations", len(points))

    for point, moment in choose(points, KILLED, seed=seed):
        rig.try_drive(point, moment)

    conclude(rig, figure, name="crash")


def test_the_same_driver_goes_on_when_the_answer_of_any_operation_is_lost(rig: Rig, figure: Figure):
    points = rig.list_points()
    taken = next(n for n, point in enumerate(points) if "INSERT INTO executions_driver" in point.name)

    for point, moment in choose(points, SURVIVED, seed=find_seed()):
        rig.try_drive(point, moment)

    reached = conclude(rig, figure, name="lost_answer")
    # Whoever has no lease yet holds nothing: that wake-up fails, and the next one drives.
    gone = [str(trial) for trial in reached if not trial.healed_itself and points.index(trial.point) > taken]
    assert gone == []


def test_an_execution_is_accepted_wholly_or_not_at_all_whatever_operation_goes_wrong(
    rig: Rig, figure: Figure
):
    points = rig.list_start_points()
    for number, point in enumerate(points):
        quick = (Moment.KILLED_AFTER,) if number % 2 else (Moment.ANSWER_LOST,)
        for moment in Moment if IS_LONG else quick:
            rig.try_start(point, moment)

    conclude(rig, figure, name="start_crash")
