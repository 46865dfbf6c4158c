"""A Suna that tells of its runs and gives nonsense for what they left: the answer's text, rows or stream."""

from collections.abc import Callable

import pytest

from executions.models import Execution
from executions.wording.steps import reason_sentence
from tests.fixtures.running import TOKEN, RunningRenum
from tests.integration.running.leaks import find_in_database, holds

pytestmark = pytest.mark.faults
ONE_STEP = {"type": "sequential", "agents": [{"agent_id": "agent-1"}], "defaults": {"timeout": "2s"}}
BAD, LARGE = "bad_response", "result_too_large"
EFFECTS = {
    "half JSON": ({"kind": "malformed"}, BAD),
    "HTML": ({"kind": "html"}, BAD),
    "nothing": ({"kind": "empty"}, BAD),
    "other types": ({"kind": "wrong_types"}, BAD),
    "no rows": ({"kind": "raw", "body": {"messages": [7, None]}}, BAD),
    "a huge answer": ({"kind": "huge", "megabytes": 20}, LARGE),
    "a bomb": ({"kind": "gzip_bomb", "megabytes": 50}, LARGE),
    "half an answer": ({"kind": "half_open"}, BAD),
    "a trickle": ({"kind": "trickle", "seconds": 0.5}, BAD),
    "a broken connection": ({"kind": "drop"}, BAD),
    "no answer": ({"kind": "hang"}, BAD),
    "the key itself": ({"kind": "status", "status": 500, "body": f"Bearer {TOKEN}"}, BAD),
}
EVENTS = {"kind": "raw", "content_type": "text/event-stream"}
ENDED = 'data: {"type": "status", "status": "completed"}\n\n'
OF_STREAMS = {
    **EFFECTS,
    # A stream is never packed: what is, is none.
    "a bomb": ({"kind": "gzip_bomb", "megabytes": 50}, BAD),
    "half JSON": ({**EVENTS, "body": 'data: {"type": "assistant", "content": "\n\n' + ENDED}, BAD),
    "HTML": ({**EVENTS, "body": "<!doctype html><title>Bad gateway</title>"}, BAD),
    "other types": ({**EVENTS, "body": "data: 7\n\ndata: [null]\n\n" + ENDED}, BAD),
    "no rows": ({**EVENTS, "body": 'data: {"messages": [7]}\n\n'}, BAD),
    "a trickle": ({"kind": "cut_stream", "events": 1, "how": "close"}, BAD),
    "a page": ({"kind": "html"}, BAD),
}
RESULTS = {
    "seed": "run.results",
    "2025-07": "run.stream",
    "2025-08": "messages.list",
    "2025-10": "messages.list",
    "2025-12": "messages.list",
    "2026-01": "messages.list",
}
IN_CI = ("2025-07", "2025-08")


@pytest.mark.parametrize(
    "profile", [pytest.param(name, marks=[] if name in IN_CI else [pytest.mark.long]) for name in RESULTS]
)
def test_each_kind_of_nonsense_for_a_result_ends_its_step_with_a_code_while_others_go_on(
    renum_on: Callable[..., RunningRenum], profile: str, figure: Callable[[str, float], None]
) -> None:
    effects = OF_STREAMS if RESULTS[profile] == "run.stream" else EFFECTS
    renum = renum_on(profile)
    team = renum.make_team(ONE_STEP)
    for name, (effect, _) in effects.items():
        renum.suna.fail(RESULTS[profile], times=100_000, contains=f"<{name}>", **effect)
    cluster = renum.start_drivers(
        RENUM_CALL_DEADLINE_S="4", RENUM_START_GRACE_S="24", RENUM_RESULT_GIVE_UP_S="5"
    )

    started = {name: renum.start(team, f"<{name}>") for name in effects}
    good = renum.start(team, "an ordinary one")

    assert renum.wait_for(good).status == "completed"
    for name, execution in started.items():
        ended = renum.wait_for(execution)
        step = ended.steps.get()
        assert (name, ended.status, step.status, step.code) == (name, "failed", "failed", effects[name][1])
        assert reason_sentence(step.code, step.reason_params), name
        # Suna did the work, and nobody knows yet what it cost: that is asked for later.
        assert not step.agent_runs.get().usage_complete
    assert renum.suna.starts() == len(effects) + 1
    # The one worker holds nothing any more, and takes the next.
    assert not Execution.objects.filter(driver__isnull=False).exists()
    assert renum.run(ONE_STEP, "one more").status == "completed"
    figure(f"hostile_results_{profile}", len(effects))
    assert find_in_database(TOKEN.encode()) == []
    assert not holds(cluster.log.read_bytes(), TOKEN.encode())
