"""A process that has the product loaded and forks a child for each piece of work, which costs milliseconds.

Run as `python -m tests.faults.crash_points.nursery`. It takes one JSON object a line and answers each with
one. It opens no connection itself, so that a child shares none.
"""

import json
import os
import sys
import traceback
import uuid
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402

from billing.pricing import warm_up_prices  # noqa: E402
from executions.actions.start_execution import start_execution  # noqa: E402
from executions.orchestrator import driver, group_commit  # noqa: E402
from executions.suna import transport  # noqa: E402
from executions.tasks import drive, sweep  # noqa: E402
from teams.models import Team, User  # noqa: E402
from tests.faults.crash_points.operations import Moment, Operations, Point  # noqa: E402

PATIENCE_S = 0.05


def main() -> None:
    """Serve until the other end is closed."""
    warm_up_prices()
    transport.tls_context()
    # A database that is away for one operation need not be waited for as one that is restarted.
    for module, name in ((group_commit, "RETRY_S"), (driver, "DATABASE_PATIENCE_S")):
        assert hasattr(module, name)
        setattr(module, name, PATIENCE_S)
    for line in sys.stdin:
        order = json.loads(line)
        answer = _fork(order) if "work" in order else _reap(order["pid"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _reap(pid: int) -> dict[str, Any]:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return {"code": os.waitstatus_to_exitcode(status) if ended else None}


def _fork(order: dict[str, Any]) -> dict[str, Any]:
    pid = os.fork()
    if pid:
        return {"pid": pid}
    code = 1
    try:
        _detach(Path(order["log"]))
        if "host" in order:
            # The slots of dead drivers are looked at per host: on one of its own a child buries nobody.
            settings.RENUM_VAR_DIR = Path(order["host"])
        if "record" in order:
            point = Point(**order["at"]) if order.get("at") else None
            moment = Moment(order["moment"]) if order.get("moment") else None
            Operations(record=Path(order["record"]), at=point, moment=moment).install()
        _work(order)
        code = 0
    except BaseException:  # noqa: BLE001  a child must never go on as a second nursery
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _detach(log: Path) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)


def _work(order: dict[str, Any]) -> None:
    match order["work"]:
        case "drive":
            drive()
        case "sweep":
            sweep()
        case "start":
            start_execution(
                team=Team.objects.get(pk=uuid.UUID(order["team"])),
                by=User.objects.get(pk=order["by"]),
                prompt=order["prompt"],
                idempotency_key=order["key"],
            )


if __name__ == "__main__":
    main()
