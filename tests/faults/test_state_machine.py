"""Anything may happen in any order: then everything heals, all that was accepted ends, and nothing ran twice.

A machine of hypothesis draws what happens. RENUM_SEED repeats a run's draws, though not the races in them, so
that each failure also says what was done. A seed that failed becomes a test of its own.
"""

import os
import signal
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import floats, integers, sampled_from

from executions.models import Execution
from teams.models import User
from tests.faults.machine.world import FAULTS, SETTINGS, SHAPES, World
from tests.faults.seeds import find_seed
from tests.fixtures.figures import Figure
from tests.fixtures.forked import open_nursery

pytestmark = pytest.mark.faults

IS_LONG = bool(os.environ.get("RENUM_LONG_TESTS"))
EXAMPLES, STEPS = (40, 30) if IS_LONG else (4, 14)
MAX_EXECUTIONS = 8
ANY = integers(min_value=0, max_value=99)


class Faulty(RuleBasedStateMachine):
    """The rules. `make_world` is set by the test."""

    make_world: Callable[[], World]
    worlds: list[World]

    def __init__(self) -> None:
        super().__init__()
        self.world = type(self).make_world()
        self.worlds.append(self.world)

    @precondition(lambda self: len(self.world.expected) < MAX_EXECUTIONS)
    @rule(shape=sampled_from(SHAPES))
    def submit(self, shape: str) -> None:
        self.world.submit(shape)

    @precondition(lambda self: self.world.expected)
    @rule()
    def start_driver(self) -> None:
        self.world.start_driver()

    @precondition(lambda self: self.world.drivers)
    @rule(number=ANY)
    def crash_driver(self, number: int) -> None:
        self.world.signal(number, signal.SIGKILL)

    @precondition(lambda self: self.world.drivers)
    @rule(number=ANY)
    def halt_driver(self, number: int) -> None:
        self.world.signal(number, signal.SIGSTOP)

    @precondition(lambda self: self.world.halted)
    @rule(number=ANY)
    def wake_driver(self, number: int) -> None:
        self.world.signal(number, signal.SIGCONT)

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

    @precondition(lambda self: self.world.drivers)
    @rule()
    def pass_time(self) -> None:
        self.world.pass_time()

    @precondition(lambda self: self.world.expected)
    @rule()
    def sweep(self) -> None:
        self.world.sweep()

    @precondition(lambda self: self.world.drivers)
    @rule(seconds=floats(min_value=0.05, max_value=0.6))
    def let_work(self, seconds: float) -> None:
        self.world.let_work(seconds)

    @invariant()
    def holds_at_any_moment(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        self.world.settle()


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
            failure.add_note(f"RENUM_SEED={chosen}; what was done:")
            failure.add_note("\n".join(worlds[-1].history))
            raise

    figure("machine_examples", len(worlds))
    figure("machine_steps", sum(len(world.history) for world in worlds))
    figure("machine_executions", Execution.objects.count())
    figure("machine_violations", 0)
