"""Every I/O operation of a three-step execution, killed before and after it, refused, and its answer lost.

Points are (kind, name, how many of that name before), see crash_points/operations.py. A trial at a point that
its run did not reach, such as a ninth poll, proves nothing and is not counted.
"""

import datetime as dt
import os
import random
from collections.abc import Iterator, Sequence

import pytest

from tests.faults.crash_points.operations import Moment, Point
from tests.faults.crash_points.trial import SETTINGS, THREE_STEPS, Rig, Trial
from tests.faults.history import check_history
from tests.fixtures.figures import Figure
from tests.fixtures.forked import open_nursery

pytestmark = pytest.mark.faults

KILLED = (Moment.KILLED_BEFORE, Moment.KILLED_AFTER)
SURVIVED = (Moment.REFUSED, Moment.ANSWER_LOST)
STRIDE = 12


@pytest.fixture
def rig(renum_on, tmp_path) -> Iterator[Rig]:
    renum = renum_on("2025-08")
    with open_nursery({**renum.env, **SETTINGS}, log=tmp_path / "children.log") as nursery:
        yield Rig(renum=renum, nursery=nursery, team=renum.make_team(THREE_STEPS), folder=tmp_path)


def find_seed() -> int:
    """Return the seed of this run: today's date, or what RENUM_SEED says."""
    seed = int(os.environ.get("RENUM_SEED") or dt.datetime.now(tz=dt.UTC).strftime("%Y%m%d"))
    print(f"RENUM_SEED={seed}")
    return seed


def conclude(rig: Rig) -> list[Trial]:
    """Recover what is left, fail with everything that does not hold, and return what was reached."""
    rig.recover()
    wrong = rig.judge()
    assert [str(trial) for trial in wrong] == []
    check_history(rig.renum)
    missed = [trial for trial in rig.trials if not trial.reached]
    print(f"{len(rig.trials)} trials, {len(missed)} points not reached")
    return [trial for trial in rig.trials if trial.reached]


def test_every_point_of_an_execution_is_survived(rig: Rig, figure: Figure):
    points = rig.list_points()
    print(len(points), "operations")
    for point in points:
        for moment in KILLED:
            rig.try_drive(point, moment)
    done = conclude(rig)
    figure("crash_points", len(done))


def test_every_lost(rig: Rig, figure: Figure):
    points = rig.list_points()
    for point in points:
        for moment in SURVIVED:
            rig.try_drive(point, moment)
    done = conclude(rig)
    for t in done:
        if not t.healed_itself: print("NOT HEALED", t)
    figure("lost_answer_points", len(done))


def test_start(rig: Rig, figure: Figure):
    points = rig.list_start_points()
    for p in points: print(p)
    for point in points:
        for moment in Moment:
            rig.try_start(point, moment)
    done = conclude(rig)
    figure("start_points", len(done))
