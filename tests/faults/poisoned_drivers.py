"""renum_drivers with poisons in it, for tests: taking in an answer to a poisoned prompt kills the process.

As a crash in C code or the OOM killer would, at a moment at which nothing can be caught or written any more.
The other poison keeps it busy without end. `POISON_UNTIL` names a file; once it is there, neither has effect.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

POISON = "poisonous"
ENDLESS = "endless"


def _poison() -> None:
    from executions.orchestrator import advance
    from executions.orchestrator.outcomes import Answered

    take_in = advance.take_in

    def deadly(tracked: Any, outcome: Any, *given: Any, **named: Any) -> None:
        is_cured = Path(os.environ["POISON_UNTIL"]).exists()
        prompt = tracked.execution.initial_prompt
        if POISON in prompt and isinstance(outcome, Answered) and not is_cured:
            os.kill(os.getpid(), signal.SIGKILL)
        while ENDLESS in prompt and isinstance(outcome, Answered) and not is_cured:
            pass
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
