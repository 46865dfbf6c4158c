"""What the terminal shows: live tables, or plain lines where there is none; never a control character."""

import datetime as dt
import io
from decimal import Decimal

from rich.console import Console

from renum_site.demo.screen import LiveScreen, PlainScreen, open_screen
from renum_site.demo.seen import ExecutionSeen, Figures, StepSeen
from renum_site.demo.words import describe_cost, describe_reason

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def execution(status: str = "running", text: str = "") -> ExecutionSeen:
    step = StepSeen(
        step_id="agent-1",
        agent_id="agent-1",
        role="writer",
        status=status,
        code="",
        params={},
        result_text=text,
        started_at=NOON - dt.timedelta(seconds=2),
        finished_at=None if status == "running" else NOON,
        figures=Figures(tokens_input=10, tokens_output=5, cost_usd=Decimal("0.0100")),
    )
    return ExecutionSeen(
        id="1",
        title="Sequential",
        prompt="Write",
        status=status,
        code="",
        message="",
        answer=text,
        usage_complete=True,
        figures=step.figures,
        steps=(step,),
    )


def test_lines_are_plain_where_the_output_is_no_terminal() -> None:
    assert isinstance(open_screen(io.StringIO(), now=lambda: NOON), PlainScreen)


def test_a_plain_line_is_printed_once_for_each_change() -> None:
    out = io.StringIO()
    screen = PlainScreen(out, now=lambda: NOON)
    screen.begin()
    for status in ("running", "running", "completed"):
        screen.show_progress([execution(status)])
    assert out.getvalue().splitlines() == [
        "Sequential: writer (agent-1): running",
        "Sequential: running",
        "Sequential: writer (agent-1): completed after 2.0 s, 10 in, 5 out, $0.01",
        "Sequential: completed",
    ]


def test_an_agents_text_cannot_steer_the_terminal_nor_pose_as_markup() -> None:
    out = io.StringIO()
    hostile = "\x1b[2J\x1b]0;title\x07[red]\u202eplain\r\nsecond"
    PlainScreen(out, now=lambda: NOON).show_result(execution("completed", hostile))
    console = Console(file=out, width=80)
    LiveScreen(console, now=lambda: NOON).show_result(execution("completed", hostile))
    shown = out.getvalue()
    assert not set(shown) & {"\x1b", "\x07", "\r", "\u202e"}
    assert shown.count("[2J]0;title[red]plain") == 4


def test_a_live_table_has_a_row_for_each_step_with_its_seconds_so_far() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    screen = LiveScreen(console, now=lambda: NOON)
    screen.begin()
    screen.show_progress([execution()])
    screen.end()
    screen.end()
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    for cell in ("writer", "agent-1", "running", "2.0", "10 / 5", "$0.01"):
        assert cell in shown


def test_a_cost_without_a_price_is_said_and_not_shown_as_nothing() -> None:
    assert describe_cost(Figures(unpriced=2)) == "$0 + 2 unpriced"


def test_a_reason_says_what_was_seen_and_what_was_wanted() -> None:
    params = {
        "field": "agent_x_result.category",
        "operator": "equals",
        "value": "technical",
        "seen": "billing",
    }
    assert describe_reason("condition_false", params) == "category is billing, not technical"
    assert describe_reason("upstream_failed", {"steps": ["a", "b"]}) == "upstream failed: a, b"
    assert describe_reason("condition_false", {"else": True, "matched": ["a"]}) == "a was taken"
    assert describe_reason("condition_false", {"field": "x", "missing": True}) == "condition false"
    assert describe_reason("", {}) == ""
