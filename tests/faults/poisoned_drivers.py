"""renum_drivers with a poison in it, for tests: taking in an answer to a poisoned prompt kills the process.

As a crash in C code or the OOM killer would, at a moment at which nothing can be caught or written any more.
`POISON_UNTIL` names a file; once it is there, the poison has no effect.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

POISON = "poisonous"


def _poison() -> None:
    from executions.orchestrator import advance
    from executions.orchestrator.outcomes import Answered

    take_in = advance.take_in

    def deadly(tracked: Any, outcome: Any, *given: Any, **named: Any) -> None:
        is_cured = Path(os.environ["POISON_UNTIL"]).exists()
        if POISON in tracked.execution.initial_prompt and isinstance(outcome, Answered) and not is_cured:
            os.kill(os.getpid(), signal.SIGKILL)
        take_in(tracked, outcome, *given, **named)

    advance.take_in = deadly


if __name__ == "__main__":
    # Run as a file: its own folder is first on the path, and the code beside manage.py is what it needs.
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renum_site.settings")
    import django

    django.setup()
    _poison()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", "renum_drivers"])
