"""`python -m renum_site.embedded start|stop|status [--json]`: the services without Django."""

import argparse
import sys
from pathlib import Path

from renum_site.embedded.command import VERBS, find_external, run_verb
from renum_site.embedded.errors import ServiceError
from renum_site.env import Env, EnvError, read_environment

BASE_DIR = Path(__file__).resolve().parents[2]


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m renum_site.embedded")
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        values = read_environment(BASE_DIR / ".env")
        run_verb(
            arguments.verb,
            var=Env(values).folder("RENUM_VAR_DIR", default=BASE_DIR / "var"),
            external=find_external(values),
            as_json=arguments.json,
            say=lambda line: sys.stdout.write(f"{line}\n"),
        )
    except (ServiceError, EnvError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
