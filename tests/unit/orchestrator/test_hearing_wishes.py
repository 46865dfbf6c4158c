"""What an execution hears of wishes: the last word of pausing counts, and a cancel is never taken back."""

import datetime as dt
from types import SimpleNamespace

from executions.orchestrator.advance import Advance

EARLIER = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
LATER = EARLIER + dt.timedelta(seconds=1)


def make_advance() -> Advance:
    """Make one that has heard at LATER that it shall go on."""
    state = SimpleNamespace(cancel_requested=False, paused=False)

    def want_paused(*, paused: bool) -> None:
        state.paused = paused

    tracked = SimpleNamespace(
        plan=SimpleNamespace(steps=()),
        connection=None,
        state=state,
        want_paused=want_paused,
        request_cancel=lambda: setattr(state, "cancel_requested", True),
    )
    holder = SimpleNamespace(gate_of=lambda connection: None, budgets=None)
    advance = Advance(holder, tracked, None)  # type: ignore[arg-type]
    advance.hear_wishes(cancel_requested=False, pause_requested=False, at=LATER)
    return advance


def test_older_word_of_a_pause_is_ignored() -> None:
    advance = make_advance()

    advance.hear_wishes(cancel_requested=False, pause_requested=True, at=EARLIER)

    assert not advance.tracked.state.paused


def test_cancel_is_heard_however_old_the_word_is_that_brings_it() -> None:
    advance = make_advance()

    advance.hear_wishes(cancel_requested=True, pause_requested=True, at=EARLIER)

    assert advance.tracked.state.cancel_requested
    assert not advance.tracked.state.paused
