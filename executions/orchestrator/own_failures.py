"""Steps whose starts fail again and again while Suna takes others: the fault is theirs. Pure.

Times are seconds of any clock that only goes forward.
"""

import uuid
from dataclasses import dataclass

from executions.orchestrator.start_line import Key

FAILURES_AT_MOST = 10
"""So many failures in a row, with a start that Suna took since each one before, are a step's own fault ..."""
FAILING_FOR_S = 300.0
"""... if they are spread over so long: a Suna that stumbles for a while is not the step's fault."""


@dataclass(slots=True)
class _Failing:
    since: float
    in_a_row: int = 0
    own: int = 0
    seen_taken: int = 0


class OwnFailures:
    """What each step's failures in a row say of it, for as long as its execution is there."""

    def __init__(self) -> None:
        self._failing: dict[Key, _Failing] = {}
        self._taken = 0

    def count(self, key: Key) -> int:
        """Return how many starts of the step failed in a row."""
        failing = self._failing.get(key)
        return failing.in_a_row if failing is not None else 0

    def note_taken(self, key: Key) -> None:
        """Note that Suna took this start."""
        self._taken += 1
        self._failing.pop(key, None)

    def note_failed(self, key: Key, *, was_sent: bool, now: float) -> None:
        """Note that this start failed for sure. One that was not even sent says nothing of the step."""
        failing = self._failing.setdefault(key, _Failing(since=now))
        failing.in_a_row += 1
        if was_sent and self._taken > failing.seen_taken:
            failing.own += 1
        failing.seen_taken = self._taken

    def is_own_fault(self, key: Key, *, now: float) -> bool:
        """Whether it is the step that cannot be started; when that was said, its failures count anew."""
        failing = self._failing.get(key)
        if failing is None or failing.own < FAILURES_AT_MOST or now - failing.since < FAILING_FOR_S:
            return False
        del self._failing[key]
        return True

    def forget(self, execution_id: uuid.UUID) -> None:
        """Forget the steps of an execution that is over, or another driver's."""
        for key in [key for key in self._failing if key[0] == execution_id]:
            del self._failing[key]
