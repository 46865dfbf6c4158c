"""What is done at set times: whether it is scheduled, on time, and does not fail."""

import datetime as dt
from collections.abc import Iterator

from django.utils.translation import gettext as _

from executions.orchestrator.queue import PRUNE_SCHEDULE, SWEEP_SCHEDULE, find_schedules
from renum_site.doctor.database import PATIENCE_MS, be_patient_for
from renum_site.doctor.drivers import START_TASKS
from renum_site.doctor.finding import Finding, State
from teams.models.database_time import database_now

LATE = dt.timedelta(minutes=10)
LATELY = dt.timedelta(days=1)


def look_at_schedules() -> Iterator[Finding]:
    """Look at each schedule that a cluster of short tasks makes when it begins, and at any other."""
    be_patient_for(PATIENCE_MS)
    now = database_now()
    found = {schedule.name: schedule for schedule in find_schedules(failed_since=now - LATELY)}
    start = _("Start the short tasks: `%(command)s`.") % {"command": START_TASKS}
    for name in (SWEEP_SCHEDULE, PRUNE_SCHEDULE):
        if name not in found:
            seen = _("%(name)s is not scheduled: no cluster of short tasks was ever started.")
            yield _say("missing", State.WARNING, seen % {"name": name}, start)
    for name, schedule in found.items():
        late = schedule.next_run is not None and now - schedule.next_run > LATE
        if schedule.failed:
            yield _say(
                "failing",
                State.ERROR,
                _("%(name)s failed %(count)s times within a day.") % {"name": name, "count": schedule.failed},
                _("Its error is in the log of the cluster of short tasks; mend that, it is tried again."),
            )
        elif late and schedule.next_run is not None:
            when = f"{schedule.next_run:%Y-%m-%d %H:%M}"
            seen = _("%(name)s should have run at %(time)s UTC and did not.") % {"name": name, "time": when}
            yield _say("late", State.WARNING, seen, start)
        else:
            yield _say("on_time", State.OK, _("%(name)s is on time.") % {"name": name})


def _say(check: str, state: State, seen: str, fix: str = "") -> Finding:
    return Finding(area="schedules", check=check, state=state, seen=seen, fix=fix)
