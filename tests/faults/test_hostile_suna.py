"""A Suna that gives nonsense: the step ends with a clear code or waits with a reason, and others go on."""

from collections.abc import Callable

import pytest

from executions.models import ExecutionStep
from executions.wording.steps import reason_sentence
from tests.fixtures.running import TOKEN, RunningRenum, wait_until
from tests.integration.running.leaks import find_in_database, holds

pytestmark = pytest.mark.faults
ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}], "defaults": {"timeout": "8s"}}
EFFECTS = {
    "malformed": {"kind": "malformed"},
    "HTML": {"kind": "html"},
    "nothing": {"kind": "empty"},
    "other types": {"kind": "wrong_types"},
    "a huge answer": {"kind": "huge", "megabytes": 40},
    "a bomb": {"kind": "gzip_bomb", "megabytes": 200},
    "a redirect": {"kind": "redirect"},
    "half an answer": {"kind": "half_open"},
    "a trickle": {"kind": "trickle", "seconds": 0.5},
    "a broken connection": {"kind": "drop"},
    "no answer": {"kind": "hang"},
    "the key itself": {"kind": "status", "status": 500, "body": f"Bearer {TOKEN}"},
}
ROWS = "messages.list"
RESULTS = {
    "seed": "run.results",
    "2025-07": "run.stream",
    "2025-08": ROWS,
    "2025-10": ROWS,
    "2025-12": ROWS,
    "2026-01": ROWS,
}
IN_CI = ("2025-08",)


@pytest.mark.parametrize(
    "profile", [pytest.param(name, marks=[] if name in IN_CI else [pytest.mark.long]) for name in RESULTS]
)
def test_each_kind_of_nonsense_ends_or_waits_with_a_reason_while_others_go_on(
    renum_on: Callable[..., RunningRenum], profile: str, figure: Callable[[str, float], None]
) -> None:
    renum = renum_on(profile)
    team = renum.make_team(ONE_STEP)
    for name, effect in EFFECTS.items():
        for operation in ("run.get", RESULTS[profile]):
            renum.suna.fail(operation, times=100_000, contains=f"<{name}>", **effect)
    cluster = renum.start_drivers(
        RENUM_CALL_DEADLINE_S="1", RENUM_START_GRACE_S="6", RENUM_STOP_GIVE_UP_S="6"
    )

    started = {name: renum.start(team, f"<{name}>") for name in EFFECTS}
    good = [renum.wait_for(renum.start(team, "an ordinary one")) for _ in range(3)]

    assert [execution.status for execution in good] == ["completed"] * 3

    def is_told(name: str) -> bool:
        step = ExecutionStep.objects.get(execution=started[name])
        return step.code != "" and step.status in (
            "failed",
            "running",
            "ready",
            "retrying",
            "start_uncertain",
        )

    for name in EFFECTS:
        wait_until(lambda name=name: is_told(name), timeout_s=60)
    for name, execution in started.items():
        ended = renum.wait_for(execution, timeout_s=90)
        step = ended.steps.get()
        assert (name, ended.status, step.status) == (name, "failed", "failed")
        assert step.code, name
        assert reason_sentence(step.code, step.reason_params), name
    last = renum.run(ONE_STEP, "one more")
    assert last.status == "completed"
    figure(f"hostile_kinds_{profile}", len(EFFECTS))
    assert find_in_database(TOKEN.encode()) == []
    assert not holds(cluster.log.read_bytes(), TOKEN.encode())
