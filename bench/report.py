"""What the bench leaves: a table for people, FIGURE lines for whoever reads along, and a JSON file."""

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from bench.figures import READINGS, Figures, middle, ratio
from bench.rounds import Round, Runner, runners_of
from bench.situations import Situation

WIDTH = 140
WHO: dict[Runner, str] = {
    "renum": "Renum, one driver",
    "plain": "plain HTTP, same hints",
    "raw": "plain HTTP, raw",
}


def print_table(console: Console, situations: Sequence[Situation], rounds: Sequence[Round]) -> None:
    """Print one row for each situation and runner; `x`, over raw, is the median of the rounds' ratios."""
    table = Table(title=f"Hand-offs in ms, CPU in ms a step; median of {len(rounds)} rounds", box=box.SIMPLE)
    table.add_column("", no_wrap=True)
    for heading in (
        "p50",
        "p95",
        "own p50",
        "own p95",
        "steps/s",
        "CPU ms",
        "lost",
        "double",
        "p50 x",
        "p95 x",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for situation in situations:
        table.add_section()
        table.add_row(situation.title)
        for runner in runners_of(situation):
            table.add_row(f"  {WHO[runner]}", *_cells(situation, runner, rounds))
    console.print(table)


def print_figures(console: Console, figures: Figures) -> None:
    """Print the lines `FIGURE <name>=<value>`, and the reason of each null."""
    for name, value in figures.values.items():
        console.print(f"FIGURE {name}={_number(value)}", highlight=False, soft_wrap=True)
    for name, reason in figures.reasons.items():
        console.print(f"null {name}: {reason}", highlight=False, soft_wrap=True)


def write_results(
    path: Path,
    *,
    figures: Figures,
    situations: Sequence[Situation],
    rounds: int,
    machine: dict[str, object],
    versions: dict[str, str],
    polls: dict[str, float],
    at: dt.datetime,
) -> None:
    """Write everything as JSON; the file is whole or absent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    text = json.dumps(
        {
            "figures": {
                name: None if value is None else _rounded(value) for name, value in figures.values.items()
            },
            "reasons": figures.reasons,
            "situations": {situation.name: situation.title for situation in situations},
            "polls": polls,
            "machine": machine,
            "versions": versions,
            "date": at.isoformat(timespec="seconds"),
            "rounds": rounds,
        },
        indent=2,
    )
    fresh.write_text(f"{text}\n")
    fresh.replace(path)


def _cells(situation: Situation, runner: Runner, rounds: Sequence[Round]) -> list[str]:
    p50, p95, own_p50, own_p95, steps, cpu, lost, double = (
        middle(rounds, situation.name, runner, read) for read in READINGS.values()
    )
    cells = [
        f"{p50:.1f}",
        f"{p95:.1f}",
        f"{own_p50:.1f}",
        f"{own_p95:.1f}",
        f"{steps:.1f}",
        "-" if cpu is None else f"{cpu:.2f}",
        f"{lost:g}",
        f"{double:g}",
    ]
    if runner != "renum":
        return [*cells, "", ""]
    ratios = (ratio(rounds, situation.name, READINGS[name], over="raw") for name in ("p50_ms", "p95_ms"))
    return [*cells, *("-" if value is None else f"{value:.2f}" for value in ratios)]


def _number(value: float | None) -> str:
    return "null" if value is None else f"{_rounded(value):g}"


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
