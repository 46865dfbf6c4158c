"""What runs under way have told so far, as the page of their execution shows it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from executions.agent_service import LiveSource
from executions.engine.state import EXECUTION_TERMINAL
from executions.live.so_far import Shown, fold, read_so_far
from executions.live.under_way import find_under_way
from executions.models import Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveView:
    """One run. `can_be` is false where this Suna tells nothing of what its agents do."""

    run_id: uuid.UUID
    can_be: bool
    shown: tuple[Shown, ...]


NOTHING_LIVE: Mapping[str, LiveView] = MappingProxyType({})


def find_live(execution: Execution, *, with_output: bool) -> Mapping[str, LiveView]:
    """Return the runs under way by their step, in two queries; with what they told where that is wanted.

    A part of a page that is shown again needs it not: its script has it already.
    """
    if execution.status in EXECUTION_TERMINAL:
        return NOTHING_LIVE
    found = find_under_way([execution.pk]).get(execution.pk)
    if found is None:
        return NOTHING_LIVE
    told = read_so_far(found.runs) if with_output else {}
    return {
        run.step_id: LiveView(
            run_id=run.id,
            can_be=run.source is not LiveSource.NONE,
            shown=fold(told.get(run.id, [])),
        )
        for run in found.runs
    }
