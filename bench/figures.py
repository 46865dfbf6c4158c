"""Figures: a number for each name, the median of the rounds; null with a reason where there is none. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.clocked import Clocked
from bench.rounds import Round, Runner

NO_PEERS = "the peers (LangGraph, DBOS) are not part of this bench yet"
NO_SHORT_THOUSAND = "1000 executions in flight with runs of 2 s are not measured yet"
NOT_READ = "the processes of PostgreSQL or of the driver could not be read on this machine"
NOT_YET = {
    "g1_p50_x_dbos": NO_PEERS,
    "g2_p95_x_best_peer": NO_PEERS,
    "g3_p95_x_dbos": NO_PEERS,
    "g4_steps_x_best_peer": NO_PEERS,
    "g5_cpu_x_best_peer": NO_PEERS,
    "g6_steps_x_raw": NO_SHORT_THOUSAND,
    "g6_p95_x_raw": NO_SHORT_THOUSAND,
    "g7_kb_per_execution": "the memory of the driver is not measured yet",
    "g8_fsyncs_h1": "PostgreSQL is shared with other databases, whose fsyncs cannot be told apart",
    "g8_fsyncs_saturated": "PostgreSQL is shared with other databases, whose fsyncs cannot be told apart",
    "g9_lost": "tests/faults kills drivers; this bench does not",
    "g9_double_starts": "tests/faults kills drivers; this bench does not",
    "g9_double_starts_saturated": "tests/faults kills drivers; this bench does not",
    "g9_resume_s": "tests/faults kills drivers; this bench does not",
    "g9_resume_s_dbos": NO_PEERS,
    "g10_p50_x_tick": "the list of active runs is not measured yet: this profile has streams",
    "g10_p95_x_tick": "the list of active runs is not measured yet: this profile has streams",
}

Read = Callable[[Clocked], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The numbers by name, and why a null one is null."""

    values: dict[str, float | None]
    reasons: dict[str, str]


def build_figures(rounds: Sequence[Round], *, api: Mapping[str, float]) -> Figures:
    """Return every figure: the goals' names first, then what they are made of."""
    values = {
        "g1_p50_x_raw": ratio(rounds, "one", _p50, over="raw"),
        "g2_p50_x_raw": ratio(rounds, "hundred", _p50, over="raw"),
        "g2_p95_x_raw": ratio(rounds, "hundred", _p95, over="raw"),
        "g3_p50_x_raw": ratio(rounds, "thousand", _p50, over="raw"),
        "g3_p95_x_raw": ratio(rounds, "thousand", _p95, over="raw"),
        "g4_steps_x_raw": ratio(rounds, "flow", _steps, over="raw"),
        "g5_cpu_x_raw": ratio(rounds, "flow", _cpu, over="raw"),
        "one_own_p50_x_raw": ratio(rounds, "one", _own_p50, over="raw"),
        "hundred_own_p50_x_raw": ratio(rounds, "hundred", _own_p50, over="raw"),
        "one_p50_x_plain": ratio(rounds, "one", _p50, over="plain"),
        "one_p95_x_plain": ratio(rounds, "one", _p95, over="plain"),
        "hundred_p50_x_plain": ratio(rounds, "hundred", _p50, over="plain"),
        "hundred_p95_x_plain": ratio(rounds, "hundred", _p95, over="plain"),
        "hundred_steps_x_plain": ratio(rounds, "hundred", _steps, over="plain"),
    }
    for situation, runner in rounds[0]:
        for name, read in READINGS.items():
            values[f"{situation}_{runner}_{name}"] = middle(rounds, situation, runner, read)
    values |= api
    reasons = {name: NOT_READ for name, value in values.items() if value is None}
    return Figures(values={**values, **dict.fromkeys(NOT_YET)}, reasons={**reasons, **NOT_YET})


def middle(rounds: Sequence[Round], situation: str, runner: Runner, read: Read) -> float | None:
    """Return the median over the rounds that had the situation of one reading; None where one lacks it."""
    return _median([read(found[situation, runner]) for found in rounds if (situation, runner) in found])


def ratio(rounds: Sequence[Round], situation: str, read: Read, *, over: Runner) -> float | None:
    """Return the median over the rounds of Renum's reading over another's of the same round."""
    ratios: list[float | None] = []
    for found in rounds:
        if (situation, "renum") not in found:
            continue
        ours, theirs = read(found[situation, "renum"]), read(found[situation, over])
        ratios.append(ours / theirs if ours is not None and theirs else None)
    return _median(ratios)


def _median(found: Sequence[float | None]) -> float | None:
    known = [value for value in found if value is not None]
    return median(known) if known and len(known) == len(found) else None


def _p50(clocked: Clocked) -> float:
    return clocked.p50_ms


def _p95(clocked: Clocked) -> float:
    return clocked.p95_ms


def _own_p50(clocked: Clocked) -> float:
    return clocked.own_p50_ms


def _own_p95(clocked: Clocked) -> float:
    return clocked.own_p95_ms


def _steps(clocked: Clocked) -> float:
    return clocked.steps_per_s


def _cpu(clocked: Clocked) -> float | None:
    return clocked.cpu_s_per_1000_steps


def _lost(clocked: Clocked) -> float:
    return clocked.lost


def _double_starts(clocked: Clocked) -> float:
    return clocked.double_starts


READINGS: dict[str, Read] = {
    "p50_ms": _p50,
    "p95_ms": _p95,
    "own_p50_ms": _own_p50,
    "own_p95_ms": _own_p95,
    "steps_per_s": _steps,
    "cpu_s_per_1000_steps": _cpu,
    "lost": _lost,
    "double_starts": _double_starts,
}
