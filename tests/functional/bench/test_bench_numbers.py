"""What the bench makes of clock readings, by hand-made ones."""

from dataclasses import replace

import pytest

from bench.clocked import clock, percentile, requests_of_step
from bench.figures import NOT_YET, build_figures
from bench.history import check_history
from bench.simulated_suna import Request, Seen
from bench.situations import FULL, BenchError


def request(operation, thread_id, at, *, body_bytes=0):
    return Request(operation=operation, thread_id=thread_id, body_bytes=body_bytes, at=at, over_at=at + 0.5)


def seen_with_hand_off_of(seconds):
    requests = (
        request("threads.create", "first", 10.0),
        request("run.get", "first", 11.0),
        request("run.stream", "first", 11.5),
        request("run.get", "first", 12.0),
        request("threads.create", "second", 12.0 + seconds),
        request("messages.list", "second", 13.5),
    )
    return Seen(
        requests=requests,
        ended_at={"first": 12.0, "second": 13.0},
        starts_of_thread={"first": 1, "second": 1},
    )


def test_clock_counts_a_hand_off_from_the_runs_end_to_the_next_steps_first_request():
    clocked = clock(seen_with_hand_off_of(0.25), [["first", "second"]], cpu_s=0.004)

    assert clocked.hand_offs_ms == (250.0,)
    assert clocked.own_ms == (250.0,)
    assert clocked.steps_per_s == 2 / 4.0
    assert clocked.cpu_s_per_1000_steps == 2.0


def test_clock_counts_the_own_part_from_the_first_poll_after_the_end_when_several_polls_came():
    seen = seen_with_hand_off_of(1.0)
    late = request("run.get", "first", 12.75)
    early = replace(seen, requests=(*seen.requests, late), ended_at={**seen.ended_at, "first": 12.5})

    assert clock(early, [["first", "second"]], cpu_s=None).own_ms == (250.0,)
    assert clock(early, [["first", "second"]], cpu_s=None).hand_offs_ms == (500.0,)


def test_clock_refuses_when_a_thread_was_made_that_nobody_saw():
    with pytest.raises(BenchError, match="1 of 3 threads were made that the simulator never saw"):
        clock(seen_with_hand_off_of(0.25), [["first", "second"], ["third"]], cpu_s=None)


def test_clock_counts_steps_without_a_completed_run_and_runs_beyond_one_for_a_step():
    seen = replace(
        seen_with_hand_off_of(0.25),
        ended_at={"first": 12.0},
        starts_of_thread={"first": 2, "second": 1, "nobody's": 3},
    )

    clocked = clock(seen, [["first", "second"]], cpu_s=None)

    assert (clocked.lost, clocked.double_starts) == (1, 4)
    assert clocked.hand_offs_ms == (250.0,)
    with pytest.raises(BenchError, match="renum in one: 1 lost, 4 started twice"):
        check_history([{("one", "renum"): clocked}])


def test_history_of_runs_that_were_each_started_and_completed_once_is_good():
    clocked = clock(seen_with_hand_off_of(0.25), [["first", "second"]], cpu_s=None)

    check_history([{("one", "renum"): clocked}])

    assert (clocked.lost, clocked.double_starts) == (0, 0)


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(0, 1.0), (50, 2.5), (95, 3.85), (100, 4.0)],
    ids=["least", "p50", "p95", "most"],
)
def test_percentile_lies_between_neighbours_when_no_value_is_at_its_place(percent, expected):
    assert percentile([4.0, 1.0, 3.0, 2.0], percent) == pytest.approx(expected)


def test_percentile_refuses_when_there_are_no_values():
    with pytest.raises(BenchError):
        percentile([], 50)


def test_requests_of_a_step_leave_out_repeated_polls_and_streams():
    found = requests_of_step(seen_with_hand_off_of(0.25), "first")

    assert found == [("threads.create", 0), ("run.get", 0)]


def test_figures_are_the_median_of_the_rounds_ratios_and_null_with_a_reason_where_unread():
    rounds = []
    for ours, raw in ((0.2, 0.1), (0.9, 0.3), (0.8, 0.1)):
        found = {}
        for situation in FULL:
            for runner in ("renum", "plain", "raw"):
                seen = seen_with_hand_off_of(ours if runner == "renum" else raw)
                found[situation.name, runner] = clock(seen, [["first", "second"]], cpu_s=None)
        rounds.append(found)

    figures = build_figures(rounds, api={"g11_p50_ms": 12.0})

    assert figures.values["g1_p50_x_raw"] == pytest.approx(3.0)
    assert figures.values["one_renum_p50_ms"] == pytest.approx(800.0)
    assert figures.values["g5_cpu_x_raw"] is None
    assert set(NOT_YET) < set(figures.reasons)
    assert {name for name, value in figures.values.items() if value is None} == set(figures.reasons)
