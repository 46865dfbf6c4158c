"""What the person sees: live tables in a terminal, plain lines anywhere else. Both show the same values."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Protocol, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from renum_site.demo.seen import ExecutionSeen, StepSeen
from renum_site.demo.totals import TotalRow
from renum_site.demo.words import (
    describe_cost,
    describe_seconds,
    describe_status,
    describe_tokens,
    printable,
)

REFRESH_PER_SECOND = 8
STYLES = {"completed": "green", "running": "cyan", "failed": "red", "skipped": "dim", "cancelled": "yellow"}


class Screen(Protocol):
    """Where the demo shows what it does."""

    def say(self, line: str) -> None:
        """Print one line."""
        ...

    def begin(self) -> None:
        """Make room for progress."""
        ...

    def show_progress(self, executions: Sequence[ExecutionSeen]) -> None:
        """Show where these executions stand now."""
        ...

    def end(self) -> None:
        """Keep the progress as it stands and go on below it. Ending twice is harmless."""
        ...

    def show_result(self, execution: ExecutionSeen) -> None:
        """Show each agent's answer, the final answer and the execution's figures."""
        ...

    def show_totals(self, rows: Sequence[TotalRow]) -> None:
        """Show tokens and cost per agent and in all."""
        ...


def open_screen(out: TextIO, *, now: Callable[[], dt.datetime]) -> Screen:
    """Return the screen that fits where `out` leads to."""
    console = Console(file=out, highlight=False)
    return LiveScreen(console, now=now) if console.is_terminal else PlainScreen(out, now=now)


class LiveScreen:
    """Tables that change in place, answers in panels."""

    def __init__(self, console: Console, *, now: Callable[[], dt.datetime]) -> None:
        self._console = console
        self._now = now
        self._live: Live | None = None

    def say(self, line: str) -> None:
        """Print one line."""
        self._console.print(Text(line))

    def begin(self) -> None:
        """Start the live part."""
        self._live = Live(console=self._console, refresh_per_second=REFRESH_PER_SECOND)
        self._live.start()

    def show_progress(self, executions: Sequence[ExecutionSeen]) -> None:
        """Draw one table for each execution."""
        if self._live is not None:
            self._live.update(Group(*(self._table(execution) for execution in executions)))

    def end(self) -> None:
        """Leave the tables as they are."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def show_result(self, execution: ExecutionSeen) -> None:
        """Print the answers in panels."""
        for step in execution.steps:
            if step.result_text:
                self._console.print(
                    Panel(Text(printable(step.result_text)), title=Text(_heading(step)), title_align="left")
                )
        title = Text(f"{execution.title}: the final answer")
        body = Text(printable(execution.answer))
        self._console.print(Panel(body, title=title, title_align="left", border_style="green"))
        self.say(_figures_line(execution))

    def show_totals(self, rows: Sequence[TotalRow]) -> None:
        """Print a table; its last row is the sum of the others."""
        table = Table(title="Tokens and cost", title_justify="left")
        table.add_column("Agent")
        for column in ("Runs", "Tokens in", "Tokens out", "Cost"):
            table.add_column(column, justify="right")
        for row in rows:
            table.add_row(
                Text(printable(row.name)),
                str(row.runs),
                str(row.figures.tokens_input),
                str(row.figures.tokens_output),
                describe_cost(row.figures),
                end_section=row is rows[-2],
            )
        self._console.print(table)

    def _table(self, execution: ExecutionSeen) -> Table:
        table = Table(title=Text(f"{execution.title}: {execution.status}"), title_justify="left", expand=True)
        for column, justify in (("Step", "left"), ("Agent", "left"), ("Status", "left")):
            table.add_column(column, justify=justify)  # type: ignore[arg-type]
        for column in ("Seconds", "Tokens in / out", "Cost"):
            table.add_column(column, justify="right")
        for step in execution.steps:
            figures = step.figures
            table.add_row(
                Text(printable(step.name)),
                Text(printable(step.agent_id)),
                Text(printable(describe_status(step)), style=STYLES.get(step.status, "")),
                describe_seconds(step, now=self._now()),
                f"{figures.tokens_input} / {figures.tokens_output}" if figures.tokens_input else "",
                describe_cost(figures) if figures.tokens_input else "",
            )
        return table


class PlainScreen:
    """One line for each change, for logs and pipes."""

    def __init__(self, out: TextIO, *, now: Callable[[], dt.datetime]) -> None:
        self._out = out
        self._now = now
        self._told: dict[tuple[str, str], str] = {}

    def say(self, line: str) -> None:
        """Print one line."""
        self._out.write(f"{line}\n")
        self._out.flush()

    def begin(self) -> None:
        """Begin anew."""
        self._told.clear()

    def show_progress(self, executions: Sequence[ExecutionSeen]) -> None:
        """Print what changed since the last look."""
        for execution in executions:
            for step in execution.steps:
                self._tell(execution, step.step_id, f"{step.name} ({step.agent_id}): {self._standing(step)}")
            self._tell(execution, "", execution.status)

    def end(self) -> None:
        """Do nothing: lines stay."""

    def show_result(self, execution: ExecutionSeen) -> None:
        """Print the answers under headings."""
        for step in execution.steps:
            if step.result_text:
                self._block(f"{execution.title} | {_heading(step)}", step.result_text)
        self._block(f"{execution.title} | the final answer", execution.answer)
        self.say(_figures_line(execution))

    def show_totals(self, rows: Sequence[TotalRow]) -> None:
        """Print a line for each agent and one for all."""
        self.say("")
        self.say("Tokens and cost")
        for row in rows:
            figures = f"{describe_tokens(row.figures)}, {describe_cost(row.figures)}"
            self.say(f"  {printable(row.name)}: {row.runs} runs, {figures}")

    def _standing(self, step: StepSeen) -> str:
        standing = printable(describe_status(step))
        if step.finished_at is None or step.started_at is None:
            return standing
        seconds = describe_seconds(step, now=self._now())
        figures = f"{describe_tokens(step.figures)}, {describe_cost(step.figures)}"
        return f"{standing} after {seconds} s, {figures}"

    def _tell(self, execution: ExecutionSeen, about: str, line: str) -> None:
        if self._told.get((execution.id, about)) != line:
            self._told[execution.id, about] = line
            self.say(f"{execution.title}: {line}")

    def _block(self, heading: str, text: str) -> None:
        self.say("")
        self.say(f"--- {heading}")
        self.say(printable(text))


def _heading(step: StepSeen) -> str:
    return printable(f"{step.name} ({step.agent_id})")


def _figures_line(execution: ExecutionSeen) -> str:
    figures = execution.figures
    return f"{execution.title}: {describe_tokens(figures)}, {describe_cost(figures)}"
