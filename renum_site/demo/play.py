"""The demo itself: its teams and executions, what came of them, and whether both sides agree."""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from renum_site.cli import ApiClient, ApiError
from renum_site.demo.accounts import TERMINAL, read_passwords
from renum_site.demo.compare import find_differences, find_wrong_ends
from renum_site.demo.follow import DemoFailedError, Job, Watch
from renum_site.demo.screen import Screen
from renum_site.demo.seen import ExecutionSeen
from renum_site.demo.simulated import read_ledger
from renum_site.demo.stage import Stage
from renum_site.demo.teams import TALKING, TERMINAL_TEAMS
from renum_site.demo.totals import build_totals
from renum_site.processes import ProcessError, StopRequestedError

_SEQUENTIAL, _CONDITIONAL = TERMINAL_TEAMS
JOBS = (
    Job(
        title="Sequential",
        team=_SEQUENTIAL,
        prompt=(
            "Should a bakery with 12 employees move its orders from the telephone to an online shop? "
            "Compare the cost, the risk and the gain, and recommend one way."
        ),
    ),
    Job(
        title="Conditional, a technical question",
        team=_CONDITIONAL,
        prompt="The app crashes with error 500 whenever I upload a file. How do I fix this?",
    ),
    Job(
        title="Conditional, a billing question",
        team=_CONDITIONAL,
        prompt="My invoice of May was charged twice to my card. When do I get the refund?",
    ),
)

ON_THE_SIMULATOR = Job(
    title="Talking",
    team=TALKING,
    prompt="Which pays off sooner for a bakery with 12 employees, an online shop or a second oven?",
)
"""Its agents call this site while they work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbill:
    """How the demo is played. `check_alive` raises ProcessError where one of its processes has ended."""

    stage: Stage
    var: Path
    together: bool
    deadline_s: float
    check_alive: Callable[[], None]


def play(bill: Playbill, *, screen: Screen) -> None:
    """Run the executions, show them, and compare. Raises DemoFailedError with one sentence.

    On an error or a stop, whatever is under way is asked to end, since the simulator ends with the demo.
    """
    with ApiClient(f"{bill.stage.web_url}/api/v1/") as api:
        give_up_at = time.monotonic() + bill.deadline_s
        watch = Watch(api=api, screen=screen, check_alive=bill.check_alive, give_up_at=give_up_at)
        try:
            api.sign_in(
                username=TERMINAL,
                password=read_passwords(bill.var)[TERMINAL],
                name="make demo",
                scope="run",
            )
            jobs = (*JOBS, ON_THE_SIMULATOR) if bill.stage.simulator_url else JOBS
            executions = _run_all(api, watch, jobs, together=bill.together, screen=screen)
            api.sign_out()
        except ProcessError as error:
            _cancel(watch, screen)
            raise DemoFailedError(f"{error} {watch.where()}.") from None
        except ApiError as error:
            raise DemoFailedError(f"{_explain(error, bill)} {watch.where()}.") from None
        except (DemoFailedError, StopRequestedError):
            _cancel(watch, screen)
            raise
    for execution in executions:
        screen.show_result(execution)
    _judge(executions, bill.stage, screen)


def _run_all(
    api: ApiClient, watch: Watch, jobs: Sequence[Job], *, together: bool, screen: Screen
) -> list[ExecutionSeen]:
    teams = {team["name"]: team["id"] for team in api.list_all("teams")}
    _warn(api, teams, screen)
    # A key of this one demo: a start that has to be repeated makes no second execution.
    run = secrets.token_hex(8)
    keys = {job: f"make-demo-{run}-{number}" for number, job in enumerate(jobs)}
    batches = [jobs] if together else [(job,) for job in jobs]
    done: list[ExecutionSeen] = []
    for batch in batches:
        for job in batch:
            screen.say(f"\n{job.title}: {job.prompt}")
        started = [watch.start(job, team_id=teams[job.team], key=keys[job]) for job in batch]
        done.extend(watch.follow(started))
    return done


def _warn(api: ApiClient, teams: dict[str, str], screen: Screen) -> None:
    """Tell beforehand of agents that this Suna does not know: a real one has others than the examples."""
    for name in TERMINAL_TEAMS:
        for warning in api.get(f"teams/{teams[name]}")["warnings"]:
            if warning["code"] == "unknown_agent":
                screen.say(f"{name}: {warning['message']}")


def _judge(executions: Sequence[ExecutionSeen], stage: Stage, screen: Screen) -> None:
    """Print the totals and the verdict. Raises DemoFailedError."""
    screen.show_totals(build_totals(executions))
    if stage.simulator_url is None:
        wrong = [sentence for execution in executions for sentence in find_wrong_ends(execution)]
        agreed = "There is no simulator's ledger to compare with: this Suna is a real one."
    else:
        try:
            wrong = find_differences(executions, read_ledger(stage.simulator_url))
        except ApiError as error:
            raise DemoFailedError(f"The simulator's ledger could not be read: {error}.") from None
        agreed = (
            "The simulator's ledger agrees: one start for each executed step, none for a skipped one, "
            "and the same tokens."
        )
    if wrong:
        raise DemoFailedError(" ".join(wrong))
    screen.say(f"\n{agreed}")


def _explain(error: ApiError, bill: Playbill) -> str:
    """Return what is behind an answer that failed: a process that has ended, or the answer itself."""
    try:
        bill.check_alive()
    except ProcessError as ended:
        return str(ended)
    return f"{error}."


def _cancel(watch: Watch, screen: Screen) -> None:
    try:
        watch.cancel_unfinished()
    except ApiError as error:
        screen.say(f"What was under way could not be cancelled: {error}.")
