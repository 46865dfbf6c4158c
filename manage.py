#!/usr/bin/env python
"""Django's command line for Renum."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import OperationalError

from renum_site.env import EnvError

# The queue's library reads its cluster's name once, while the apps are loaded.
CLUSTER_OF_COMMAND = {"qcluster": "renum", "renum_tasks": "renum", "renum_drivers": "drivers"}


def main() -> None:
    """Run one management command; a wrong setting or a missing service is told in one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renum_site.settings")
    if len(sys.argv) > 1 and sys.argv[1] in CLUSTER_OF_COMMAND:
        os.environ.setdefault("Q_CLUSTER_NAME", CLUSTER_OF_COMMAND[sys.argv[1]])
    try:
        execute_from_command_line(sys.argv)
    except EnvError as error:
        sys.exit(str(error))
    except OperationalError:
        from renum_site.missing_service import describe_missing_database

        missing = describe_missing_database()
        if missing is None or "--traceback" in sys.argv:
            raise
        sys.exit(missing)


if __name__ == "__main__":
    main()
