"""Anything may happen in any order: then everything heals, all that was accepted ends, and nothing ran twice.

A machine of hypothesis draws what happens. RENUM_SEED repeats a run's draws, though not the races in them, so
that each failure also says what was done. A seed that failed becomes a test of its own.
"""

import os
import signal
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import floats, integers, lists, sampled_from

from executions.models import Execution
from teams.models import User
from tests.faults.machine.world import FAULTS, SETTINGS, SHAPES, World
from tests.faults.seeds import find_seed
from tests.fixtures.figures import Figure
from tests.fixtures.forked import open_nursery

pytestmark = pytest.mark.faults

IS_LONG = bool(os.environ.get("RENUM_LONG_TESTS"))
IN_DOUBT = ("start unanswered", "late, in the grace")
EXAMPLES, STEPS = (40, 30) if IS_LONG else (8, 12)
MAX_EXECUTIONS = 8
ANY = integers(min_value=0, max_value=99)
MOMENT = floats(min_value=0.02, max_value=0.5)


class Faulty(RuleBasedStateMachine):
    """The rules. `make_world` is set by the test.

    What may be drawn hangs on what was drawn before, never on how far drivers came: a rule that finds nothing
    to act on does nothing.
    """

    make_world: Callable[[], World]
    worlds: list[World]

    def __init__(self) -> None:
        super().__init__()
        self.world = type(self).make_world()
        self.worlds.append(self.world)

    @initialize(shapes=lists(sampled_from(SHAPES), min_size=2, max_size=3), seconds=MOMENT)
    def begin(self, shapes: list[str], seconds: float) -> None:
        for shape in shapes:
            self.world.submit(shape)
        self.world.start_driver()
        self.world.let_work(seconds)

    @precondition(lambda self: len(self.world.expected) < MAX_EXECUTIONS)
    @rule(shape=sampled_from(SHAPES))
    def submit(self, shape: str) -> None:
        self.world.submit(shape)

    @precondition(lambda self: self.world.expected)
    @rule()
    def start_driver(self) -> None:
        self.world.start_driver()

    @rule(number=ANY)
    def crash_driver(self, number: int) -> None:
        self.world.signal(number, signal.SIGKILL)

    @rule(number=ANY)
    def halt_driver(self, number: int) -> None:
        self.world.signal(number, signal.SIGSTOP)

    @rule()
    def wake_driver(self) -> None:
        self.world.wake_one()

    @rule(number=ANY, seconds=MOMENT)
    def replace_halted_driver(self, number: int, seconds: float) -> None:
        self.world.signal(number, signal.SIGSTOP)
        self.world.pass_time()
        self.world.start_driver()
        self.world.let_work(seconds)
        for _ in range(len(self.world.halted)):
            self.world.wake_one()

    @precondition(lambda self: len(self.world.expected) < MAX_EXECUTIONS)
    @rule(name=sampled_from(IN_DOUBT), seconds=MOMENT)
    def crash_in_a_start(self, name: str, seconds: float) -> None:
        self.world.break_suna(name)
        self.world.submit("sequential")
        self.world.start_driver()
        self.world.crash_in_start(seconds)
        self.world.start_driver()

    @precondition(lambda self: self.world.expected)
    @rule(number=ANY, verb=sampled_from(["cancel", "pause", "resume", "resume"]))
    def wish(self, number: int, verb: str) -> None:
        self.world.wish(number, verb)

    @rule(name=sampled_from(sorted(FAULTS)))
    def break_suna(self, name: str) -> None:
        self.world.break_suna(name)

    @rule()
    def heal_suna(self) -> None:
        self.world.heal_suna()

    @rule()
    def lose_redis(self) -> None:
        self.world.lose_redis()

    @rule()
    def pass_time(self) -> None:
        self.world.pass_time()

    @precondition(lambda self: self.world.expected)
    @rule()
    def sweep(self) -> None:
        self.world.sweep()

    @rule(seconds=MOMENT)
    def let_work(self, seconds: float) -> None:
        self.world.let_work(seconds)

    @invariant()
    def holds_at_any_moment(self) -> None:
        self.world.keep_violation(self.world.check)

    def teardown(self) -> None:
        self.world.keep_violation(self.world.settle)


def count_violations(worlds: Sequence[World]) -> int:
    return sum(world.violation is not None for world in worlds)


@pytest.mark.timeout(1500)
def test_all_that_was_accepted_ends_as_it_may_whatever_happened_in_whatever_order(
    renum_on, clean_redis, tmp_path, figure: Figure
):
    renum = renum_on("2025-08")
    chosen = find_seed()
    figure("machine_seed", chosen)
    worlds: list[World] = []
    with open_nursery({**renum.env, **SETTINGS}, log=tmp_path / "children.log") as nursery:
        staff = User.objects.create_superuser("stella", email="stella@example.org", password="secret")

        @seed(chosen)
        class Machine(Faulty):
            make_world = staticmethod(lambda: World(renum, nursery, clean_redis, staff))

        Machine.worlds = worlds
        try:
            run_state_machine_as_test(
                Machine,
                settings=settings(
                    max_examples=EXAMPLES,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    # Where races decide, a smaller example proves nothing: no shrinking.
                    phases=(Phase.generate,),
                    suppress_health_check=list(HealthCheck),
                ),
            )
        except BaseException as failure:
            # Races decide: hypothesis tries the example again, and then says no more than that it was flaky.
            world = next((world for world in worlds if world.violation is not None), worlds[-1])
            wrong = world.violation or failure
            figure("machine_violations", count_violations(worlds))
            wrong.add_note(f"RENUM_SEED={chosen}; what was done:")
            wrong.add_note("\n".join(world.history))
            raise wrong from failure

    figure("machine_examples", len(worlds))
    figure("machine_steps", sum(len(world.history) for world in worlds))
    figure("machine_executions", Execution.objects.count())
    figure("machine_violations", count_violations(worlds))
    assert count_violations(worlds) == 0
