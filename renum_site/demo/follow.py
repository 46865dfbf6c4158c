"""Starting the demo's executions through the REST API and watching them to their end."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from renum_site.cli import ApiClient, ApiError
from renum_site.demo.screen import Screen
from renum_site.demo.seen import ExecutionSeen, read_execution, read_runs

LOOK_S = 0.1


class DemoFailedError(Exception):
    """The demo did not end well; the message is one sentence that says which execution stood where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One execution to be made: a team's name and a prompt, under a title."""

    title: str
    team: str
    prompt: str


@dataclass(slots=True)
class Followed:
    """One execution that was started; `last_seq` is the newest of its events that was read."""

    seen: ExecutionSeen
    last_seq: int = 0


class Watch:
    """Follows executions until they are over, a process of ours ends, or the time is up.

    `check_alive` raises with a sentence where a process that the demo needs has ended.
    """

    def __init__(
        self, *, api: ApiClient, screen: Screen, check_alive: Callable[[], None], give_up_at: float
    ) -> None:
        self._api = api
        self._screen = screen
        self._check_alive = check_alive
        self._give_up_at = give_up_at
        self.followed: list[Followed] = []

    def start(self, job: Job, *, team_id: str, key: str) -> Followed:
        """POST the execution; it is accepted and committed when this returns."""
        made = self._api.post(f"teams/{team_id}/executions", {"prompt": job.prompt}, idempotency_key=key)
        followed = Followed(read_execution(self._api.get(f"executions/{made['id']}"), title=job.title))
        self.followed.append(followed)
        return followed

    def follow(self, followed: Sequence[Followed]) -> list[ExecutionSeen]:
        """Show their progress until all are over; return them with their runs."""
        self._screen.begin()
        try:
            while True:
                for one in followed:
                    self._look(one)
                self._screen.show_progress([one.seen for one in followed])
                if all(one.seen.is_over for one in followed):
                    break
                self._check_alive()
                if time.monotonic() > self._give_up_at:
                    raise DemoFailedError(f"The time is up. {self.where()}")
                time.sleep(LOOK_S)
        finally:
            self._screen.end()
        return [self._read_runs(one) for one in followed]

    def where(self) -> str:
        """Return which executions are not over and where they stand."""
        standing = [one.seen.where() for one in self.followed if not one.seen.is_over]
        return "; ".join(standing) or "No execution was under way"

    def cancel_unfinished(self) -> None:
        """Ask for the end of whatever is not over: its Suna may go away with the demo. Raises ApiError."""
        for one in self.followed:
            if not one.seen.is_over:
                try:
                    self._api.post(f"executions/{one.seen.id}/cancel")
                except ApiError as error:
                    # 409: it ended since we looked.
                    if error.status != 409:
                        raise

    def _look(self, one: Followed) -> None:
        """Ask for new events, and for the whole execution where there are any or its usage comes late."""
        events = self._api.get(f"executions/{one.seen.id}/events", after=one.last_seq)
        ends_late = one.seen.status == "completed" and not one.seen.usage_complete
        if events["last_seq"] != one.last_seq or ends_late:
            one.last_seq = events["last_seq"]
            one.seen = read_execution(self._api.get(f"executions/{one.seen.id}"), title=one.seen.title)

    def _read_runs(self, one: Followed) -> ExecutionSeen:
        steps = tuple(
            dataclasses.replace(
                step, runs=read_runs(self._api.get(f"executions/{one.seen.id}/steps/{step.step_id}"))
            )
            for step in one.seen.steps
        )
        one.seen = dataclasses.replace(one.seen, steps=steps)
        return one.seen
